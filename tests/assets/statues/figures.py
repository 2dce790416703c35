"""Statues, a stream nobody has: each figure is money for statues over its window."""

from __future__ import annotations

import datetime as dt
from functools import partial

import numpy as np
import polars as pl

from pipelines.inference.joint import ROW_SCHEMA, Evidence, Outcome
from pipelines.inference.windows import error_log, month_grid, site_arrays
from pipelines.streams.statues.model import model

FIRST_MONTH = dt.date(2012, 1, 1)


def evidence(observations, priors, *, through):
    months = month_grid(FIRST_MONTH, through)
    rows = observations.with_columns(
        site=pl.when("is_usable").then(pl.lit("amount")),
        group=pl.lit("amount"),
        component=pl.lit("sales"),
        measure="concept",
        role=pl.lit("whole"),
        value_log=pl.col("central").log(),
        error_log=error_log(priors["error.amount"][0]),
    ).with_columns(at=pl.int_range(pl.len()).over("site").cast(pl.Int64))
    rows = rows.select(ROW_SCHEMA.names()).cast(dict(ROW_SCHEMA))
    read = rows.filter(pl.col("site") == "amount").sort("at")
    data = {
        "amount": site_arrays(read, months, is_mean=False),
        "year": np.array([month.year - FIRST_MONTH.year for month in months]),
    }
    finish = partial(_finish, months=months)
    return Evidence("statues", months, model, data, priors, rows, finish)


def _finish(sites, seed, *, months):
    paid, kept = sites["months/paid_usd"], sites["months/kept_usd"]
    year = np.array([month.year for month in months])
    yearly = np.log(paid @ (year[:, None] == np.unique(year)))
    share = np.log(kept[:, :1] / paid[:, :1])
    return Outcome(
        {"paid_usd": paid, "kept_usd": kept},
        components={"sales": yearly, "stone": np.repeat(share, yearly.shape[1], axis=1)},
    )
