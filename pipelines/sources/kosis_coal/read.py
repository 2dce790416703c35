"""Coal output of North Korea: table DT_1ZGA61 of KOSIS, and what the press printed of it.

`GET /openapi/Param/statisticsParameterData.do` with a free key in its query. No answer was seen by
us: the names of its fields are those of its documentation, and an unknown unit stops the reading
rather than being guessed.
"""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import polars as pl

from pipelines.quarantine import SourceDrift, Split, refusals, split
from pipelines.reference_tables import parse_table
from pipelines.schemas.table import Feed, column, given, key
from pipelines.snapshots import SnapshotStore
from pipelines.sources.http import Answer, Fetcher, Limits, RequestRefused, SourceUnavailable
from pipelines.sources.refresh import Refreshed, refresh_file

SOURCE = "kosis_coal"
LICENCE = "Statistics Korea: use with attribution (KOGL type 1)"
BASE_URL = "https://kosis.kr"
TABLE = "DT_1ZGA61"
LIMITS = Limits(
    hosts=frozenset({"kosis.kr"}),
    content_types=("application/json", "text/json", "text/plain", "text/html"),
    max_bytes=16 * 1024 * 1024,
    read_s=60.0,
    min_interval_s=3.0,
)
EMBEDDED = Path(__file__).with_name("sample.csv")
EMBEDDED_AT = dt.datetime(2026, 11, 26)  # noqa: DTZ001 (naive UTC, as tables hold it)
# tonnes in a unit, as the table may write it
_UNITS = {
    "톤": 1.0,
    "천톤": 1e3,
    "천t": 1e3,
    "천m/t": 1e3,
    "1000m/t": 1e3,
    "thousandm/t": 1e3,
    "thousandtons": 1e3,
    "만톤": 1e4,
    "백만톤": 1e6,
}
_PLACES = {"북한": "PRK", "northkorea": "PRK", "남한": "KOR", "southkorea": "KOR"}
_COAL = ("석탄", "coal")


class StagedOutput(Feed, table="staged.kosis_coal", source="KOSIS and the press it speaks to"):
    """Output by year."""

    year: int = key(ge=1945, le=2100)
    place: str = key(isin=("PRK", "KOR"))
    output_t: float = column(gt=0, lt=2e8)
    basis: str = given(isin=("stated", "derived"))
    origin: str = key(str_matches=r"^[a-z][a-z0-9-]*$")
    source_id: str = given()
    url: str = given(str_matches=r"^https?://[^\s\"'<>]+$")
    note: str = column()


CONTRACT = StagedOutput


def fetch_output(
    fetcher: Fetcher,
    key: str,
    *,
    first: int = 1990,
    last: int | None = None,
    etag: str | None = None,
) -> Answer:
    """The whole table.

    Raises:
        SourceUnavailable: no usable answer; KOSIS tells errors in a body of status 200.
    """
    answer = fetcher.get(
        f"{BASE_URL}/openapi/Param/statisticsParameterData.do",
        LIMITS,
        source=SOURCE,
        params={
            "method": "getList",
            "orgId": "101",
            "tblId": TABLE,
            "itmId": "ALL",
            "objL1": "ALL",
            "prdSe": "Y",
            "startPrdDe": str(first),
            "endPrdDe": str(last or dt.datetime.now(dt.UTC).year),
            "format": "json",
            "jsonVD": "Y",
        },
        secret_params={"apiKey": key},
        etag=etag,
    )
    if answer.is_not_modified:
        return answer
    code = _error_in(answer.content)
    if code is not None:
        raise RequestRefused(
            f"{SOURCE}: {answer.url} answered error {code}; check the key (DPRK_KOSIS_KEY) and the "
            "table's codes"
        )
    return answer


def _error_in(content: bytes) -> str | None:
    """KOSIS's error number, where the answer is an error."""
    try:
        head = json.loads(content)
    except (ValueError, RecursionError):
        return None
    code = head.get("err") if isinstance(head, dict) else None
    return str(code)[:8] if code is not None and str(code)[:8].isalnum() else None


def parse(content: bytes, file: str) -> Split:
    """An answer of the table, or a CSV of the documented layout, to `StagedOutput`.

    Returns:
        Split: `line` is the record's number, or the CSV's line. Rows of other goods than coal, and
        of neither Korea, are refused with the reason.

    Raises:
        SourceDrift: neither form, an error told in the body, or an unknown unit.
    """
    if content.lstrip(b"\xef\xbb\xbf \r\n").startswith(b"year,place,"):
        return parse_table(content, CONTRACT, source=SOURCE, file=file)
    try:
        records = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise SourceDrift(
            f"{SOURCE}: {file} is neither whole JSON nor a CSV with header "
            + ",".join(CONTRACT.typed())
        ) from None
    if not isinstance(records, list) or not all(isinstance(one, dict) for one in records):
        told = _error_in(content)
        raise SourceDrift(
            f"{SOURCE}: {file} holds no list of records"
            + (f" but error {told}; check the key and the table's codes" if told else "")
        )
    lacking = [
        name
        for name in ("TBL_ID", "ITM_NM", "UNIT_NM", "PRD_DE", "DT")
        if records and not any(name in one for one in records)
    ]
    if lacking:
        raise SourceDrift(f"{SOURCE}: {file}: no record has {', '.join(lacking)}")
    tables = {str(one.get("TBL_ID")) for one in records}
    if tables - {TABLE}:
        raise SourceDrift(
            f"{SOURCE}: {file} is of table {', '.join(sorted(tables))[:80]}, expected {TABLE}"
        )
    units = {_plain(one.get("UNIT_NM")) for one in records}
    unknown = sorted(units - set(_UNITS))
    if unknown:
        raise SourceDrift(
            f"{SOURCE}: {file} is in unit {', '.join(unknown)[:80]!r}, which is not known; look "
            "the unit up at KOSIS and add it to the reader"
        )
    frame = pl.DataFrame(
        [
            (
                number,
                *(None if cell is None else str(cell) for cell in (one.get("PRD_DE"), *_what(one))),
                None if one.get("DT") is None else str(one["DT"]),
                _UNITS[_plain(one.get("UNIT_NM"))],
            )
            for number, one in enumerate(records, start=1)
        ],
        schema={
            "line": pl.Int64,
            "year": pl.String,
            "place": pl.String,
            "good": pl.String,
            "DT": pl.String,
            "factor": pl.Float64,
        },
        orient="row",
    )
    wanted = (pl.col("place").is_not_null() & (pl.col("good") == "coal")).fill_null(value=False)
    other = refusals(
        frame.filter(~wanted),
        source=SOURCE,
        file=file,
        column="ITM_NM",
        value=pl.col("good"),
        rule="coal_of_either_korea",
        why="the record is not of coal, or of neither Korea; it is not used",
    )
    amount = pl.col("DT").str.replace_all(",", "").cast(pl.Float64, strict=False)
    typed = frame.filter(wanted).select(
        "line",
        year=pl.col("year").str.extract(r"^(\d{4})$", 1).cast(pl.Int64, strict=False),
        place="place",
        output_t=amount * pl.col("factor"),
        basis=pl.lit("stated"),
        origin=pl.lit("statistics-korea"),
        source_id=pl.lit("kosis-dt-1zga61"),
        url=pl.lit(f"{BASE_URL}/statHtml/statHtml.do?orgId=101&tblId={TABLE}"),
        note=pl.lit(None, dtype=pl.String),
    )
    cut = split(typed, CONTRACT, source=SOURCE, file=file)
    return Split(cut.kept, pl.concat([cut.quarantined, other]), frame.height)


def _plain(value: object) -> str:
    return "".join(str(value or "").split()).lower()


def _what(record: dict[str, object]) -> tuple[str | None, str | None]:
    """Which Korea and which good a record is of, from its items' names."""
    names = [_plain(value) for name, value in record.items() if str(name).endswith("_NM")]
    places = {_PLACES[name] for name in names if name in _PLACES}
    title = _plain(record.get("TBL_NM"))
    is_coal = any(word in name for name in (*names, title) for word in _COAL)
    return (places.pop() if len(places) == 1 else None), ("coal" if is_coal else None)


def recognise(head: bytes) -> bool:
    """An answer by the table's name in it, a CSV by its header."""
    start = head.lstrip(b"\xef\xbb\xbf \r\n")
    return start.startswith(b"year,place,output_t,") or (
        start.startswith(b"[") and f'"{TABLE}"'.encode() in head
    )


def embedded() -> tuple[bytes, str, dt.datetime]:
    """What the press printed, typed by us with its sources: bytes, name, when it was read."""
    return EMBEDDED.read_bytes(), "kosis_coal press figures", EMBEDDED_AT


def refresh(store: SnapshotStore, fetcher: Fetcher, key: str) -> Refreshed:
    """Fetch the table; it changes once a year."""

    def fetch(etag: str | None) -> Answer:
        answer = fetch_output(fetcher, key, etag=etag)
        if not answer.is_not_modified:
            try:
                parse(answer.content, TABLE)
            except SourceDrift as error:
                raise SourceUnavailable(str(error)) from None
        return answer

    return refresh_file(store, SOURCE, LICENCE, fetch)


def probe(fetcher: Fetcher, key: str | None) -> Answer:
    """Two years of the table."""
    return fetch_output(fetcher, key or "", first=2022, last=2023)
