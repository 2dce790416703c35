"""Published runs and how numbers moved between them."""

from __future__ import annotations

import datetime as dt
import hashlib
from pathlib import Path

import duckdb
import polars as pl

from pipelines.publish.release import DATABASE_NAME

VINTAGES_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "vintage_id": pl.String,
    "code_version": pl.String,
    "evidence_hash": pl.String,
    "seed": pl.Int64,
    "draws": pl.Int64,
    "published_at": pl.Datetime("us"),
}
REVISIONS_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "vintage_id": pl.String,
    "stream": pl.String,
    "measure": pl.String,
    "period": pl.Int64,
    "before": pl.Float64,
    "after": pl.Float64,
    "cause": pl.String,
}


def read_last(published: Path) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Vintages, revisions and yearly medians of the release that readers see now.

    Returns:
        Three frames, all empty when nothing is published yet.
    """
    file = published / DATABASE_NAME
    medians = pl.DataFrame(
        schema={
            "stream": pl.String,
            "measure": pl.String,
            "year": pl.Int64,
            "q50": pl.Float64,
        }
    )
    if not file.exists():
        return pl.DataFrame(schema=VINTAGES_SCHEMA), pl.DataFrame(schema=REVISIONS_SCHEMA), medians
    with duckdb.connect(str(file), read_only=True) as reader:
        return (
            reader.sql("select * from vintages order by published_at, vintage_id").pl(),
            reader.sql("select * from revisions").pl(),
            reader.sql("select stream, measure, year, q50 from income_annual").pl(),
        )


def next_vintage(
    last: tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame],
    annual: pl.DataFrame,
    *,
    code: str,
    evidence: str,
    seed: int,
    draws: int,
    now: dt.datetime,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Vintages and revisions with this run in them.

    A run with the inputs of an earlier vintage is that vintage: nothing is added and its first
    `published_at` stands.

    Args:
        last: what `read_last` gave.
        annual: this run's yearly medians: stream, measure, year, q50.
        code, evidence, seed, draws: what the run was made from.
        now: UTC instant of this publication.
    """
    vintages, revisions, medians = last
    vintage_id = hashlib.sha256(f"{code} {evidence} {seed} {draws}".encode()).hexdigest()[:12]
    if vintage_id in vintages["vintage_id"]:
        return vintages, revisions
    row = pl.DataFrame(
        [[vintage_id, code, evidence, seed, draws, now]], schema=VINTAGES_SCHEMA, orient="row"
    )
    moved = pl.DataFrame(schema=REVISIONS_SCHEMA)
    if vintages.height:
        before = vintages.row(-1, named=True)
        causes = [
            name
            for name, same in (
                ("code", before["code_version"] == code),
                ("evidence", before["evidence_hash"] == evidence),
                ("seed", before["seed"] == seed and before["draws"] == draws),
            )
            if not same
        ]
        moved = (
            medians.join(
                annual, on=["stream", "measure", "year"], how="full", coalesce=True, suffix="_now"
            )
            .filter(pl.col("q50").ne_missing(pl.col("q50_now")))
            .select(
                vintage_id=pl.lit(vintage_id),
                stream="stream",
                measure="measure",
                period="year",
                before="q50",
                after="q50_now",
                cause=pl.lit(" + ".join(causes)),
            )
        )
    return pl.concat([vintages, row]), pl.concat([revisions, moved])
