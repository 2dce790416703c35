"""The plain estimate of coal, kept as comparator: tonnes x price; only backtests read it.

Tonnes and prices run on `plain_path` from where the record leaves off through what is said of the
whole. Parts, counts of ships, dollar totals, halts and Chinese prices are passed over.
"""

import datetime as dt
from collections.abc import Sequence

import numpy as np
import polars as pl
from scipy.special import expit

from pipelines.inference.joint import Outcome
from pipelines.streams.coal.figures import Priors, evidence
from pipelines.streams.plain_path import plain_path


def estimate(
    observations: pl.DataFrame,
    priors: Priors,
    *,
    through: dt.date,
    halts: pl.DataFrame,
    hidden: Sequence[str] = (),
    draws: int = 1_000,
    seed: int = 0,
) -> Outcome:
    """Draw what `figures.evidence` of the same arguments would, less the ``hidden`` figures.

    Args:
        observations, priors, through, halts: as `figures.evidence`.
        hidden: observation ids passed over.
        draws: worlds.
        seed: same seed, same draws.
    """
    whole = evidence(observations, priors, through=through, halts=halts)
    months = whole.data["line"].shape[0]
    generator = np.random.default_rng(seed)
    pick = generator.uniform(size=draws)
    said = whole.rows.filter(
        pl.col("role") == "whole", ~pl.col("observation_id").is_in(list(hidden))
    )

    def path(site: str, start: float) -> np.ndarray:
        of, rows = whole.data[site], said.filter(pl.col("site") == site).sort("at")
        at = rows["at"].to_numpy()
        # amounts add up over their window, prices are its mean: weights of one month in all
        size = of["window"][at].sum(axis=1)
        points = pl.DataFrame(
            {
                "month": (of["window"][at] @ np.arange(months) / size).astype(int),
                "root_id": rows["root_id"],
                "centre": of["value"][at] - np.log(size),
                "error": of["error"][at],
            }
        )
        record = {"month": [0], "root_id": ["record"], "centre": [start], "error": [0.1]}
        return plain_path(pl.concat([pl.DataFrame(record), points]), months, pick, generator)

    def normal(name: str) -> np.ndarray:
        mean, sd = priors[name]
        return mean + sd * generator.normal(size=draws)

    freight, cost = normal("freight"), expit(normal("cost_logit"))
    tonnes = np.exp(path("tonnes", float(whole.data["log_last_t"])))
    price = np.exp(path("price", float(whole.data["log_last_price"]) - priors["freight"][0]))
    fob = tonnes * price
    sites = {
        "log_freight": freight,
        "cost_share": cost,
        "months/tonnes": tonnes,
        "months/price_usd_per_t": price,
        "months/cif_usd": fob * np.exp(freight)[:, None],
        "months/gross_fob_usd": fob,
        "months/net_usd": fob * (1 - cost)[:, None],
    }
    return whole.finish(sites, seed)
