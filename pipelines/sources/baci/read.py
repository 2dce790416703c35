"""CEPII BACI: the world's trade by exporter, importer and HS6, reconciled, one CSV a year.

Values in the file are thousand US dollars FOB, quantities metric tonnes. The file is some five
million rows: the common case is read and checked in whole columns.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import polars as pl

from pipelines.delimited import read_delimited
from pipelines.quarantine import SourceDrift, Split, check_columns, split
from pipelines.schemas.trade import StagedBaci
from pipelines.snapshots import SnapshotStore
from pipelines.sources import cells
from pipelines.sources.archives import open_zip, read_member
from pipelines.sources.http import Answer, Fetcher, Limits
from pipelines.sources.recognise import first_line
from pipelines.sources.refresh import Refreshed, refresh_file

SOURCE = "baci"
CONTRACT = StagedBaci
# a probe looks at the first bytes only
IS_LARGE = True
# how a file is named that tests and trials make up
PROBED = "BACI_HS92_Y2016_V202401"
LICENCE = "Etalab 2.0; cite CEPII BACI"
BASE_URL = "https://www.cepii.fr/DATA_DOWNLOAD/baci/data"
LIMITS = Limits(
    hosts=frozenset({"www.cepii.fr"}),
    content_types=(
        "text/csv",
        "application/zip",
        "application/x-zip-compressed",
        "application/octet-stream",
    ),
    max_bytes=4 * 1024**3,
    total_s=3_600,
    needs_length=True,
)
PRK = 408
COLUMNS = ("t", "i", "j", "k", "v", "q")
_ARCHIVE = re.compile(r"BACI_HS\d{2}_V\w+\.zip")
_UNPACKED = 32 * 1024**3
_NAME = re.compile(r"BACI_(HS\d{2})_Y(\d{4})_V(\w+)\.csv$")


@dataclass(frozen=True)
class BaciFile:
    """What a BACI file's name says: HS edition, year, release."""

    hs_edition: str
    year: int
    release: str


def edition_of(file: str) -> BaciFile:
    """The edition from a file's name.

    Raises:
        SourceDrift: the name is not BACI's.
    """
    found = _NAME.search(file)
    if found is None:
        raise SourceDrift(
            f"{SOURCE}: {file} is not named like BACI_HS92_Y2016_V202401.csv; keep the name it "
            "was downloaded under: it says which HS edition and release it is"
        )
    return BaciFile(found.group(1), int(found.group(2)), found.group(3))


def fetch_baci(fetcher: Fetcher, file: str, *, etag: str | None = None) -> Answer:
    """One HS edition's zip, all years (a gigabyte or more).

    Args:
        fetcher: the polite client.
        file: its name, such as BACI_HS12_V202601.zip; releases come once a year.
        etag: validator of the snapshot we have.

    Raises:
        SourceUnavailable: the request failed.
        SourceDrift: the name is not BACI's.
    """
    if _ARCHIVE.fullmatch(file) is None:
        raise SourceDrift(
            f"{SOURCE}: {file} is not named like BACI_HS12_V202601.zip; look the release up at "
            "CEPII's page and correct DPRK_BACI_FILE"
        )
    return fetcher.get(f"{BASE_URL}/{file}", LIMITS, source=SOURCE, etag=etag)


def parse_baci(content: bytes, *, file: str, party: int | None = None) -> tuple[Split, int]:
    """A BACI CSV to `StagedBaci`.

    Args:
        content: the CSV's bytes.
        file: its name.
        party: keep only rows with this M49 code on either side (408: North Korea); rows of
            other pairs are out of scope, not refused, and are checked all the same.

    Returns:
        (Split of the rows in scope and of every refused row, rows out of scope).
        `line` is the physical line.

    Raises:
        SourceDrift: the header is another, or the file cannot be read at all.
    """
    edition = edition_of(file)
    table = read_delimited(content, source=SOURCE, file=file)
    check_columns(table.header, list(COLUMNS), source=SOURCE, file=file)
    # missing weights are NA
    rows = table.named().with_columns(q=pl.when(pl.col("q") != "NA").then("q"))
    string = pl.String()
    kilo_usd = cells.number("v", string)
    typed, unreadable = cells.read_cells(
        rows,
        {
            "year": cells.whole("t", string),
            "exporter_code": cells.whole("i", string),
            "importer_code": cells.whole("j", string),
            "hs_code": cells.text("k", string),
            "value_usd": cells.Cell(
                "v",
                kilo_usd.read * 1_000,
                kilo_usd.expected,
                None if kilo_usd.quick is None else kilo_usd.quick * 1_000,
            ),
            "quantity_t": cells.number("q", string),
        },
        source=SOURCE,
        file=file,
    )
    typed = typed.with_columns(hs_edition=pl.lit(edition.hs_edition)).select(
        list(StagedBaci.to_schema().columns)
    )
    checked = split(typed, StagedBaci, source=SOURCE, file=file)
    kept, outside = checked.kept, 0
    if party is not None:
        kept = kept.filter((pl.col("exporter_code") == party) | (pl.col("importer_code") == party))
        outside = checked.kept.height - kept.height
    return (
        cells.joined(
            kept, [table.quarantined, unreadable, checked.quarantined], table.rows_in - outside
        ),
        outside,
    )


def parse(content: bytes, file: str) -> Split:
    """A year's CSV, or the zip of all years read a year at a time: flows with North Korea.

    Args:
        content: bytes of either.
        file: its name.

    Raises:
        SourceDrift: as `parse_baci`; or the zip is damaged or holds no year.
    """
    if not content.startswith(b"PK"):
        return parse_baci(content, file=file, party=PRK)[0]
    archive = open_zip(content, source=SOURCE, file=file, limit=_UNPACKED)
    years = [name for name in archive.namelist() if _NAME.search(name)]
    if not years:
        raise SourceDrift(
            f"{SOURCE}: {file} holds {', '.join(archive.namelist()[:5])}; expected files such as "
            "BACI_HS12_Y2016_V202601.csv"
        )
    kept, refused, rows_in = [], [], 0
    for name in years:
        year, _ = parse_baci(
            read_member(archive, name, source=SOURCE, file=file, limit=LIMITS.max_bytes),
            file=name,
            party=PRK,
        )
        kept.append(year.kept)
        refused.append(year.quarantined)
        rows_in += year.rows_in
    return cells.joined(pl.concat(kept), refused, rows_in)


def recognise(head: bytes) -> bool:
    """By the header: six columns of one letter."""
    return first_line(head).strip().replace('"', "") == ",".join(COLUMNS)


def refresh(store: SnapshotStore, fetcher: Fetcher, key: str | None) -> Refreshed:
    """Fetch the zip that the operator names in DPRK_BACI_FILE, when it has changed."""
    return refresh_file(
        store, SOURCE, LICENCE, lambda etag: fetch_baci(fetcher, key or "", etag=etag)
    )


def probe(fetcher: Fetcher, key: str | None) -> Answer:
    """The first bytes of the operator's zip."""
    return fetch_baci(fetcher, key or "")
