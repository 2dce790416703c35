"""Ports of the coal routes: hand-kept, every coordinate and every coal claim cited."""

from __future__ import annotations

import polars as pl

from pipelines.reference_tables import RowRule


def ports_rules(source_ids: list[str]) -> list[RowRule]:
    """A port's coordinate and its coal cite a document of port_sources.csv."""
    return [
        RowRule(
            "cited_coordinate",
            "coordinate_source_id",
            ~pl.col("coordinate_source_id").is_in(source_ids),
            "name a source of port_sources.csv",
        ),
        RowRule(
            "cited_coal_port",
            "coal_source_id",
            pl.when(pl.col("is_coal_port"))
            .then(~pl.col("coal_source_id").is_in(source_ids).fill_null(False))
            .otherwise(
                pl.col("coal_source_id").is_not_null() & ~pl.col("coal_source_id").is_in(source_ids)
            ),
            "a coal port needs a source of port_sources.csv that says so",
        ),
        RowRule(
            "radii",
            "r_out_km",
            pl.col("r_out_km") < pl.col("r_in_km"),
            "a ship leaves no nearer than it enters: r_out_km is at least r_in_km",
        ),
        RowRule(
            "one_row_a_code",
            "code",
            pl.struct("source", "code").is_duplicated(),
            "a port is known by source and code; keep one row",
        ),
    ]
