"""Russian border and permit statistics, in the one layout in which they are dropped.

The publishers' workbooks change their shape from quarter to quarter, and count entries from the
start of the year; so people type them into one layout, which says for each number whether it covers
its quarter or the year up to it. A quarter is taken out of a running total only where the total up
to the quarter before stands there too; nothing is spread over quarters or carried forward.
"""

from __future__ import annotations

import datetime as dt

import polars as pl

from pipelines.delimited import read_delimited, separator_of
from pipelines.quarantine import Split, check_columns, split
from pipelines.schemas.table import Feed, column, given, key

SOURCE = "russia_permits"
COLUMNS = (
    "measure",
    "year",
    "quarter",
    "covers",
    "country_iso3",
    "purpose",
    "persons",
    "source_id",
    "url",
    "locator",
)
MEASURES = ("entries", "permits_issued", "permits_valid")
PURPOSES = (
    "business",
    "crew",
    "private",
    "study",
    "tourism",
    "transit",
    "work",
    "other",
    "total",
)
_RUSSIAN = {
    "деловая": "business",
    "служебная": "business",
    "обслуживающий персонал": "crew",
    "частная": "private",
    "учеба": "study",
    "учёба": "study",
    "туризм": "tourism",
    "транзит": "transit",
    "работа": "work",
    "иная": "other",
    "всего": "total",
}


class StagedRussia(Feed, table="staged.russia_permits", source="Russian authorities"):
    """Persons by window."""

    measure: str = key(isin=MEASURES)
    window_start_on: dt.date = key()
    window_end_on: dt.date = key()
    covers: str = given(isin=("quarter", "year_to_date"))
    country_iso3: str = key(str_matches=r"^[A-Z]{3}$")
    purpose: str = key(isin=PURPOSES)
    persons: int = given(ge=0, le=10_000_000)
    source_id: str = given(str_matches=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    url: str = column(str_matches=r"^https?://[^\s\"'<>]+$")
    locator: str = given()


CONTRACT = StagedRussia


def parse(content: bytes, file: str) -> Split:
    """The documented CSV to `StagedRussia`; purposes may be in Russian, thousands spaced.

    Raises:
        SourceDrift: the header is not the documented one.
    """
    table = read_delimited(
        content,
        encodings=("utf-8-sig", "cp1251"),
        separator=separator_of(content),
        source=SOURCE,
        file=file,
    )
    check_columns(table.header, list(COLUMNS), source=SOURCE, file=file)
    rows = table.named()
    year = pl.col("year").cast(pl.Int32, strict=False)
    quarter = pl.col("quarter").str.extract(r"^[Qq]?([1-4])$", 1).cast(pl.Int32, strict=False)
    begins = pl.date(year, quarter * 3 - 2, 1)
    # the year to date begins with the year; a stock is of the end of its quarter
    start = (
        pl.when(pl.col("measure") == "permits_valid")
        .then(begins.dt.offset_by("3mo").dt.offset_by("-1d"))
        .when(pl.col("covers") == "year_to_date")
        .then(pl.date(year, 1, 1))
        .otherwise(begins)
    )
    purpose = pl.col("purpose").str.to_lowercase()
    persons = pl.col("persons").str.replace_all(r"[\s\u00a0\u202f]", "")
    typed = rows.select(
        "line",
        "measure",
        window_start_on=start,
        window_end_on=begins.dt.offset_by("3mo").dt.offset_by("-1d"),
        covers="covers",
        country_iso3=pl.col("country_iso3").str.to_uppercase(),
        purpose=purpose.replace(_RUSSIAN),
        persons=pl.when(persons.str.contains(r"^\d{1,9}$")).then(
            persons.cast(pl.Int64, strict=False)
        ),
        source_id="source_id",
        url="url",
        locator="locator",
    )
    cut = split(typed, CONTRACT, source=SOURCE, file=file)
    return Split(cut.kept, pl.concat([cut.quarantined, table.quarantined]), table.rows_in)


def recognise(head: bytes) -> bool:
    """The documented header, with commas or semicolons."""
    line = head.lstrip(b"\xef\xbb\xbf").split(b"\n", 1)[0].replace(b";", b",").strip()
    return line == ",".join(COLUMNS).encode()
