"""Records of JSON and of Parquet files as canonical rows."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow.parquet as pq

from pipelines.shipping.decode.canonical import NUMBERS, TEXTS, filled
from pipelines.shipping.decode.csv_rows import Decode
from pipelines.shipping.decode.lines import Block

_BATCH = 200_000
# a JSON array is read whole
_MOST_ARRAY_BYTES = 512 << 20
POSITION_COLUMNS = ("mmsi", "t", "lon", "lat", "sog_kn", "cog_deg", "draught_m")


def is_array(path: Path) -> bool:
    """Whether a JSON file is one array, and not one object a line."""
    with path.open("rb") as file:
        return file.read(4096).lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"[")


def array_of(path: Path, shown: str) -> list[object]:
    """The elements of a JSON array.

    Raises:
        ValueError: it is too large to be read whole, or no JSON; says where.
    """
    if path.stat().st_size > _MOST_ARRAY_BYTES:
        raise ValueError(f"{shown} is one JSON array of more than 512 MB; write one object a line")
    try:
        found = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{shown} is no whole JSON array: {error}; fetch it again") from error
    if not isinstance(found, list):
        raise ValueError(f"{shown} is JSON, but no list of positions")
    return found


def decode_array(
    records: list[object], *, messages: Decode, decode: Decode
) -> Iterator[pl.DataFrame]:
    """Positions as the elements of a JSON array, whatever their words.

    Args:
        records: as `array_of` gives them.
        messages: sql/shipping/messages.sql; decode: sql/shipping/decoded.sql.
    """
    for start in range(0, len(records), _BATCH):
        batch = records[start : start + _BATCH]
        yield decode(messages(_records(start + 1, [json.dumps(one) for one in batch])))


def decode_json_lines(
    lines: Iterable[Block], *, messages: Decode, decode: Decode
) -> Iterator[pl.DataFrame]:
    """The same, one object a line: a damaged line is refused, the others are read."""
    for block in lines:
        held = np.flatnonzero(~block.is_blank)
        told = [block.what_damages(at) if block.is_damaged[at] else None for at in held.tolist()]
        frame = _records(
            0,
            [
                None if wrong else block.text(at).decode()
                for at, wrong in zip(held.tolist(), told, strict=True)
            ],
        ).with_columns(
            line=pl.Series(held + block.first_line, dtype=pl.Int64),
            refused=pl.Series(["unparsable_row" if one else None for one in told], dtype=pl.String),
            bad_column=pl.Series([one[0] if one else None for one in told], dtype=pl.String),
            bad_value=pl.Series([one[1] if one else None for one in told], dtype=pl.String),
        )
        if frame.height:
            yield decode(messages(frame))


def _records(first: int, texts: list[str | None]) -> pl.DataFrame:
    return pl.DataFrame({"record": texts}, schema={"record": pl.String}).with_columns(
        line=pl.int_range(first, first + len(texts), dtype=pl.Int64),
        **{name: pl.lit(None, pl.String) for name in ("refused", "bad_column", "bad_value")},
    )


def decode_parquet(path: Path, shown: str) -> Iterator[pl.DataFrame]:
    """The project's own columns; each must be there and hold numbers.

    Raises:
        ValueError: names the columns that are missing or hold no numbers.
    """
    kinds = pl.read_parquet_schema(path)
    missing = [name for name in POSITION_COLUMNS if name not in kinds]
    odd = [
        f"{name} ({kinds[name]})"
        for name in POSITION_COLUMNS
        if name in kinds and not kinds[name].is_numeric()
    ]
    if missing or odd:
        raise ValueError(
            f"{shown}: not the project's position columns; missing: {', '.join(missing) or 'none'};"
            f" not numbers: {', '.join(odd) or 'none'}. Expected {', '.join(POSITION_COLUMNS)}."
        )
    names = {"imo_number": "imo_text", "name": "name_original"} | {
        name: name for name in ("call_sign", "ship_type", "length_m", "width_m", "heading_deg")
    }
    taken = [*POSITION_COLUMNS, *(name for name in names if name in kinds)]
    first = 1
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(_BATCH, columns=taken):
            frame = pl.DataFrame(pl.from_arrow(batch)).rename(
                {name: ours for name, ours in names.items() if name in taken}
            )
            yield _own(frame, first)
            first += frame.height


def _own(frame: pl.DataFrame, first: int) -> pl.DataFrame:
    whole = [
        # not a number is no instant and no ship: said as such, not cast to one
        pl.when(pl.col(name).cast(pl.Float64).is_finite())
        .then(pl.col(name).cast(pl.Float64).floor().cast(pl.Int64, strict=False))
        .alias(name)
        if frame.schema[name].is_float()
        else pl.col(name).cast(pl.Int64, strict=False)
        for name in ("mmsi", "t")
    ]
    numbers = [
        pl.when(pl.col(name).cast(pl.Float64, strict=False).is_finite())
        .then(pl.col(name).cast(pl.Float64, strict=False))
        .alias(name)
        for name in NUMBERS
        if name in frame.columns
    ]
    return filled(
        frame.with_columns(
            *whole,
            *numbers,
            *(pl.col(name).cast(pl.String) for name in TEXTS if name in frame.columns),
            mmsi_text=pl.col("mmsi").cast(pl.String),
            time_text=pl.col("t").cast(pl.String),
            line=pl.int_range(first, first + frame.height, dtype=pl.Int64),
            has_position=pl.lit(True),
        )
    )
