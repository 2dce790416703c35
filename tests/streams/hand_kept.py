"""The hand-kept ledgers of figures as tests read them: apart from the pipeline's own reader."""

from __future__ import annotations

import polars as pl

from pipelines.paths import REFERENCE_DIR, STREAMS_DIR

REASONS = REFERENCE_DIR / "held_back_reasons.csv"


def read(name: str, *streams: str) -> pl.DataFrame:
    """A table of some streams, every cell as text, empty cells null, equal rows once."""
    return pl.concat(
        pl.read_csv(STREAMS_DIR / stream / name, infer_schema=False) for stream in streams
    ).unique(maintain_order=True)


def ids(rows: pl.DataFrame) -> list[str]:
    return rows["observation_id"].to_list()


def figures_of(*streams: str) -> pl.DataFrame:
    """Their figures with numbers and dates; of what is held back, the code and what it repeats."""
    return read("figures.csv", *streams).with_columns(
        pl.col("low", "central", "high").cast(pl.Float64),
        pl.col("window_start_on", "window_end_on").str.to_date(),
        # a repeat names its row after the colon
        code=pl.col("held_back").str.split(":").list.first(),
        target=pl.col("held_back").str.extract(r"^repeat_of:(.+)$"),
    )
