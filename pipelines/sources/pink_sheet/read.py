"""World Bank Pink Sheet: monthly coal prices from the CMO historical workbook.

Two layouts are about: some editions have a row of codes between units and data. Nothing is found
by position: the sheet by its name, the data by its first month, the columns by their names.
"""

from __future__ import annotations

import datetime as dt
import io
import re
import warnings
from dataclasses import replace

import httpx
import openpyxl
import openpyxl.xml
import polars as pl

from pipelines.quarantine import SourceDrift, Split, split
from pipelines.schemas.trade import StagedCommodityPrices
from pipelines.snapshots import SnapshotStore
from pipelines.sources import cells
from pipelines.sources.archives import open_zip
from pipelines.sources.http import Answer, Fetcher, Limits, SourceUnavailable
from pipelines.sources.refresh import Refreshed, refresh_file

SOURCE = "pink_sheet"
CONTRACT = StagedCommodityPrices
LICENCE = "CC BY 4.0, World Bank"
# the workbook moves to a new address about once a year; this page links to it
PAGE = "https://www.worldbank.org/en/research/commodity-markets"
URL = (
    "https://thedocs.worldbank.org/en/doc/74e8be41ceb20fa0da750cda2f6b9e4e-0050012026/related/"
    "CMO-Historical-Data-Monthly.xlsx"
)
LIMITS = Limits(
    hosts=frozenset({"thedocs.worldbank.org"}),
    content_types=(
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/octet-stream",
    ),
    max_bytes=16 * 1024 * 1024,
)
PAGE_LIMITS = Limits(
    hosts=frozenset({"www.worldbank.org"}),
    content_types=("text/html",),
    max_bytes=8 * 1024 * 1024,
    attempts=2,
)
# the page may print the link whole or relative to one of the bank's hosts
_LINK = re.compile(
    rb"""href\s*=\s*["']((?:https://thedocs\.worldbank\.org)?/en/doc/[0-9a-f]{8,64}-\d{6,12}/"""
    rb"""related/CMO-Historical-Data-Monthly\.xlsx)["'?]"""
)
SHEET = "Monthly Prices"
SERIES = {
    "coal, australian": "coal_australian_usd_per_t",
    "coal, south african": "coal_south_african_usd_per_t",
}
UNIT = "($/mt)"
_MONTH = re.compile(r"^(\d{4})M(0[1-9]|1[0-2])$")
_MISSING = ("…", "...", "..", "")
_MAX_ROWS, _MAX_COLUMNS = 5_000, 400


def workbook_address(fetcher: Fetcher) -> tuple[str, str]:
    """Where the newest edition is, and what is doubtful about that (empty when nothing).

    The bank's page links to it. Where the page gives no link the address last known is left, which
    may be last year's book: the doubt says so.
    """
    doubt = (
        "the address is the one last known and may be an older book: open "
        f"{PAGE} and drop the workbook it links to"
    )
    try:
        answer = fetcher.get(PAGE, PAGE_LIMITS, source=SOURCE)
    except SourceUnavailable as error:
        return URL, f"{doubt} ({error})"
    found = _LINK.search(answer.content)
    if found is None:
        return URL, f"{doubt} (the page holds no link to it)"
    return str(httpx.URL(URL).join(found.group(1).decode("ascii"))), ""


def fetch_pink_sheet(fetcher: Fetcher, *, etag: str | None = None) -> Answer:
    """The newest workbook; its note says so when that is in doubt.

    Args:
        fetcher: the polite client.
        etag: validator of the snapshot we have.

    Raises:
        SourceUnavailable: the workbook did not come.
    """
    address, doubt = workbook_address(fetcher)
    return replace(fetcher.get(address, LIMITS, source=SOURCE, etag=etag), note=doubt)


def _cells_of(content: bytes, file: str) -> list[tuple[object, ...]]:
    """Stored values of the price sheet; formulas are never computed."""
    if not openpyxl.xml.DEFUSEDXML:
        raise SourceDrift(f"{SOURCE}: defusedxml is missing; install it before reading workbooks")
    open_zip(content, source=SOURCE, file=file, limit=256 * 1024 * 1024)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(
                io.BytesIO(content), read_only=True, data_only=True, keep_links=False
            )
            try:
                names = list(book.sheetnames)
                if SHEET not in names:
                    raise SourceDrift(
                        f"{SOURCE}: {file}: expected a sheet {SHEET!r}; found "
                        f"{', '.join(repr(name[:40]) for name in names)}"
                    )
                return [
                    tuple(row)
                    for row in book[SHEET].iter_rows(
                        max_row=_MAX_ROWS, max_col=_MAX_COLUMNS, values_only=True
                    )
                ]
            finally:
                book.close()
    except SourceDrift:
        raise
    except Exception as error:  # a damaged workbook fails in as many ways as it has parts
        raise SourceDrift(
            f"{SOURCE}: {file} is not a readable workbook ({type(error).__name__}); "
            "download it again"
        ) from None


def _plain(value: object) -> str:
    return "" if value is None else str(value).replace("*", "").strip()


def edition_of(content: bytes, *, file: str) -> dt.date | None:
    """The day the sheet says it was updated on; None when it does not say."""
    return _edition(_cells_of(content, file))


def _edition(rows: list[tuple[object, ...]]) -> dt.date | None:
    for row in rows[:10]:
        for value in row[:3]:
            found = re.match(r"Updated on (\w+ \d{1,2}, \d{4})", _plain(value))
            if found:
                try:
                    return dt.datetime.strptime(found.group(1), "%B %d, %Y").date()  # noqa: DTZ007
                except ValueError:
                    return None
    return None


def parse(content: bytes, file: str) -> Split:
    """The workbook's coal columns to `StagedCommodityPrices`, one row per month.

    Returns:
        Split: `line` is the row in the sheet. A price the sheet leaves out (…) is null.

    Raises:
        SourceDrift: no such sheet, column, unit or month; shows what was expected and found.
    """
    rows = _cells_of(content, file)
    first = next((n for n, row in enumerate(rows) if row and _MONTH.match(_plain(row[0]))), None)
    if first is None:
        raise SourceDrift(
            f"{SOURCE}: {file}: no month such as 1960M01 in the first column of {SHEET!r}; "
            "the layout has changed: compare it with an older edition"
        )
    above = rows[:first]
    columns: dict[str, int] = {}
    names_at = 0
    for place, row in enumerate(above):
        for column, value in enumerate(row):
            series = SERIES.get(_plain(value).lower())
            if series is not None:
                if series in columns:
                    raise SourceDrift(
                        f"{SOURCE}: {file}: {_plain(value)!r} stands twice in the header"
                    )
                columns[series] = column
                names_at = place
    missing = [name for name, series in SERIES.items() if series not in columns]
    if missing:
        found = [_plain(v) for row in above for v in row if _plain(v).lower().startswith("coal")]
        raise SourceDrift(
            f"{SOURCE}: {file}: expected columns {', '.join(SERIES)}; missing "
            f"{', '.join(missing)}; coal columns found: {', '.join(found) or 'none'}"
        )
    for series, column in columns.items():
        below = [_plain(row[column]) for row in above[names_at + 1 :] if column < len(row)]
        units = [text for text in below if text.startswith("(")]
        if units != [UNIT]:
            raise SourceDrift(
                f"{SOURCE}: {file}: unit of {series} is {', '.join(units) or 'not given'}, "
                f"expected {UNIT}; the sheet now counts in another unit"
            )
    body = rows[first:]
    ends = [_plain(row[0]) if row else "" for row in body]
    table = pl.DataFrame(
        {
            "line": pl.int_range(first + 1, first + 1 + len(body), eager=True, dtype=pl.Int64),
            "month": pl.Series(ends, dtype=pl.String),
            **{
                series: pl.Series(
                    [_plain(row[at]) if at < len(row) else "" for row in body], dtype=pl.String
                )
                for series, at in columns.items()
            },
        }
    )
    prices = pl.col(list(SERIES.values()))
    # notes may follow the data; a line with neither month nor price is no row
    table = table.with_columns(
        pl.when(~prices.is_in(list(_MISSING))).then(prices).name.keep()
    ).filter(pl.any_horizontal(prices.is_not_null()) | pl.col("month").str.contains(r"^\d{4}M"))
    month = pl.when(pl.col("month").str.contains(_MONTH.pattern)).then(
        (pl.col("month").str.replace("M", "") + "01").str.to_date("%Y%m%d", strict=False)
    )
    typed, unreadable = cells.read_cells(
        table,
        {
            "month": cells.Cell("month", month, "a month such as 2016M08"),
            **{series: cells.number(series, pl.String()) for series in SERIES.values()},
        },
        source=SOURCE,
        file=file,
    )
    checked = split(typed, StagedCommodityPrices, source=SOURCE, file=file)
    return cells.joined(checked.kept, [unreadable, checked.quarantined], table.height)


def refresh(store: SnapshotStore, fetcher: Fetcher, key: str | None) -> Refreshed:
    """Fetch the workbook when it has changed."""
    return refresh_file(store, SOURCE, LICENCE, lambda etag: fetch_pink_sheet(fetcher, etag=etag))


def probe(fetcher: Fetcher, key: str | None) -> Answer:
    """The workbook itself: it is small."""
    return fetch_pink_sheet(fetcher)


def printed_on(content: bytes) -> dt.date | None:
    """The day the workbook says it was updated."""
    try:
        return edition_of(content, file="workbook")
    except SourceDrift:
        return None
