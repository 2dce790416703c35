"""A made-up stream of one path and two kinds of figures, small enough to sample in a test."""

from __future__ import annotations

import datetime as dt
from functools import partial
from typing import Any

import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
import polars as pl

from pipelines.inference.evidence import figure, part
from pipelines.inference.joint import ROW_SCHEMA, Evidence, Outcome
from pipelines.inference.windows import month_grid, site_arrays

FIRST, LAST = dt.date(2018, 1, 1), dt.date(2021, 12, 1)
OWN, CLASS, ROOT = 0.1, 1.0, 0.2
PRIORS: dict[str, Any] = {
    "root_sd": (ROOT,),
    "level": (10.0, 0.5),
    "walk": (0.3,),
    "class_sd.amount.desk": (CLASS,),
    "class_sd.amount.press": (CLASS,),
}


def model(figures, priors, shared):
    z: Any = numpyro.sample("z", dist.Normal(jnp.zeros(5), 1.0))
    log_rate = (
        priors["level"][0] + priors["level"][1] * z[0] + priors["walk"][0] * jnp.cumsum(z[1:])
    )
    rate = jnp.exp(log_rate)[figures["year"]]
    numpyro.deterministic("months/income_usd", rate)
    numpyro.deterministic("common", shared.roots[f"{shared.stream}.amount"])
    at = figures["amount"]
    said = jnp.log(at["window"] @ rate)
    figure("amount", said, at, shared.leaning("amount"))
    at = figures["floor"]
    part("floor", jnp.log(at["window"] @ rate), at)


def ledger(n_roots: int = 9) -> pl.DataFrame:
    """A desk and eight outlets, each on two of the four years, and a floor that the desk tells."""
    rows = []
    for root in range(n_roots):
        for year in (2018 + root % 4, 2018 + (root + 1) % 4):
            rows.append(
                (f"f-{root}-{year}", f"root-{root}", year, "whole", 12.0 * 22_000 * 1.05**root)
            )
    rows.append(("f-floor", "root-0", 2019, "part", 50_000.0))
    return pl.DataFrame(
        rows, schema=["observation_id", "root_id", "year", "role", "central"], orient="row"
    ).with_columns(
        pl.lit("toy").alias("stream"),
        pl.when(pl.col("root_id") == "root-0")
        .then(pl.lit("desk"))
        .otherwise(pl.lit("press"))
        .alias("class"),
        quantity=pl.lit("income_usd"),
        counterpart_iso3=pl.lit("WLD"),
        window_start_on=pl.date(pl.col("year"), 1, 1),
        window_end_on=pl.date(pl.col("year"), 12, 31),
        low=pl.lit(None, dtype=pl.Float64),
        high=pl.lit(None, dtype=pl.Float64),
    )


def evidence(observations: pl.DataFrame, name: str = "toy") -> Evidence:
    months = month_grid(FIRST, LAST)
    rows = observations.sort("observation_id").with_columns(
        site=pl.when(pl.col("role") == "part").then(pl.lit("floor")).otherwise(pl.lit("amount")),
        group=pl.lit("amount"),
        measure=pl.lit("income_usd"),
        value_log=pl.col("central").log(),
        error_log=pl.lit(OWN),
        reason_not_used=pl.lit(None, dtype=pl.String),
    )
    rows = rows.with_columns(at=pl.int_range(pl.len()).over("site").cast(pl.Int64))
    missing = [
        pl.lit(None, dtype=kind).alias(column)
        for column, kind in ROW_SCHEMA.items()
        if column not in rows.columns
    ]
    rows = rows.with_columns(missing).select(list(ROW_SCHEMA))
    data: dict[str, Any] = {
        site: site_arrays(rows.filter(pl.col("site") == site), months, is_mean=False)
        for site in ("amount", "floor")
    }
    data["year"] = np.array([month.year - FIRST.year for month in months])
    return Evidence(name, months, model, data, PRIORS, rows, partial(_finish))


def _finish(sites, seed):
    return Outcome({"income_usd": sites["months/income_usd"]})
