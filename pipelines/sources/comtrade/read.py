"""UN Comtrade v1: ask within its limits, read its rows, never take an empty answer for zero.

Address and fields: the API at comtradeapi.un.org, `/data/v1/get` with a key (at most twelve
periods a call and 4,096 characters of address) and `/public/v1/preview` without one (one period a
call, 500 rows at most, cut silently).
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import httpx
import polars as pl

from pipelines.delimited import read_delimited, separator_of
from pipelines.quarantine import (
    SourceDrift,
    Split,
    check_columns,
    empty_quarantine,
    refusals,
    split,
)
from pipelines.schemas.trade import FLOW_CODES, HS_EDITIONS, StagedComtrade
from pipelines.snapshots import SnapshotStore
from pipelines.sources import cells
from pipelines.sources.cells import Cell
from pipelines.sources.http import Answer, Fetcher, Limits, SourceUnavailable
from pipelines.sources.recognise import first_line
from pipelines.sources.refresh import Refreshed, ask_each

SOURCE = "comtrade"
_ROWS = Path(__file__).with_name("rows.sql")
CONTRACT = StagedComtrade
LICENCE = "UN Comtrade terms: use with attribution, no bulk redistribution"
BASE_URL = "https://comtradeapi.un.org"
PRK, KOR, CHN = 408, 410, 156
# who else sells anthracite to China: the world, Mongolia, Russia, Viet Nam
LIKE_COAL_SELLERS = (0, 496, 643, 704)
LIKE_COAL_SINCE = 2015
PREVIEW_ROWS = 500
KEYED_ROWS = 100_000
# 77 is kept free by the Harmonized System
CHAPTERS = tuple(f"{number:02d}" for number in range(1, 98) if number != 77)
COAL_CODES = ("2701", "270111", "270112", "270119", "270120")
LIMITS = Limits(
    hosts=frozenset({"comtradeapi.un.org"}),
    content_types=("application/json", "text/json"),
    max_bytes=512 * 1024 * 1024,
    # questions for all reporters are slow to their first byte
    read_s=120.0,
    total_s=600.0,
    # readers without a key wait so long between calls, and so long when told they are too many
    min_interval_s=3.5,
    busy_wait_s=60.0,
    attempts=4,
)
_RECENT_YEARS = 3
_RECENT_DAYS, _OLD_DAYS = 25, 300
KEYED_PERIODS = 12
MAX_ADDRESS = 4_096

# fmt: off
FIELDS = (
    "typeCode", "freqCode", "period", "reporterISO", "reporterDesc", "flowCode", "flowDesc",
    "partnerISO", "partnerDesc", "partner2ISO", "partner2Desc", "classificationCode",
    "classificationSearchCode", "cmdCode", "cmdDesc", "customsCode", "customsDesc", "mosCode",
    "motDesc", "qtyUnitAbbr", "altQtyUnitAbbr", "refPeriodId", "refYear", "refMonth",
    "reporterCode", "partnerCode", "partner2Code", "aggrLevel", "motCode", "qtyUnitCode",
    "altQtyUnitCode", "legacyEstimationFlag", "isOriginalClassification", "isLeaf",
    "isQtyEstimated", "isAltQtyEstimated", "isNetWgtEstimated", "isGrossWgtEstimated", "isReported",
    "isAggregate", "qty", "altQty", "netWgt", "grossWgt", "cifvalue", "fobvalue", "primaryValue",
)
# fmt: on
# bulk files leave out names and ISO codes
_BARE = tuple(
    name
    for name in FIELDS
    if name.endswith(("Desc", "ISO", "Abbr")) or name == "classificationSearchCode"
)
_KILOGRAMS = 8
_A_PERIOD = "a year, or a month as YYYYMM"


class ComtradeTruncated(SourceUnavailable):
    """The answer is as long as the cap and the question cannot be cut smaller: rows are missing."""


@dataclass(frozen=True)
class Query:
    """One question to Comtrade; lists are cut when the answer hits the cap.

    Attributes:
        frequency: A or M.
        periods: YYYY or YYYYMM.
        commodities: HS codes.
        flows: M and/or X: the other flow codes are parts of these or re-trade.
        reporters: M49 codes; empty asks for all.
        partners: M49 codes; 0 is the world.
    """

    frequency: str
    periods: tuple[str, ...]
    commodities: tuple[str, ...] = COAL_CODES
    flows: tuple[str, ...] = ("M", "X")
    reporters: tuple[int, ...] = ()
    partners: tuple[int, ...] = (PRK,)

    def parameters(self, rows: int) -> dict[str, str]:
        """Query parameters: totals over second partner, transport and customs procedure only."""
        asked = {
            "period": ",".join(self.periods),
            "partnerCode": ",".join(str(code) for code in self.partners),
            "partner2Code": "0",
            "motCode": "0",
            "customsCode": "C00",
            "cmdCode": ",".join(self.commodities),
            "flowCode": ",".join(self.flows),
            "breakdownMode": "classic",
            "includeDesc": "true",
            "maxRecords": str(rows),
        }
        if self.reporters:
            asked["reporterCode"] = ",".join(str(code) for code in self.reporters)
        return asked

    def name(self) -> str:
        """A short stable name of the question: the part its snapshot is kept under."""
        reporters = "-".join(str(code) for code in self.reporters) or "all"
        partners = "-".join(str(code) for code in self.partners)
        codes = "-".join(self.commodities)
        if len(self.commodities) > len(COAL_CODES):
            # halves are runs of the same list: ends and length tell them apart
            codes = f"{self.commodities[0]}to{self.commodities[-1]}x{len(self.commodities)}"
        return (
            f"{self.frequency}_{'-'.join(self.periods)}_r{reporters}_p{partners}"
            f"_{'-'.join(self.flows)}_{codes}"
        )

    def per_call(self, *, has_key: bool) -> list[Query]:
        """The same question in calls that the door takes: a list of periods needs a key."""
        size = KEYED_PERIODS if has_key else 1
        return [
            replace(self, periods=self.periods[start : start + size])
            for start in range(0, len(self.periods), size)
        ]

    def halves(self) -> tuple[Query, Query] | None:
        """Two smaller questions that together ask the same; None when it cannot be cut."""
        for field in ("periods", "flows", "commodities", "partners", "reporters"):
            values = getattr(self, field)
            if len(values) > 1:
                middle = len(values) // 2
                return (
                    replace(self, **{field: values[:middle]}),
                    replace(self, **{field: values[middle:]}),
                )
        return None


@dataclass(frozen=True)
class Fetched:
    """One whole answer and the question it answers."""

    query: Query
    answer: Answer


def default_queries(last_year: int, first_year: int = 2009) -> list[Query]:
    """What the estimates need: coal by month and year, and chapter profiles of each reporter.

    The profiles (every chapter, partners North and South Korea) feed the miscoding probability.
    """
    years = tuple(str(year) for year in range(first_year, last_year + 1))
    months = [
        tuple(f"{year}{month:02d}" for month in range(1, 13))
        for year in range(first_year, last_year + 1)
    ]
    return [
        *(Query("M", year) for year in months),
        *(Query("A", years[start : start + 5]) for start in range(0, len(years), 5)),
        *(Query("A", (year,), commodities=CHAPTERS, flows=("M",)) for year in years),
        *(
            Query("A", (year,), CHAPTERS, ("M",), reporters=(CHN,), partners=(PRK, KOR))
            for year in years
        ),
        # the like coal of others: the comparator of price and freight
        *(
            Query("M", year, ("270111",), ("M",), reporters=(CHN,), partners=LIKE_COAL_SELLERS)
            for year in months
            if int(year[0][:4]) >= LIKE_COAL_SINCE
        ),
        # North Korea's own declarations: it files none today; asked so that we notice
        Query("A", years[-5:], CHAPTERS, ("M", "X"), reporters=(PRK,), partners=(0,)),
    ]


def fetch_comtrade(fetcher: Fetcher, query: Query, *, key: str | None) -> list[Fetched]:
    """Ask, and cut the question in two for as long as the answer fills the cap.

    Args:
        fetcher: the polite client.
        query: the question.
        key: subscription key, sent as a header; None uses the public preview.

    Returns:
        Whole answers only; an empty one is kept too: it says that nothing was found, not zero.

    Raises:
        ComtradeTruncated: a question that cannot be cut still fills the cap.
        SourceUnavailable: the request failed.
        SourceDrift: the answer is not Comtrade's envelope, or it reports an error.
    """
    cap = KEYED_ROWS if key else PREVIEW_ROWS
    calls = query.per_call(has_key=bool(key))
    if len(calls) > 1:
        return [one for call in calls for one in fetch_comtrade(fetcher, call, key=key)]
    path = "/data/v1/get" if key else "/public/v1/preview"
    address = f"{BASE_URL}{path}/C/{query.frequency}/HS"
    parameters = query.parameters(cap)
    told = f"its address has more than {MAX_ADDRESS} characters"
    if len(str(httpx.URL(address, params=parameters))) <= MAX_ADDRESS:
        answer = fetcher.get(
            address,
            LIMITS,
            source=SOURCE,
            params=parameters,
            secret_headers={"Ocp-Apim-Subscription-Key": key} if key else None,
        )
        _, _, held, counted = _envelope(answer.content, query.name())
        # of a cut answer some envelopes count what matched, some what they hold
        if held < cap and held == counted:
            return [Fetched(query, answer)]
        told = f"the answer to {query.name()} has {held} rows of {counted}, the cap is {cap}"
    smaller = query.halves()
    if smaller is None:
        advice = "name the reporters" if key else "use a key (DPRK_COMTRADE_KEY), or name reporters"
        raise ComtradeTruncated(
            f"{SOURCE}: {told}: rows are missing and nothing was stored; {advice}"
        )
    return [one for half in smaller for one in fetch_comtrade(fetcher, half, key=key)]


def _envelope(content: bytes, file: str) -> tuple[str, list[str], int, int]:
    """The envelope as JSON text, the rows' fields, the rows it holds and the rows it counts."""
    try:
        whole = content.decode("utf-8-sig")
        # Python's reader settles what JSON is; DuckDB then reads the rows column by column
        head = json.loads(whole)
    except (UnicodeDecodeError, ValueError, RecursionError):
        raise SourceDrift(
            f"{SOURCE}: {file} is not a JSON answer; it may be cut off or an error page: fetch it "
            "again"
        ) from None
    if not isinstance(head, dict) or not isinstance(head.get("data"), list):
        raise SourceDrift(
            f"{SOURCE}: {file}: expected an object with elapsedTime, count, data, error; found "
            f"{_shape(head)}. Fetch it again, or change the contract if the API has changed."
        )
    if head.get("error"):
        raise SourceDrift(
            f"{SOURCE}: {file}: the API reports {str(head['error'])[:200]!r}; correct the query"
        )
    rows = head["data"]
    counted = head.get("count")
    if not isinstance(counted, int) or counted < len(rows):
        raise _not_whole(file, counted, len(rows))
    if set(map(type, rows)) - {dict}:
        raise SourceDrift(f"{SOURCE}: {file}: data holds something that is no row; fetch it again")
    return whole, sorted(set().union(*rows)), len(rows), counted


def _not_whole(file: str, counted: object, held: int) -> SourceDrift:
    return SourceDrift(
        f"{SOURCE}: {file}: the envelope counts {str(counted)[:40]} rows and holds {held}; the "
        "answer is not whole, fetch it again"
    )


def _shape(value: object) -> str:
    if isinstance(value, dict):
        return "an object with " + (", ".join(sorted(str(k)[:30] for k in value)[:12]) or "nothing")
    return type(value).__name__


def parse_comtrade(content: bytes, *, file: str) -> Split:
    """The JSON answer of the API to `StagedComtrade`.

    Returns:
        Split: `line` is the record number within the answer. No rows in: the question found
        nothing, which is not a flow of zero.

    Raises:
        SourceDrift: the envelope, a field or a code list is not the agreed one.
    """
    whole, found, count, counted = _envelope(content, file)
    if counted != count:
        raise _not_whole(file, counted, count)
    if count == 0:
        return _stage(
            pl.DataFrame(schema={"line": pl.Int64, **dict.fromkeys(FIELDS, pl.String)}), file
        )
    check_columns(found, list(FIELDS), source=SOURCE, file=file, optional=_BARE)
    shape = json.dumps(dict.fromkeys(FIELDS, "VARCHAR"))
    with duckdb.connect() as connection:
        try:
            sql = _ROWS.read_text(encoding="utf-8")
            frame = connection.execute(sql, {"text": whole, "shape": shape}).pl()
        except duckdb.Error as error:
            raise SourceDrift(
                f"{SOURCE}: {file} is not a readable JSON answer ({type(error).__name__}); "
                "fetch it again"
            ) from None
    return _stage(frame, file)


def parse_comtrade_bulk(content: bytes, *, file: str) -> Split:
    """A bulk or downloaded file (CSV or Parquet, the API's field names) to `StagedComtrade`.

    Raises:
        SourceDrift: the format, a column or a code list is not the agreed one.
    """
    if content[:4] == b"PAR1":
        try:
            frame = pl.read_parquet(content)
        except (pl.exceptions.PolarsError, OSError) as error:
            raise SourceDrift(
                f"{SOURCE}: {file} is not a readable Parquet file; fetch it again"
            ) from error
    else:
        separator = separator_of(content)
        table = read_delimited(content, separator=separator, source=SOURCE, file=file).as_saved(
            decimal_comma=separator == ";"
        )
        check_columns(table.header, list(FIELDS), source=SOURCE, file=file, optional=_BARE)
        return _stage(table.named(), file, table.quarantined)
    check_columns(frame.columns, list(FIELDS), source=SOURCE, file=file, optional=_BARE)
    numbered = frame.with_row_index("line", offset=1)
    return _stage(numbered.with_columns(pl.col("line").cast(pl.Int64)), file)


# how the columns that both layouts have are read, and what each layout calls them
_READ = {
    "reporter_code": (cells.whole, "reporterCode", "Reporter Code"),
    "reporter_iso3": (cells.text, "reporterISO", "Reporter ISO"),
    "partner_code": (cells.whole, "partnerCode", "Partner Code"),
    "partner_iso3": (cells.text, "partnerISO", "Partner ISO"),
    "hs_edition": (cells.text, "classificationCode", "Classification"),
    "hs_code": (cells.text, "cmdCode", "Commodity Code"),
    "hs_level": (cells.whole, "aggrLevel", "Aggregate Level"),
    "value_usd": (cells.number, "primaryValue", "Trade Value (US$)"),
    "net_kg": (cells.number, "netWgt", "Netweight (kg)"),
    "qty": (cells.number, "qty", "Qty"),
    "unit": (cells.whole, "qtyUnitCode", "Qty Unit Code"),
}


def _common(rows: pl.DataFrame, layout: int, frequency: pl.Expr, period: str) -> dict[str, Cell]:
    """Cells of both layouts, by the names of the API's (0) or the older one (1)."""
    text = pl.col(period).cast(pl.String)
    start = (
        pl.when((frequency == "A") & text.str.contains(r"^(19|20)\d{2}$"))
        .then((text + "0101").str.to_date("%Y%m%d", strict=False))
        .when((frequency == "M") & text.str.contains(r"^(19|20)\d{4}$"))
        .then((text + "01").str.to_date("%Y%m%d", strict=False))
    )
    return {
        "period_start_on": Cell(period, start, _A_PERIOD),
        **{
            name: read(names[layout], rows.schema[names[layout]])
            for name, (read, *names) in _READ.items()
        },
    }


def _stage(rows: pl.DataFrame, file: str, damaged: pl.DataFrame | None = None) -> Split:
    """Raw columns under Comtrade's names, any type, to `StagedComtrade`."""
    damaged = empty_quarantine() if damaged is None else damaged
    absent = [pl.lit(None, pl.String).alias(name) for name in FIELDS if name not in rows.columns]
    rows = rows.with_columns(absent)
    cells.check_codes(rows, "typeCode", ("C",), source=SOURCE, file=file)
    cells.check_codes(rows, "freqCode", ("A", "M"), source=SOURCE, file=file)
    cells.check_codes(rows, "flowCode", FLOW_CODES, source=SOURCE, file=file)
    cells.check_codes(rows, "classificationCode", HS_EDITIONS, source=SOURCE, file=file)
    kind = rows.schema
    typed, unreadable = cells.read_cells(
        rows,
        {
            "frequency": cells.text("freqCode", kind["freqCode"]),
            **_common(rows, 0, pl.col("freqCode"), "period"),
            "flow_code": cells.text("flowCode", kind["flowCode"]),
            "partner2_code": cells.whole("partner2Code", kind["partner2Code"]),
            "customs_code": cells.text("customsCode", kind["customsCode"]),
            "mode_of_transport_code": cells.whole("motCode", kind["motCode"]),
            "mode_of_supply_code": cells.text("mosCode", kind["mosCode"]),
            "cif_value_usd": cells.number("cifvalue", kind["cifvalue"]),
            "fob_value_usd": cells.number("fobvalue", kind["fobvalue"]),
            "is_reported": cells.truth("isReported", kind["isReported"]),
            "is_aggregate": cells.truth("isAggregate", kind["isAggregate"]),
            "is_estimated": cells.truth("isNetWgtEstimated", kind["isNetWgtEstimated"]),
        },
        source=SOURCE,
        file=file,
    )
    return finish(typed, [damaged, unreadable], rows.height + damaged.height, file)


def finish(typed: pl.DataFrame, refused: list[pl.DataFrame], rows_in: int, file: str) -> Split:
    """Quantities, period ends and the contract, for every layout of Comtrade."""
    by_weight = pl.col("net_kg") > 0
    by_unit = (pl.col("unit") == _KILOGRAMS) & (pl.col("qty") > 0)
    staged = typed.with_columns(
        period_end_on=pl.when(pl.col("frequency") == "A")
        .then(pl.col("period_start_on").dt.offset_by("1y"))
        .otherwise(pl.col("period_start_on").dt.offset_by("1mo"))
        .dt.offset_by("-1d"),
        # unit -1, or a weight of 0 beside a value, is a quantity nobody declared
        quantity_t=pl.when(by_weight)
        .then(pl.col("net_kg") / 1_000)
        .when(by_unit)
        .then(pl.col("qty") / 1_000),
        quantity_basis=pl.when(by_weight & pl.col("is_estimated").fill_null(value=False))
        .then(pl.lit("net_weight_estimated"))
        .when(by_weight)
        .then(pl.lit("net_weight"))
        .when(by_unit)
        .then(pl.lit("quantity_kg"))
        .otherwise(pl.lit("missing")),
    )
    level = (
        pl.when(pl.col("hs_code") == "TOTAL")
        .then(pl.lit(0, dtype=pl.UInt32))
        .otherwise(pl.col("hs_code").str.len_chars())
    )
    wrong_level = staged.filter(level != pl.col("hs_level"))
    refused = [
        *refused,
        refusals(
            wrong_level,
            source=SOURCE,
            file=file,
            column="aggrLevel",
            value=pl.col("hs_level"),
            rule="level_of_code",
            why="aggrLevel is not the length of cmdCode; one of the two is wrong",
        ),
    ]
    staged = staged.filter((level == pl.col("hs_level")).fill_null(value=True))
    staged = staged.select(list(StagedComtrade.to_schema().columns))
    staged, copies = cells.without_copies(
        staged, list(StagedComtrade.to_schema().unique or []), source=SOURCE, file=file
    )
    refused.append(copies)
    checked = split(staged, StagedComtrade, source=SOURCE, file=file)
    return cells.joined(checked.kept, [*refused, checked.quarantined], rows_in)


# the older download layout, one name per column of ours
# fmt: off
_OLD_COLUMNS = [
    "Classification", "Year", "Period", "Period Desc.", "Aggregate Level", "Is Leaf Code",
    "Trade Flow Code", "Trade Flow", "Reporter Code", "Reporter", "Reporter ISO", "Partner Code",
    "Partner", "Partner ISO", "Commodity Code", "Commodity", "Qty Unit Code", "Qty Unit", "Qty",
    "Netweight (kg)", "Trade Value (US$)", "Flag",
]
# fmt: on
_OLD_FLOWS = {"Import": "M", "Export": "X", "Re-Export": "RX", "Re-Import": "RM"}


def parse_comtrade_old(content: bytes, *, file: str) -> Split:
    """The download layout before 2022 (CSV with titled columns) to `StagedComtrade`.

    In it a row is always the total over second partner, transport and procedure.

    Raises:
        SourceDrift: the header or a code list is not the agreed one.
    """
    table = read_delimited(content, encodings=("utf-8-sig", "latin-1"), source=SOURCE, file=file)
    check_columns(table.header, _OLD_COLUMNS, source=SOURCE, file=file)
    rows = table.named()
    cells.check_codes(rows, "Trade Flow", tuple(_OLD_FLOWS), source=SOURCE, file=file)
    cells.check_codes(rows, "Classification", HS_EDITIONS, source=SOURCE, file=file)
    length = pl.col("Period").str.len_chars()
    frequency = pl.when(length == 4).then(pl.lit("A")).when(length == 6).then(pl.lit("M"))
    typed, unreadable = cells.read_cells(
        rows,
        {
            "frequency": Cell("Period", frequency, _A_PERIOD),
            **_common(rows, 1, frequency, "Period"),
            "flow_code": Cell(
                "Trade Flow",
                pl.col("Trade Flow").replace_strict(_OLD_FLOWS, default=None),
                "a known flow",
            ),
            "flag": cells.whole("Flag", pl.String()),
        },
        source=SOURCE,
        file=file,
    )
    return finish(
        typed.with_columns(
            partner2_code=pl.lit(0, dtype=pl.Int64),
            customs_code=pl.lit("C00"),
            mode_of_transport_code=pl.lit(0, dtype=pl.Int64),
            mode_of_supply_code=pl.lit("0"),
            cif_value_usd=pl.lit(None, dtype=pl.Float64),
            fob_value_usd=pl.lit(None, dtype=pl.Float64),
            is_reported=pl.lit(None, dtype=pl.Boolean),
            is_aggregate=pl.lit(None, dtype=pl.Boolean),
            # flags 2, 4 and 6 mark an estimated quantity
            is_estimated=pl.col("flag").is_in([2, 4, 6]),
        ),
        [table.quarantined, unreadable],
        table.rows_in,
        file,
    )


def parse(content: bytes, file: str) -> Split:
    """Whatever form of Comtrade file was fetched or dropped, told apart by its first bytes.

    Raises:
        SourceDrift: as the parser of that form.
    """
    start = content[:4096].removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith((b"{", b"[")):
        return parse_comtrade(content, file=file)
    if start.startswith(b"Classification,"):
        return parse_comtrade_old(content, file=file)
    return parse_comtrade_bulk(content, file=file)


def refresh_comtrade(
    store: SnapshotStore, fetcher: Fetcher, queries: Iterable[Query], *, key: str | None
) -> Refreshed:
    """Ask what is not fresh: recent years each month, older ones (revisions) each year.

    Every whole answer is kept, an empty one too.
    """
    now = fetcher.now()
    last = {one.part: one.retrieved for one in store.retrievals(SOURCE)}
    due = [
        call
        for query in queries
        if not _is_fresh(query, last, now)
        for call in query.per_call(has_key=bool(key))
        if not _is_fresh(call, last, now)
    ]

    def fetch(query: Query) -> Iterator[tuple[str, Answer]]:
        for one in fetch_comtrade(fetcher, query, key=key):
            yield one.query.name(), one.answer

    return ask_each(store, SOURCE, LICENCE, due, fetch, each="question", what="questions")


def _is_fresh(query: Query, last: dict[str, dt.datetime], now: dt.datetime) -> bool:
    retrieved = last.get(query.name())
    if retrieved is None:
        halves = query.halves()
        return halves is not None and all(_is_fresh(half, last, now) for half in halves)
    newest_year = max(int(period[:4]) for period in query.periods)
    days = _RECENT_DAYS if newest_year > now.year - _RECENT_YEARS else _OLD_DAYS
    return now - retrieved < dt.timedelta(days=days)


def recognise(head: bytes) -> bool:
    """An answer of the API, or a download in either layout."""
    line = first_line(head)
    return (
        (head.lstrip().startswith(b"{") and b'"data"' in head and b'"count"' in head)
        or "reporterCode" in line
        or line.startswith("Classification,Year,Period")
    )


def refresh(store: SnapshotStore, fetcher: Fetcher, key: str | None) -> Refreshed:
    """Ask every question that is due."""
    return refresh_comtrade(store, fetcher, default_queries(fetcher.now().year), key=key)


def probe(fetcher: Fetcher, key: str | None) -> Answer:
    """One month and one code: small with a key and without."""
    query = Query("M", ("201701",), ("2701",), ("M",))
    return fetch_comtrade(fetcher, query, key=key)[0].answer
