"""Annexes of EU Regulation 2017/1509 (restrictive measures against the DPRK), as one CSV.

The file is the annexes of the consolidated regulation as OpenSanctions keys them in; the text is
reusable with attribution. One person, firm or ship may stand in several annexes: that is several
rows here.
"""

from __future__ import annotations

import datetime as dt

import polars as pl

from pipelines.delimited import BLANK, read_delimited
from pipelines.quarantine import SourceDrift, check_columns
from pipelines.sources.http import Limits
from pipelines.sources.listings import (
    Edition,
    Listing,
    fetch_of,
    further_names,
    imo_valid,
    listing_of,
    nfc,
    refuse,
    typed_cells,
)
from pipelines.sources.recognise import first_line

LICENCE = "eu-reuse-attribution"
SOURCE = "eu_prk"
FILE = "32017R1509.csv"
URL = (
    "https://raw.githubusercontent.com/opensanctions/opensanctions/main/"
    "datasets/eu/journal_sanctions/data/consolidated/32017R1509.csv"
)
LIMITS = Limits(
    hosts=frozenset({"raw.githubusercontent.com"}),
    content_types=("text/plain", "text/csv", "application/octet-stream"),
    max_bytes=32 * 1024 * 1024,
    needs_length=True,
)

# fmt: off
COLUMNS = [
    "celex", "recordId", "programKey", "annex", "measure", "startDate", "reason", "schema", "name",
    "alias", "weakAlias", "previousName", "country", "nationality", "jurisdiction", "birthDate",
    "birthPlace", "position", "passportNumber", "gender", "appearance", "ethnicity", "fatherName",
    "motherName", "incorporationDate", "legalForm", "sector", "registrationNumber", "taxNumber",
    "idNumber", "innCode", "ogrnCode", "kppCode", "okpoCode", "leiCode", "swiftBic", "ticker",
    "imoNumber", "mmsi", "flag", "address", "phone", "email", "website", "notes",
]
# fmt: on
_ALIAS_COLUMNS = {"alias": "aka", "weakAlias": "weak", "previousName": "fka"}


fetch = fetch_of(SOURCE, URL, LIMITS)


def parse(content: bytes, *, retrieved_at: dt.datetime) -> Listing:
    """One edition of the annexes.

    A ship's number the regulation calls missing ("Does not exist") is null here. A firm's
    registration number is taken as its IMO company number when its check digit is one.

    Raises:
        SourceDrift: other columns than agreed, not UTF-8, not CSV.
    """
    table = read_delimited(content, null=BLANK, source=SOURCE, file=FILE)
    check_columns(table.header, COLUMNS, source=SOURCE, file=FILE)
    cells, refused, rows_in = table.named(), table.quarantined, table.rows_in
    if rows_in == 0:
        raise SourceDrift(f"{SOURCE}: {FILE} has a header and no rows; download it again")
    edition = Edition.of(SOURCE, [content], retrieved_at=retrieved_at, file=FILE)
    celex = cells.filter(~pl.col("celex").is_in(["32017R1509"]) | pl.col("celex").is_null())
    if celex.height:
        raise SourceDrift(
            f"{SOURCE}: {FILE}, line {celex['line'][0]}: celex is {celex['celex'][0]!r}, expected "
            "'32017R1509': this is another regulation's table"
        )
    typed, unreadable = _typed(cells)
    names = typed.with_columns(pl.col(list(_ALIAS_COLUMNS)).str.split(";"))
    aliases = further_names(names, _ALIAS_COLUMNS)
    addresses = typed.select(
        "line",
        "list_id",
        nfc("address"),
        city=pl.lit(None, dtype=pl.String),
        country=pl.lit(None, dtype=pl.String),
    ).drop_nulls("address")
    return listing_of(
        edition,
        typed,
        aliases,
        addresses,
        refused=pl.concat([refused, unreadable]),
        rows_refused=rows_in - typed.height,
    )


def _typed(cells: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    number = pl.col("imoNumber").str.extract(r"^\s*(?:IMO\s*)?(\d{7})\s*$")
    company = pl.col("registrationNumber").str.extract(r"^\s*(\d{7})\s*$")
    is_vessel = pl.col("schema") == "Vessel"
    dated = pl.col("startDate").str.strip_chars()
    imo_number = (
        pl.when(is_vessel).then(number).when(imo_valid(company, pl.lit("company"))).then(company)
    )
    printed = cells.with_columns(
        imo_number=imo_number,
        reference=pl.concat_str(
            nfc("annex"),
            pl.coalesce(nfc("recordId"), pl.lit("IMO") + imo_number, nfc("name")),
            separator=":",
        ).str.slice(0, 200),
        name_original="name",
        program="programKey",
        country=pl.coalesce(nfc("country"), nfc("nationality").str.strip_chars_end(".")),
        remarks=pl.concat_str("measure", "reason", "notes", separator="; ", ignore_nulls=True),
        born=pl.col("birthDate").str.split(";").fill_null([]),
        passports=pl.col("passportNumber").str.split(";").fill_null([]),
        listed_on=dated.str.to_date("%-d.%-m.%Y", strict=False),
        swift_bic=nfc("swiftBic"),
        flag=nfc("flag"),
        mmsi=pl.col("mmsi").str.extract(r"^\s*(\d{9})\s*$"),
        is_dprk=pl.lit(True),
        dprk_reason=pl.lit("list"),
    )
    typed = typed_cells(printed, "%-d.%-m.%Y")
    kept, nameless = refuse(
        typed,
        pl.col("name").is_null() | pl.col("list_id").is_null(),
        source=SOURCE,
        file=FILE,
        column="name",
        rule="not_nullable",
        reason="a row without a name or an annex",
    )
    kept, undated = refuse(
        kept,
        dated.is_not_null() & pl.col("listed_on").is_null(),
        source=SOURCE,
        file=FILE,
        column="startDate",
        rule="not_readable",
        reason="startDate is not a date as D.M.YYYY; compare it with the regulation",
    )
    return kept, pl.concat([nameless, undated])


def part_of(head: bytes) -> str | None:
    """The list's one file, or None of a file that is another's."""
    return "" if first_line(head).startswith("celex,recordId,") else None
