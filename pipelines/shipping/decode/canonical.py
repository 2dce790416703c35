"""The columns every decoder ends in, before any rule has been applied."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

# Values stand as the file gave them: sentinels are still sentinels here.
CANONICAL: dict[str, type[pl.DataType]] = {
    "line": pl.Int64,  # physical line, or record number where a file has no lines
    "mmsi": pl.Int64,
    "mmsi_text": pl.String,
    "t": pl.Int64,  # epoch seconds UTC, the fraction cut off
    "time_text": pl.String,
    "is_naive": pl.Boolean,  # no time zone was written
    "lon": pl.Float64,
    "lat": pl.Float64,
    "sog_kn": pl.Float64,
    "cog_deg": pl.Float64,
    "heading_deg": pl.Float64,
    "draught_m": pl.Float64,
    "imo_text": pl.String,
    "name_original": pl.String,
    "call_sign": pl.String,
    "ship_type": pl.String,
    "length_m": pl.Float64,
    "width_m": pl.Float64,
    "has_position": pl.Boolean,  # the record is of a kind that carries a position
    "is_base_station": pl.Boolean,
    "is_coarse": pl.Boolean,
    "refused": pl.String,  # a rule the decoder itself found broken
    "bad_column": pl.String,  # first cell that is no number, or what of the line is damaged
    "bad_value": pl.String,
}

NUMBERS = (
    "lon",
    "lat",
    "sog_kn",
    "cog_deg",
    "heading_deg",
    "draught_m",
    "length_m",
    "width_m",
)
TEXTS = ("imo_text", "name_original", "call_sign", "ship_type")
CELLS = {
    "mmsi": "mmsi_cell",
    "t": "time_cell",
    **{name: f"{name}_cell" for name in NUMBERS},
    **{name: name for name in (*TEXTS, "kind")},
}
"""Canonical column → the column of `shipping.cells` that holds its text."""


def filled(frame: pl.DataFrame) -> pl.DataFrame:
    """Canonical rows of what a decoder found: columns it lacks are empty, marks it lacks false."""
    lacking = {name: kind for name, kind in CANONICAL.items() if name not in frame.columns}
    return frame.with_columns(
        pl.lit(False if kind == pl.Boolean else None, kind).alias(name)
        for name, kind in lacking.items()
    ).select(list(CANONICAL))


def damaged(lines: Sequence[tuple[int, str, str]]) -> pl.DataFrame:
    """Rows of `shipping.cells` for lines that cannot be read: (line, what is damaged, its text)."""
    return pl.DataFrame(
        {
            "line": [line for line, _, _ in lines],
            "bad_column": [what for _, what, _ in lines],
            "bad_value": [text for _, _, text in lines],
        },
        schema={"line": pl.Int64, "bad_column": pl.String, "bad_value": pl.String},
    ).with_columns(
        **{name: pl.lit(None, pl.String) for name in CELLS.values()},
        has_position=pl.lit(True),
        refused=pl.lit("unparsable_row"),
    )
