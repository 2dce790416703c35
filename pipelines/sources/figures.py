"""The published figures an analyst keeps by hand: coal, labor, IT workers."""

from __future__ import annotations

from collections.abc import Collection

import polars as pl

from pipelines.quarantine import Split
from pipelines.schemas.figures import (
    FIGURE_COLUMNS,
    ORIGIN_COLUMNS,
    SOURCE_COLUMNS,
    StagedFigures,
    StagedFigureSources,
    StagedHeldBackReasons,
    StagedOrigins,
    StagedUnits,
)
from pipelines.sources.tables import RowRule, parse_table


def _figure_rules(
    units: Collection[str],
    source_ids: Collection[str],
    origin_ids: Collection[str],
    reasons: Collection[str],
) -> list[RowRule]:
    low, central, high = pl.col("low"), pl.col("central"), pl.col("high")
    kind = pl.col("kind")
    repeated = pl.col("held_back").str.starts_with("repeat_of:")
    return [
        RowRule(
            "unknown_unit",
            "unit",
            ~pl.col("unit").is_in(list(units)),
            "this unit is not in units.csv; use one that is, or add it there with its meaning",
        ),
        RowRule(
            "reversed_range",
            "low",
            (low > high) | (low > central) | (central > high),
            "low, central and high are not in rising order; swap them or correct the digits",
        ),
        RowRule(
            "reversed_window",
            "window_end_on",
            pl.col("window_end_on") < pl.col("window_start_on"),
            "the window ends before it starts; correct one of the two dates",
        ),
        RowRule(
            "no_number",
            "central",
            low.is_null() & central.is_null() & high.is_null(),
            "none of low, central and high is given; a figure needs at least one",
        ),
        RowRule(
            "kind_without_its_number",
            "kind",
            ((kind == "lower_bound") & low.is_null())
            | ((kind == "upper_bound") & high.is_null())
            | ((kind == "interval") & (low.is_null() | high.is_null()))
            | ((kind == "exact") & central.is_null()),
            "lower_bound needs low, upper_bound needs high, interval needs both, "
            "exact needs central",
        ),
        RowRule(
            "share_outside_0_1",
            "unit",
            (pl.col("unit") == "share") & pl.any_horizontal(pl.col("low", "central", "high") > 1),
            "a share runs from 0 to 1; divide a percentage by 100",
        ),
        RowRule(
            "negative",
            "central",
            pl.any_horizontal(pl.col("low", "central", "high") < 0),
            "no quantity here can be negative; check the sign",
        ),
        RowRule(
            "missing_source",
            "source_id",
            ~pl.col("source_id").is_in(list(source_ids)),
            "no such source_id in the table of sources; add the source there first",
        ),
        RowRule(
            "missing_origin",
            "origin_id",
            ~pl.col("origin_id").is_in(list(origin_ids)),
            "no such origin_id in the table of origins; add the origin there first",
        ),
        RowRule(
            "unknown_reason",
            "held_back",
            pl.col("held_back").is_not_null()
            & ~repeated
            & ~pl.col("held_back").is_in(list(reasons)),
            "held_back takes a code of held_back_reasons.csv or repeat_of:<observation_id>",
        ),
    ]


def parse_figures(
    content: bytes,
    *,
    file: str,
    source: str,
    units: Collection[str],
    source_ids: Collection[str],
    origin_ids: Collection[str],
    reasons: Collection[str],
) -> Split:
    """A table of published figures to `StagedFigures`.

    Args:
        content: bytes of the CSV, columns `FIGURE_COLUMNS` in any order.
        file: its name, for messages.
        source: name of the source, for messages and counts.
        units: known units.
        source_ids, origin_ids: ids the rows may cite.
        reasons: codes that `held_back` may hold.

    Raises:
        SourceDrift: the header is not the agreed one, or the file is no UTF-8 CSV.
    """
    return parse_table(
        content,
        StagedFigures,
        FIGURE_COLUMNS,
        source=source,
        file=file,
        rules=_figure_rules(units, source_ids, origin_ids, reasons),
    )


def parse_figure_sources(content: bytes, *, file: str, source: str) -> Split:
    """A table of documents to `StagedFigureSources`; raises SourceDrift as `parse_table`."""
    return parse_table(content, StagedFigureSources, SOURCE_COLUMNS, source=source, file=file)


def parse_origins(content: bytes, *, file: str, source: str) -> Split:
    """A table of originators to `StagedOrigins`; raises SourceDrift as `parse_table`."""
    return parse_table(content, StagedOrigins, ORIGIN_COLUMNS, source=source, file=file)


def parse_held_back_reasons(content: bytes, *, file: str, source: str) -> Split:
    """The table of reasons to `StagedHeldBackReasons`; raises SourceDrift as `parse_table`."""
    return parse_table(
        content, StagedHeldBackReasons, ("code", "meaning"), source=source, file=file
    )


def parse_units(content: bytes, *, file: str, source: str) -> Split:
    """The table of units to `StagedUnits`; raises SourceDrift as `parse_table`."""
    return parse_table(content, StagedUnits, ("unit", "meaning"), source=source, file=file)
