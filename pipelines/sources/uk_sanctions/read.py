"""The UK Sanctions List of the Foreign, Commonwealth and Development Office, as CSV.

The first line prints the day of the report, the second names the columns. One party has a row for
each of its names and addresses, under one Unique ID. The file was not seen by us: columns beyond
those needed may come and go, one that is needed and missing stops the reading.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace

import polars as pl

from pipelines.delimited import BLANK, read_delimited
from pipelines.quarantine import SourceDrift
from pipelines.sources.http import Limits
from pipelines.sources.listings import (
    Edition,
    Listing,
    fetch_of,
    listing_of,
    nfc,
    refuse,
    resolve_links,
    typed_cells,
)

SOURCE = "uk_sanctions"
LICENCE = "Open Government Licence v3.0"
URL = "https://sanctionslist.fcdo.gov.uk/docs/UK-Sanctions-List.csv"
FILE = "UK-Sanctions-List.csv"
LIMITS = Limits(
    hosts=frozenset({"sanctionslist.fcdo.gov.uk"}),
    content_types=("text/csv", "text/plain", "application/octet-stream", "application/csv"),
    max_bytes=256 * 1024 * 1024,
    total_s=600.0,
    read_s=60.0,
    needs_length=True,
)
_REPORT = re.compile(
    rb"^(?:\xef\xbb\xbf)?\"?Report Date:\s*(\d{1,2}-[A-Za-z]{3}-\d{4})[^\r\n]*\r?\n"
)
_NEEDED = ("Unique ID", "Name 6", "Regime Name", "Designation Type", "Date Designated")
_NAMES = ("Name 1", "Name 2", "Name 3", "Name 4", "Name 5", "Name 6")
_ADDRESS = (*(f"Address Line {number}" for number in range(1, 7)), "Address Postal Code")
_KINDS = {
    "individual": "Person",
    "person": "Person",
    "entity": "Organization",
    "organisation": "Organization",
    "ship": "Vessel",
}
_DPRK = r"(?i)democratic people.s republic of korea"
# columns that name another party, and what that says
_LINKS = {
    "Parent company": ("parent_company", False),
    "Current owner/operator (s)": ("owner_or_operator", False),
    "Previous owner/operator (s)": ("owner_or_operator", True),
}
_OPTIONAL = (
    *_NAMES[:5],
    *_ADDRESS,
    *_LINKS,
    "Name type",
    "Alias strength",
    "Name non-latin script",
    "Address Country",
    "Nationality(/ies)",
    "Position",
    "D.O.B",
    "Passport number",
    "IMO number",
    "Current believed flag of ship",
    "Type of ship",
    "UK Statement of Reasons",
    "Other Information",
    "Sanctions Imposed",
)


fetch = fetch_of(SOURCE, URL, LIMITS)


def parse(content: bytes, *, retrieved_at: dt.datetime) -> Listing:
    """One edition of the whole list, every regime; `is_dprk` marks the North Korea regulations.

    Args:
        content: the CSV file.
        retrieved_at: aware (or naive UTC) instant of the retrieval.

    Returns:
        Listing; `line` is the line of a party's primary name. Ships carry their IMO number.

    Raises:
        SourceDrift: no report date, a needed column missing, or an unknown kind of party.
    """
    found = _REPORT.match(content)
    if found is None:
        raise SourceDrift(
            f"{SOURCE}: {FILE}, line 1: expected 'Report Date: 21-Sep-2026', found "
            f"{content[:60]!r}; download the list again"
        )
    try:
        edition_on = dt.datetime.strptime(found[1].decode(), "%d-%b-%Y").replace(tzinfo=dt.UTC)
    except ValueError as error:
        raise SourceDrift(
            f"{SOURCE}: {FILE}, line 1: {found[1].decode()!r} is no day of a calendar; download "
            "the list again"
        ) from error
    table = read_delimited(content[found.end() :], null=BLANK, source=SOURCE, file=FILE)
    header, below = table.header, pl.col("line") + 1
    missing = [name for name in _NEEDED if name not in header]
    if missing:
        raise SourceDrift(
            f"{SOURCE}: {FILE}, line 2 (header): missing {', '.join(missing)}; found "
            f"{', '.join(header)[:300]}. Rename, or change the reader if the list has changed."
        )
    rows = (
        table.named()
        .with_columns(below)
        .with_columns(
            pl.lit(None, dtype=pl.String).alias(name) for name in _OPTIONAL if name not in header
        )
    )
    kinds = set(rows["Designation Type"].drop_nulls().str.strip_chars().str.to_lowercase())
    if kinds - set(_KINDS):
        raise SourceDrift(
            f"{SOURCE}: {FILE}: unknown Designation Type {', '.join(sorted(kinds - set(_KINDS)))};"
            " look it up at the publisher and add it to the reader"
        )
    edition = Edition.of(
        SOURCE, [content], retrieved_at=retrieved_at, file=FILE, edition_on=edition_on.date()
    )
    named = rows.with_columns(
        list_id=nfc("Unique ID"),
        full_name=nfc(
            pl.concat_str([nfc(one) for one in _NAMES], separator=" ", ignore_nulls=True)
        ),
        # what is not called an alias counts as a primary name
        place=pl.when(nfc("Name type").str.to_lowercase().str.contains("alias|variation"))
        .then(1)
        .otherwise(0),
    )
    whole, nameless = refuse(
        named,
        pl.col("list_id").is_null() | pl.col("full_name").is_null(),
        source=SOURCE,
        file=FILE,
        column="Unique ID",
        rule="not_nullable",
        reason="a row without a Unique ID or a name; look it up at the publisher",
    )
    main = (
        whole.sort("place", "line", maintain_order=True)
        .unique("list_id", keep="first", maintain_order=True)
        .sort("line")
    )
    typed, undated = _typed(main)
    mine = whole.join(typed.select("list_id", primary="name"), on="list_id", maintain_order="left")
    listing = listing_of(
        edition,
        typed,
        _aliases(mine),
        _addresses(mine),
        # the line above the header is not seen where rows are cut
        refused=pl.concat([table.quarantined.with_columns(below), nameless, undated]),
        rows_refused=table.quarantined.height + nameless.height + undated.height,
    )
    ids = listing.parties.select("list_id")
    ties = _links(mine.join(ids, on="list_id", how="semi", maintain_order="left"))
    return replace(listing, links=resolve_links(ties, listing.parties, listing.aliases, edition))


def _typed(main: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    dated = nfc("Date Designated")
    kind = nfc("Designation Type").str.to_lowercase().replace_strict(_KINDS, default=None)
    cells = main.select(
        "line",
        "Date Designated",
        reference="Unique ID",
        name_original="full_name",
        program="Regime Name",
        position="Position",
        country="Nationality(/ies)",
        remarks=pl.concat_str(
            "UK Statement of Reasons",
            "Other Information",
            "Sanctions Imposed",
            separator="; ",
            ignore_nulls=True,
        ),
        born=pl.col("D.O.B").str.split(";").fill_null([]),
        passports=pl.col("Passport number").str.split(";").fill_null([]),
        schema=kind,
        listed_on=dated.str.to_date("%d/%m/%Y", strict=False),
        flag=nfc("Current believed flag of ship"),
        vessel_type=nfc("Type of ship"),
        imo_number=pl.when(kind == "Vessel").then(pl.col("IMO number").str.extract(r"(\d{7})")),
    )
    typed = typed_cells(cells, "%d/%m/%Y").with_columns(
        is_dprk=pl.col("program").str.contains(_DPRK).fill_null(value=False)
    )
    return refuse(
        typed,
        dated.is_not_null() & pl.col("listed_on").is_null(),
        source=SOURCE,
        file=FILE,
        column="Date Designated",
        rule="not_readable",
        reason="Date Designated is not a date as DD/MM/YYYY; look it up at the publisher",
    )


def _aliases(mine: pl.DataFrame) -> pl.DataFrame:
    quality = nfc("Alias strength").str.to_lowercase()
    further = mine.filter(pl.col("full_name") != pl.col("primary")).select(
        "line",
        "list_id",
        alias_original="full_name",
        kind=pl.when(quality.str.contains("low")).then(pl.lit("weak")).otherwise(pl.lit("aka")),
        quality=quality,
    )
    script = mine.filter(nfc("Name non-latin script").is_not_null()).select(
        "line",
        "list_id",
        alias_original="Name non-latin script",
        kind=pl.lit("original_script"),
        quality=pl.lit(None, dtype=pl.String),
    )
    return (
        pl.concat([further, script])
        .unique(["list_id", "alias_original"], keep="first", maintain_order=True)
        .sort("line")
    )


def _addresses(mine: pl.DataFrame) -> pl.DataFrame:
    address = pl.concat_str([nfc(one) for one in _ADDRESS], separator=", ", ignore_nulls=True)
    return (
        mine.select(
            "line",
            "list_id",
            address=nfc(address),
            city=pl.lit(None, dtype=pl.String),
            country=nfc("Address Country"),
        )
        .filter(pl.col("address").is_not_null() | pl.col("country").is_not_null())
        .unique(["list_id", "address", "country"], keep="first", maintain_order=True)
    )


def _links(mine: pl.DataFrame) -> pl.DataFrame:
    return pl.concat(
        [
            mine.select(
                "line",
                source_list_id="list_id",
                target_name=pl.col(column).str.split("|"),
                relation=pl.lit(relation),
                is_former=pl.lit(former),
                remark_excerpt=pl.format("{}: {}", pl.lit(column), pl.col(column)),
            )
            .explode("target_name")
            .with_columns(target_name=nfc("target_name"))
            .drop_nulls("target_name")
            for column, (relation, former) in _LINKS.items()
        ]
    ).unique(["source_list_id", "target_name", "relation"], keep="first", maintain_order=True)


def part_of(head: bytes) -> str | None:
    """The list's one file, or None of a file that is another's."""
    return "" if _REPORT.match(head) is not None else None
