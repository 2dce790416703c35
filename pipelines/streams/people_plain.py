"""The plain estimate of workers and their pay, the comparator of the models: persons x pay x share.

Paths are those of `plain_path`. Floors, parts, flows and stated totals are passed over, and nothing
is known of borders.
"""

import datetime as dt
from collections.abc import Callable, Sequence

import numpy as np
import polars as pl
from scipy.special import expit

from pipelines.inference.joint import Outcome
from pipelines.inference.windows import month_grid
from pipelines.streams import people
from pipelines.streams.plain_path import plain_path

SPREAD_OF_SHARE = 0.45  # logits: what is counted as taken
# beyond its figures the plain estimate keeps the level a host is likely to have
NO_FIGURE = (np.log(3_500.0), 0.45)


def estimate(
    placed: Callable[..., pl.DataFrame],
    first: dt.date,
    hosts: Sequence[str],
    observations: pl.DataFrame,
    priors: people.Priors,
    *,
    through: dt.date,
    hidden: Sequence[str] = (),
    draws: int = 1_000,
    seed: int = 0,
    **tables: pl.DataFrame,
) -> Outcome | None:
    """Draw people, pay and shares by host and month, as the stream's own `evidence` would.

    Args:
        placed: makes the stream's rows of observations, months, priors and ``tables``, with
            ``site``, ``host``, ``centre``, ``error``, ``start``, ``end``; rows without a site are
            unread.
        first: first month.
        hosts: labels; ("WLD",) for a stream not split among hosts.
        observations, priors, through, tables: as `evidence`; of priors it reads ``paid_logit`` and
            ``reach_logit`` besides.
        hidden: observation ids passed over.
        draws: worlds.
        seed: same seed, same draws.

    Returns:
        None where no figure left states pay, or none the share not kept: nothing to multiply.
    """
    months = month_grid(first, through)
    frame = placed(observations, months, priors, **tables)
    generator = np.random.default_rng(seed)
    pick = generator.uniform(size=draws)

    def path(rows: pl.DataFrame) -> np.ndarray:
        middle = (pl.col("start") + pl.col("end")) / 2 * people.KNOT_MONTHS
        at = rows.with_columns(month=middle.floor().cast(pl.Int64))
        return plain_path(at, len(months), pick, generator)

    said = frame.filter(pl.col("site").is_not_null(), ~pl.col("observation_id").is_in(list(hidden)))
    two_sided = ~pl.col("kind").is_in(["lower_bound", "upper_bound"])
    # what of pay reaches the DPRK side is another share
    is_taken = (pl.col("site") == "share") & (pl.col("concept") == "state_take_usd")
    shares = said.filter(is_taken, two_sided)
    pay = said.filter(pl.col("quantity") == "gross_wage", pl.col("site") == "per_worker", two_sided)
    if shares.is_empty() or pay.is_empty():
        return None
    by_root = shares.group_by("root_id").agg(pl.col("centre").mean()).sort("root_id")["centre"]
    share = by_root.to_numpy()[(pick * len(by_root)).astype(int)]
    share = expit(share + SPREAD_OF_SHARE * generator.normal(size=draws))[:, None]
    counts = said.filter(pl.col("site") == "headcount")
    persons, wages = [], []
    for host in hosts:
        # ceilings and floors anchor a host of which nothing better is said
        own = counts.filter(pl.col("host") == host)
        own = own if own.filter(two_sided).is_empty() else own.filter(two_sided)
        mean, sd = NO_FIGURE
        level = mean + sd * generator.normal(size=(draws, 1))
        persons.append(path(own) if own.height else np.repeat(level, len(months), axis=1))
        quoted = pay.filter(pl.col("host") == host)
        wages.append(path(quoted if quoted.height else pay))
    n, w = (np.exp(np.stack(some, axis=1)) for some in (persons, wages))

    def logit(name: str) -> np.ndarray:
        mean, sd = priors[name]
        return expit(mean + sd * generator.normal(size=(draws, 1, 1)))

    gross = n * w * logit("paid_logit")
    take = gross * share[:, :, None]
    money = (gross, take, take * logit("reach_logit"))
    world = {"people": n, "wage": w} | dict(zip(people.MEASURES, money, strict=True))
    held = {f"{of} {host}" for of in people.RATES for host in {*hosts, "WLD"}}
    return Outcome(people.measures(world), lambda: people.series(world, hosts, held))
