"""Ports of the coal routes: hand-kept, every coordinate and every coal claim cited."""

from __future__ import annotations

import polars as pl

from pipelines.quarantine import Split
from pipelines.reference_tables import RowRule, parse_table
from pipelines.schemas.ports import Ports, PortSources


def parse_port_sources(content: bytes, *, source: str, file: str) -> Split:
    """The documents that ports.csv cites."""
    return parse_table(content, PortSources, source=source, file=file)


def parse_ports(content: bytes, *, source: str, file: str, source_ids: list[str]) -> Split:
    """The table of ports; a row that cites nothing known is refused."""
    known = list(source_ids)
    rules = [
        RowRule(
            "cited_coordinate",
            "coordinate_source_id",
            ~pl.col("coordinate_source_id").is_in(known),
            "name a source of port_sources.csv",
        ),
        RowRule(
            "cited_coal_port",
            "coal_source_id",
            pl.when(pl.col("is_coal_port"))
            .then(~pl.col("coal_source_id").is_in(known).fill_null(False))
            .otherwise(
                pl.col("coal_source_id").is_not_null() & ~pl.col("coal_source_id").is_in(known)
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
    return parse_table(content, Ports, source=source, file=file, rules=rules)
