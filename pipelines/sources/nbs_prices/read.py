"""Ten-day market prices of production goods in China, from the National Bureau of Statistics.

Release pages hang on a list at stats.gov.cn/sj/zxfb, newest first, back to September 2021; older
ones lie in a moved archive that the list does not show and the government's search finds. A page
that tests for a browser comes now and then in a release's place; it is refused and asked again.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import polars as pl

from pipelines.delimited import decode, read_delimited
from pipelines.quarantine import SourceDrift, Split, check_columns, split
from pipelines.reference_tables import read_table
from pipelines.schemas.table import Feed, HandKept, column, given, key
from pipelines.snapshots import SnapshotStore
from pipelines.sources.http import Answer, Fetcher, Limits, RequestRefused, SourceUnavailable
from pipelines.sources.refresh import Refreshed, keep

SOURCE = "nbs_prices"
LICENCE = "National Bureau of Statistics of China: use with attribution"
BASE_URL = "https://www.stats.gov.cn/sj/zxfb/"
_HOSTS = ("www.stats.gov.cn", "stats.gov.cn")
LIMITS = Limits(
    hosts=frozenset({"www.stats.gov.cn"}),
    content_types=("text/html",),
    max_bytes=8 * 1024 * 1024,
    read_s=60.0,
    min_interval_s=3.0,
)
SEARCH_URL = "https://api.so-gov.cn/query/s"
SEARCH_LIMITS = Limits(
    hosts=frozenset({"api.so-gov.cn"}),
    content_types=("application/json", "text/json", "text/plain"),
    max_bytes=8 * 1024 * 1024,
    min_interval_s=3.0,
)
SEARCHES = f"{SOURCE}_search"
# years that the list does not show whole
ARCHIVED_YEARS = range(2014, 2022)
_SEARCH_PAGE, _MOST_SEARCH_PAGES = 20, 25
# pages of the list looked through: the newest hold what is new, the first look goes on
_NEW_PAGES, _MOST_PAGES = 4, 400
_LIST = "list"
_MOST_RELEASES = 40
COLUMNS = (
    "period_start_on",
    "period_end_on",
    "group",
    "product",
    "unit",
    "price_yuan",
    "change_yuan",
    "change_pct",
)
_SUBJECT = "流通领域重要生产资料市场价格变动情况"
_TITLE = re.compile(r"(\d{4})\s*年\s*(\d{1,2})\s*月\s*(上|中|下)旬\s*" + _SUBJECT)
_RELEASE = re.compile(r"/(\d{6})/(t\d{8}_\d+)\.s?html$")
_HEADINGS = ("产品名称", "本期价格", "涨跌幅")
_GROUP = re.compile(r"^[一二三四五六七八九十]+、\s*(.+)$")
_PARTS = {"上": (1, 10), "中": (11, 20), "下": (21, 31)}
_SERIES = Path(__file__).with_name("series.csv")


class Series(HandKept, source="series.csv"):
    """Products of the bulletin that are coal, by how their names begin."""

    begins: str = key("first characters of the product's name")
    series: str = given()
    note: str = given()


class StagedNbsPrices(
    Feed, table="staged.nbs_prices", source="National Bureau of Statistics of China"
):
    """Prices."""

    period_start_on: dt.date = key()
    period_end_on: dt.date = given()
    group: str = column()
    product: str = key()
    series: str = column("ours, for coal")
    unit: str = given()
    price_yuan: float = given(gt=0, lt=10_000_000)
    change_yuan: float = column()
    change_pct: float = column(ge=-100, le=1_000)


CONTRACT = StagedNbsPrices


class _Page(HTMLParser):
    """Text, links, and tables as rows of cells."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tables: list[list[list[str]]] = []
        self.links: list[tuple[str, str]] = []
        self.text: list[str] = []
        self._open: list[list[list[str]]] = []
        self._cell: list[str] | None = None
        self._href, self._words = "", list[str]()
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        if tag in ("script", "style"):
            self._hidden += 1
        elif tag == "table":
            self._open.append([])
        elif tag == "tr" and self._open:
            self._close_cell()
            self._open[-1].append([])
        elif tag in ("td", "th") and self._open:
            self._close_cell()
            self._cell = []
        elif tag == "a":
            self._href, self._words = said.get("href") or "", []
            # the list cuts long titles in their text and gives them whole beside it
            if said.get("title"):
                self._words.append(str(said["title"]))

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style"):
            self._hidden = max(self._hidden - 1, 0)
        elif tag in ("td", "th", "tr"):
            self._close_cell()
        elif tag == "table" and self._open:
            self._close_cell()
            self.tables.append(self._open.pop())
        elif tag == "a" and self._href:
            self.links.append((self._href, "".join(self._words)))
            self._href = ""

    def handle_data(self, data: str) -> None:
        if self._hidden:
            return
        self.text.append(data)
        self._words.append(data)
        if self._cell is not None:
            self._cell.append(data)

    def _close_cell(self) -> None:
        if self._cell is not None and self._open and self._open[-1]:
            text = re.sub(r"[\s\u00a0\u3000]+", "", "".join(self._cell))
            self._open[-1][-1].append(text)
        self._cell = None


def _decoded(content: bytes, file: str) -> str:
    named = re.search(rb"charset\s*=\s*[\"']?\s*([A-Za-z0-9-]+)", content[:4096])
    known = named[1].decode("ascii").lower() if named else "utf-8"
    first = "gb18030" if known in ("gb2312", "gbk", "gb18030") else "utf-8"
    order = (first, *(one for one in ("utf-8", "gb18030") if one != first))
    return decode(content, order, source=SOURCE, file=file)


def _read_page(content: bytes, file: str) -> _Page:
    page = _Page()
    page.feed(_decoded(content, file))
    page.close()
    return page


def period_of(text: str) -> tuple[dt.date, dt.date] | None:
    """First and last day of the ten days a release's title names; None where it names none."""
    found = _TITLE.search(re.sub(r"[\u00a0\u3000]+", "", text))
    if found is None:
        return None
    year, month = int(found[1]), int(found[2])
    start, end = _PARTS[found[3]]
    if not 1 <= month <= 12:
        return None
    first = dt.date(year, month, start)
    if end == 31:
        return first, (dt.date(year, month, 28) + dt.timedelta(days=4)).replace(
            day=1
        ) - dt.timedelta(days=1)
    return first, dt.date(year, month, end)


def parse(content: bytes, file: str) -> Split:
    """A release page, or a CSV of the documented layout, to `StagedNbsPrices`.

    Returns:
        Split: `line` is the row of the price table, or of the CSV. Group headings are not rows.

    Raises:
        SourceDrift: no title with a period, or no price table with its headings.
    """
    if content[:64].lstrip(b"\xef\xbb\xbf").startswith(b"period_start_on"):
        return _parse_csv(content, file)
    page = _read_page(content, file)
    period = period_of("".join(page.text))
    if period is None:
        raise SourceDrift(
            f"{SOURCE}: {file} has no title like 2026年6月上旬{_SUBJECT}; it is another page, or a "
            "page that tests for a browser: save the release again"
        )
    table = next(
        (
            one
            for one in page.tables
            if all(any(word in cell for row in one for cell in row) for word in _HEADINGS)
        ),
        None,
    )
    if table is None:
        raise SourceDrift(
            f"{SOURCE}: {file} has no table with {', '.join(_HEADINGS)}; compare the page with the "
            "contract, then change the reader"
        )
    rows: list[tuple[int, str | None, str, str, str, str, str]] = []
    group: str | None = None
    for number, row in enumerate(table, start=1):
        filled = [cell for cell in row if cell]
        heading = _GROUP.match(filled[0]) if len(filled) == 1 else None
        if heading:
            group = heading[1]
        elif len(row) == 5 and not any("产品名称" in cell or "涨跌幅" in cell for cell in row):
            rows.append((number, group, *row))  # ty: ignore[invalid-argument-type]
        elif filled and not any(word in "".join(row) for word in (*_HEADINGS, "注", "说明")):
            # neither heading, nor note, nor five cells: a row we cannot read
            rows.append((number, group, filled[0], "", "", "", ""))
    if not rows:
        raise SourceDrift(f"{SOURCE}: {file}: the price table holds no rows of five cells")
    frame = pl.DataFrame(
        rows,
        schema=["line", "group", "product", "unit", "price_yuan", "change_yuan", "change_pct"],
        orient="row",
    ).with_columns(
        pl.col("line").cast(pl.Int64),
        period_start_on=pl.lit(period[0]),
        period_end_on=pl.lit(period[1]),
    )
    return _staged(frame, file)


def _parse_csv(content: bytes, file: str) -> Split:
    table = read_delimited(content, encodings=("utf-8-sig", "gb18030"), source=SOURCE, file=file)
    check_columns(table.header, list(COLUMNS), source=SOURCE, file=file)
    rows = table.named().with_columns(
        pl.col(name).str.to_date("%Y-%m-%d", strict=False)
        for name in ("period_start_on", "period_end_on")
    )
    done = _staged(rows, file)
    return Split(done.kept, pl.concat([done.quarantined, table.quarantined]), table.rows_in)


def _amount(column: str) -> pl.Expr:
    plain = (
        pl.col(column)
        .str.replace_all(r"[,，\s]", "")
        .str.replace_all(r"^[－—–−]", "-")
        .str.replace_all("[％%]$", "")
    )
    value = plain.cast(pl.Float64, strict=False)
    return pl.when(value.is_finite()).then(value)


def _staged(rows: pl.DataFrame, file: str) -> Split:
    known = read_table(_SERIES, Series).select("begins", "series")
    series = pl.coalesce(
        pl.when(pl.col("product").str.starts_with(begins)).then(pl.lit(name))
        for begins, name in known.iter_rows()
    )
    typed = rows.select(
        pl.col("line").cast(pl.Int64),
        "period_start_on",
        "period_end_on",
        "group",
        pl.col("product"),
        series=series,
        unit=pl.col("unit").replace("", None),
        price_yuan=_amount("price_yuan"),
        change_yuan=_amount("change_yuan"),
        change_pct=_amount("change_pct"),
    )
    return split(typed, CONTRACT, source=SOURCE, file=file)


def recognise(head: bytes) -> bool:
    """A release page by its subject, a CSV by its header."""
    if head.lstrip(b"\xef\xbb\xbf").startswith(b"period_start_on,period_end_on,group,product,"):
        return True
    is_page = b"<html" in head[:4096].lower() or b"<!doctype" in head[:4096].lower()
    return is_page and any(_SUBJECT.encode(encoding) in head for encoding in ("utf-8", "gb18030"))


def releases_on(content: bytes, address: str) -> dict[str, str]:
    """Releases a page of the list links to: name (tYYYYMMDD_ID) to address on the same host."""
    found: dict[str, str] = {}
    home = urlsplit(address)
    for href, words in _read_page(content, "list").links:
        if period_of(words) is None:
            continue
        target = urljoin(address, href)
        parts = urlsplit(target)
        named = _RELEASE.search(parts.path)
        if named and (parts.scheme, parts.netloc) == (home.scheme, home.netloc):
            found.setdefault(named[2], target)
    return found


def _page_of_list(fetcher: Fetcher, number: int) -> tuple[Answer, dict[str, str]]:
    """A page of the list, the newest first, and the releases it links to."""
    address = urljoin(BASE_URL, "index.html" if number == 0 else f"index_{number}.html")
    page = fetcher.get(address, LIMITS, source=SOURCE)
    return page, releases_on(page.content, address)


def search_archive(fetcher: Fetcher, year: int) -> tuple[dict[str, str], Answer]:
    """Releases of a year that the government's search finds: name to address, and its last answer.

    Raises:
        SourceUnavailable: no usable answer, or more pages than the search gives.
    """
    found: dict[str, str] = {}
    for number in range(1, _MOST_SEARCH_PAGES + 1):
        answer = fetcher.get(
            SEARCH_URL,
            SEARCH_LIMITS,
            source=SOURCE,
            form={
                "siteCode": "bm36000002",
                "qt": "流通领域重要生产资料",
                "sort": "dateDesc",
                "timeOption": "2",
                "startDateStr": f"{year}-01-01",
                # the last ten days of a year are told in the next one
                "endDateStr": f"{year + 1}-01-20",
                "page": str(number),
                "pageSize": str(_SEARCH_PAGE),
            },
            referer=BASE_URL,
        )
        try:
            page = json.loads(answer.content)
            hits = [one["data"] for one in page["resultDocs"]]
            titles = [(str(one["titleO"]), str(one["url"])) for one in hits]
            total = int(page["totalHits"])
        except (ValueError, KeyError, TypeError, RecursionError):
            raise SourceUnavailable(
                f"{SOURCE}: the search answered otherwise than it did; save older releases by hand "
                "and drop them"
            ) from None
        for title, address in titles:
            plain = re.sub(r"<[^>]+>", "", title)
            target = urlsplit(address)
            named = _RELEASE.search(target.path)
            # the search prints the address as it was: it is asked at the host we know
            if period_of(plain) and named and target.hostname in _HOSTS:
                found.setdefault(named[2], urljoin(BASE_URL, target.path))
        if not hits or number * _SEARCH_PAGE >= total:
            return found, answer
    raise SourceUnavailable(
        f"{SOURCE}: the search finds more for {year} than its {_MOST_SEARCH_PAGES} pages show"
    )


def refresh(
    store: SnapshotStore,
    fetcher: Fetcher,
    key: str | None,
    *,
    most: int = _MOST_RELEASES,
) -> Refreshed:
    """Fetch releases not held yet, newest first, then of archived years, at most `most` a time."""
    held = {one.part.removesuffix(".html") for one in store.retrievals(SOURCE)}
    is_first_look = not held
    stored = looked = 0

    def ended(told: str = "", *, is_complete: bool = False) -> Refreshed:
        return Refreshed(f"{stored} new release(s){told}", is_complete, stored)

    def take(releases: dict[str, str]) -> bool:
        """Fetch what is not held; whether nothing is left for next time."""
        nonlocal stored
        for name, target in releases.items():
            if name in held:
                continue
            if stored >= most:
                return False
            answer = fetcher.get(target, LIMITS, source=SOURCE)
            parse(answer.content, name)
            keep(store, SOURCE, LICENCE, answer, part=f"{name}.html")
            held.add(name)
            stored += 1
        return True

    more = ", more are left for next time"
    done = {one.part for one in store.retrievals(SEARCHES)}
    try:
        # until the list was walked to its end once, it is walked again from where it begins
        for number in range(_NEW_PAGES if _LIST in done else _MOST_PAGES):
            try:
                page, releases = _page_of_list(fetcher, number)
            except RequestRefused:
                if number < 2:
                    raise
                # the list simply ends somewhere
                _note(store, page, _LIST)
                break
            looked += 1
            if not take(releases):
                return ended(more, is_complete=True)
        if is_first_look and stored == 0:
            return Refreshed(f"{looked} pages of the list hold no release of ours", False)
        for year in ARCHIVED_YEARS:
            if str(year) in done:
                continue
            found, answer = search_archive(fetcher, year)
            if not take(found):
                return ended(more, is_complete=True)
            # every release of the year is held: the last answer says how they were found
            _note(store, answer, str(year))
    except (SourceUnavailable, SourceDrift) as error:
        return ended(f"; {error}")
    return ended(is_complete=True)


def _note(store: SnapshotStore, answer: Answer, part: str) -> None:
    """Keep the last answer of a walk that was gone to its end."""
    keep(store, SEARCHES, LICENCE, answer, part=part)


def probe(fetcher: Fetcher, key: str | None) -> Answer:
    """The newest release on the first pages of the list."""
    for number in range(_NEW_PAGES):
        for target in _page_of_list(fetcher, number)[1].values():
            return fetcher.get(target, LIMITS, source=SOURCE)
    raise SourceUnavailable(f"{SOURCE}: the first {_NEW_PAGES} pages of the list hold no release")
