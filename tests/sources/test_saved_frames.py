"""Files as pandas and R save them: the same rows as the publisher's own, line for line."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipelines.sources.china_customs import read as china_customs
from pipelines.sources.comtrade import read as comtrade
from tests.fixtures.samples import COMTRADE_ROW, china_customs_csv

ROWS = [
    {"fobvalue": None, "partnerDesc": "Dem. People's Rep. of Korea"},
    {"reporterCode": 392, "reporterISO": "JPN", "primaryValue": 1234.5, "netWgt": 1.5e9},
]


def plain() -> str:
    return pl.DataFrame(
        [{**COMTRADE_ROW, **row} for row in ROWS], infer_schema_length=None
    ).write_csv()


def cells_of(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


def written(
    rows: list[list[str]], *, separator: str = ",", index: str | None = None, quoted: bool = True,
    none: str = "NA", comma: bool = False, first: int = 1,
) -> str:  # fmt: skip
    """The table as another program saves it: row numbers, quotes, words for no value."""
    out = []
    for number, row in enumerate(rows):
        line = [] if index is None else [f'"{index}"' if number == 0 else f'"{number - 1 + first}"']
        for cell in row:
            text = {"true": "TRUE", "false": "FALSE", "": none if number else ""}.get(cell, cell)
            is_text = not text.replace(".", "").isdigit() and text != none
            if comma and not is_text:
                text = text.replace(".", ",")
            quote = (quoted and is_text) or separator in text
            line.append(f'"{text}"' if quote else text)
        out.append(separator.join(line))
    return "\n".join(out) + "\n"


FORMS: dict[str, dict[str, Any]] = {
    "pandas to_csv": {"index": "", "none": "", "quoted": False, "first": 0},
    "pandas read and saved again": {"index": "Unnamed: 0", "none": "", "quoted": False, "first": 0},
    "pandas with NaN": {"none": "NaN", "quoted": False},
    "R write.csv": {"index": ""},
    "R write.csv, row.names = FALSE": {},
    "R read and saved again": {"index": "X"},
    "readr write_csv": {"quoted": False},
    "R write.csv2": {"separator": ";", "index": "", "comma": True},
    "tabs": {"separator": "\t", "quoted": False},
}


@pytest.mark.parametrize("form", FORMS, ids=list(FORMS))
def test_comtrade_frames_give_the_same_rows(form: str) -> None:
    as_published = comtrade.parse(plain().encode(), file="f.csv")
    assert as_published.kept.height == 2
    saved = comtrade.parse(written(cells_of(plain()), **FORMS[form]).encode(), file="f.csv")
    assert saved.quarantined.rows() == []
    assert saved.kept.drop("line").equals(as_published.kept.drop("line"))


@pytest.mark.parametrize("form", FORMS, ids=list(FORMS))
def test_customs_frames_give_the_same_rows(form: str) -> None:
    own = china_customs_csv().decode("gb18030")
    as_published = china_customs.parse(own.encode(), file="import.csv")
    assert as_published.kept.height > 0
    rows = [[cell.strip() for cell in row] for row in cells_of(own)]
    saved = china_customs.parse(written(rows, **FORMS[form]).encode(), file="import.csv")
    assert saved.kept.drop("line").equals(as_published.kept.drop("line"))


def test_decimal_commas_beside_grouped_thousands_stop_a_customs_file() -> None:
    own = china_customs_csv().decode("gb18030")
    rows = [[cell.strip() for cell in row] for row in cells_of(own)]
    place = rows[0].index("第一数量")
    rows[1][place] = "1234,5"
    with pytest.raises(ValueError, match="line 2: a number has a decimal comma"):
        china_customs.parse(written(rows, separator=";").encode(), file="import.csv")


def test_a_first_column_that_is_no_row_number_stays_and_stops() -> None:
    text = written(cells_of(plain()), index="X").replace('"1",', '"one",', 1)
    with pytest.raises(ValueError, match="not expected: 'X'"):
        comtrade.parse(text.encode(), file="f.csv")


def test_a_damaged_row_of_a_saved_frame_is_not_passed_over() -> None:
    text = written(cells_of(plain()), index="").rsplit(",", 3)[0] + "\n"
    split = comtrade.parse(text.encode(), file="f.csv")
    lines = split.kept["line"].to_list()
    assert split.quarantined.select("line", "rule").rows() == [(lines[-1] + 1, "cells_per_row")]
    assert split.rows_in == len(lines) + 1


@pytest.mark.parametrize("name", ["comtrade_plain.csv", "comtrade_pandas_index.csv"])
def test_the_cases_at_hand_are_read(shared_dir: Path, name: str) -> None:
    content = (shared_dir / "cases" / name).read_bytes()
    split = comtrade.parse(content, file=name)
    assert split.kept.select("value_usd", "quantity_t").rows() == [
        (66_000_000.0, 1_500_000.0),
        (70_000_000.0, 1_600_000.0),
    ]
