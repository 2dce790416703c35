"""The campaign clock: designations as lists and governments date them, tests, income.

The tables are selects of `sql/network/`; here stands what they cannot ask the database for.
"""

from __future__ import annotations

import datetime as dt

import duckdb
import numpy as np
import polars as pl
import scipy

from pipelines.network.on_day import as_of_run, listed_rows
from pipelines.schemas.listings import ListedParties
from pipelines.schemas.types import polars_schema
from pipelines.voices import LIST_VOICES
from pipelines.warehouse import bound, sql_of

# each reads the day's tables of the network, and what `clock_tables` lends
SELECTED = (
    "campaign_monthly",
    "campaign_designations",
    "designation_lag",
    "joint_statements",
)


def dated_entries(parties: pl.DataFrame) -> pl.DataFrame:
    """What the official lists themselves date, every party of the North Korea measures.

    Args:
        parties: rows of the list contracts, all lists together.

    Returns:
        authority, listed_on, n. Grain: authority, listed_on.
    """
    voices = pl.DataFrame(
        [
            {"list_source": name, "authority": voice.authority}
            for name, voice in LIST_VOICES.items()
            if voice.kind == "designated"
        ]
    )
    return (
        parties.filter(pl.col("is_dprk") & pl.col("listed_on").is_not_null())
        .join(voices, on="list_source")
        # two lists of one body hold different parties, but one list may say a thing twice
        .unique(["authority", "listed_on", "name", "schema"])
        .group_by("authority", "listed_on")
        .agg(n=pl.len().cast(pl.Int64))
    )


def lag_summary(lag: pl.DataFrame, *, as_of: dt.date) -> pl.DataFrame:
    """The median lag with its n and a 90% interval that assumes no shape. One row.

    The interval runs between two order statistics of the lags: the binomial chance that the
    median lies outside is at most 10%.
    """
    months = np.sort(lag["lag_months"].drop_nulls().to_numpy())
    n = months.size
    low = high = None
    if n >= 5:
        below = int(scipy.stats.binom.ppf(0.05, n, 0.5))
        low, high = float(months[max(below - 1, 0)]), float(months[min(n - below, n - 1)])
    row = {
        "as_of": as_of,
        "n": n,
        "median_months": float(np.median(months)) if n else None,
        "median_low": low,
        "median_high": high,
        "n_waiting": int(lag["waiting_months"].count()),
        "n_settled": int(lag["settled_by"].count()),
    }
    medians = ("median_months", "median_low", "median_high")
    return pl.DataFrame([row], schema_overrides=dict.fromkeys(medians, pl.Float64))


def clock_tables(connection: duckdb.DuckDBPyConnection) -> dict[str, pl.DataFrame]:
    """Every table of the campaign's clock as of the run's day, by name.

    Args:
        connection: the work database with the network of the day; its tables are only read.
    """
    as_of = as_of_run(connection)
    listed = listed_rows(connection)
    none = pl.DataFrame(schema=polars_schema(ListedParties))
    lent = {
        "dated_entries": dated_entries(none if listed is None else listed[0]),
        "our_designations": connection.execute(sql_of("network.our_designations")).pl(),
        "income": connection.execute(sql_of("network.income_monthly")).pl(),
    }
    for name, frame in lent.items():
        connection.register(name, frame)
    found = {}
    for table in SELECTED:
        sql = sql_of(f"network.{table}")
        found[table] = connection.execute(sql, bound(sql, {"as_of": as_of})).pl()
    for name in lent:
        connection.unregister(name)
    return found | {"designation_lag_summary": lag_summary(found["designation_lag"], as_of=as_of)}
