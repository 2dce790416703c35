"""Lists of the US Office of Foreign Assets Control: SDN and consolidated, as CSV set and as XML.

The CSV set is four files without headers: parties (12 cells), addresses (6), further names (5) and
the overflow of remarks (2). Remarks are cut at 1,000 characters in the middle of a word and go on
in the overflow file: without it links are lost. The list is a work of the US Government and in the
public domain.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from pipelines.delimited import Delimited, first_cells, read_delimited
from pipelines.quarantine import Split, empty_quarantine
from pipelines.schemas.listings import (
    ListedAddresses,
    ListedAliases,
    ListedParties,
)
from pipelines.schemas.table import Table
from pipelines.sources.http import Limits
from pipelines.sources.listings import (
    SWIFT_BIC,
    Edition,
    Listing,
    addresses_of,
    aliases_of,
    birth_dates_of,
    checked,
    country_from_address,
    empty_listing,
    nfc,
    parties_of,
    passports_of,
    refuse,
    resolve_links,
    stop_if_mostly_refused,
    tonnes,
)

LICENCE = "public-domain-us"

# file of the set: name at the publisher
CSV_FILES = {
    "sdn": "SDN.CSV",
    "add": "ADD.CSV",
    "alt": "ALT.CSV",
    "comments": "SDN_COMMENTS.CSV",
}
CONSOLIDATED_FILES = {
    "sdn": "CONS_PRIM.CSV",
    "add": "CONS_ADD.CSV",
    "alt": "CONS_ALT.CSV",
    "comments": "CONS_COMMENTS.CSV",
}
# the advanced form is the one with listing dates and typed relations
XML_FILES = {
    "ofac_sdn": {"advanced": "SDN_ADVANCED.XML", "xml": "SDN.XML"},
    "ofac_consolidated": {"advanced": "CONS_ADVANCED.XML", "xml": "CONSOLIDATED.XML"},
}
_HOST = "sanctionslistservice.ofac.treas.gov"
# the service sends on to a signed address at its object store
_STORE = "wc2h-sls-prod-public-published.s3.us-gov-west-1.amazonaws.com"
BASE_URL = f"https://{_HOST}/api/PublicationPreview/exports/"
LIMITS = Limits(
    hosts=frozenset({_HOST, _STORE}),
    # the store says what it pleases of its files, but an error page is HTML
    content_types=(
        "text/csv",
        "text/plain",
        "text/xml",
        "application/csv",
        "application/xml",
        "application/octet-stream",
        "binary/octet-stream",
        "application/vnd.ms-excel",
    ),
    needs_length=True,
    max_bytes=256 * 1024 * 1024,
    total_s=600.0,
)

PARTY_CELLS = (
    "list_id",
    "name_original",
    "kind",
    "programs",
    "title",
    "call_sign",
    "vessel_type",
    "tonnage",
    "grt",
    "flag",
    "vessel_owner",
    "remarks",
)
ADDRESS_CELLS = ("list_id", "address_id", "address", "city", "country", "remarks")
ALIAS_CELLS = ("list_id", "alias_id", "kind", "alias_original", "remarks")
COMMENT_CELLS = ("list_id", "remarks")

SCHEMA_OF_KIND = {
    "individual": "Person",
    "vessel": "Vessel",
    "aircraft": "Airplane",
    "entity": "Organization",
}
_ALIAS_KINDS = ("aka", "fka", "nka")
DPRK_REMARK = "North Korea Sanctions Regulations"
_NULL = r"^\s*(?:-0-)?\s*$"


def parse_csv_set(
    sdn: bytes,
    *,
    add: bytes | None = None,
    alt: bytes | None = None,
    comments: bytes | None = None,
    retrieved_at: dt.datetime,
    list_source: str = "ofac_sdn",
) -> Listing:
    """One edition of an OFAC list from its four CSV files.

    Args:
        sdn: parties. add, alt, comments: addresses, further names, overflow of remarks; a missing
            one leaves its table empty.
        retrieved_at: aware (or naive UTC) instant of the retrieval.
        list_source: ofac_sdn or ofac_consolidated.

    Returns:
        Listing with every party of every program; `splits` has one entry per file given, each with
        rows in = kept + refused.

    Raises:
        SourceDrift: a file is not of the agreed form; names file, line, expected and found.
    """
    files = CSV_FILES if list_source == "ofac_sdn" else CONSOLIDATED_FILES
    name_of = {part: name.lower() for part, name in files.items()}
    edition = Edition.of(
        list_source, [sdn, add, alt, comments], retrieved_at=retrieved_at, file=name_of["sdn"]
    )
    main = _cut(sdn, PARTY_CELLS, source=list_source, file=name_of["sdn"])
    rows = main.named()
    ids = rows["list_id"].unique()
    given = {"comments": comments, "alt": alt, "add": add}
    splits: dict[str, Split] = {}

    def told(part: str) -> dict[str, str]:
        return {"source": f"{list_source}_{part}", "file": name_of[part]}

    def of_parties(part: str, cells: Sequence[str]) -> Split:
        """Rows of a further file whose party is on the list."""
        content = given[part]
        if content is None:
            nothing = pl.DataFrame(schema={"line": pl.Int64, **dict.fromkeys(cells, pl.String)})
            return Split(nothing, empty_quarantine(), 0)
        cut = _cut(content, cells, **told(part))
        known, orphans = refuse(
            cut.named(),
            ~pl.col("list_id").is_in(ids.implode()),
            column="list_id",
            rule="no_such_party",
            reason="no party of this number in the list: the files are of different editions; "
            "download the whole set at one time",
            **told(part),
        )
        return Split(known, pl.concat([cut.quarantined, orphans]), cut.rows_in)

    def held(part: str, frame: pl.DataFrame, contract: type[Table], cut: Split) -> pl.DataFrame:
        """Rows of a further file in our columns, by their contract."""
        whole = checked(
            frame,
            contract,
            refused=cut.quarantined,
            rows_refused=cut.rows_in - cut.kept.height,
            **told(part),
        )
        if given[part] is not None:
            splits[told(part)["source"]] = whole
        return whole.kept

    if comments is not None:
        splits[told("comments")["source"]] = more = of_parties("comments", COMMENT_CELLS)
        overflow = more.kept.group_by("list_id", maintain_order=True).agg(
            pl.col("remarks").drop_nulls().str.join("").alias("__more")
        )
        # the cut falls inside a word: the two ends join without a space
        rows = rows.join(overflow, on="list_id", how="left", maintain_order="left").with_columns(
            remarks=pl.when(pl.col("__more").is_not_null())
            .then(pl.col("remarks").fill_null("") + pl.col("__more"))
            .otherwise(pl.col("remarks"))
        )

    typed, unnamed = refuse_parties(typed_parties(rows), source=list_source, file=name_of["sdn"])
    splits[list_source] = checked(
        parties_of(typed, edition),
        ListedParties,
        source=list_source,
        file=name_of["sdn"],
        refused=pl.concat([main.quarantined, unnamed]),
        rows_refused=main.quarantined.height + unnamed.height,
    )
    parties = splits[list_source].kept

    cut = of_parties("alt", ALIAS_CELLS)
    names, nameless = refuse(
        cut.kept,
        nfc("alias_original").is_null(),
        column="alias_original",
        rule="not_nullable",
        reason="a further name without a name",
        **told("alt"),
    )
    kind = pl.col("kind").str.strip_chars().str.to_lowercase()
    cut = Split(names, pl.concat([cut.quarantined, nameless]), cut.rows_in)
    aliases = held("alt", aliases_of(names.with_columns(kind=kind), edition), ListedAliases, cut)

    cut = of_parties("add", ADDRESS_CELLS)
    places = cut.kept.with_columns(nfc("address"), nfc("city"), nfc("country"))
    addresses = held("add", addresses_of(places, edition), ListedAddresses, cut)
    listing = Listing(
        edition,
        # the list prints no country with the party itself: its first address says one
        country_from_address(parties, addresses),
        aliases.join(parties.select("list_id"), on="list_id", how="semi"),
        addresses,
        empty_listing(edition).links,
        splits,
    )
    return with_remarks(listing)


def _cut(content: bytes, names: Sequence[str], *, source: str, file: str) -> Delimited:
    return read_delimited(
        content,
        encodings=("utf-8-sig", "cp1252"),
        names=names,
        null=_NULL,
        source=source,
        file=file,
    )


def typed_parties(rows: pl.DataFrame) -> pl.DataFrame:
    """PARTY_CELLS in the columns of ours that follow from them."""
    remarks = pl.col("remarks")
    programs = (
        pl.col("programs")
        .str.replace_all(r"\]\s*\[", "; ")
        .str.replace_all(r"[\[\]]", "")
        .str.strip_chars()
    )
    kind = pl.col("kind").str.strip_chars().str.to_lowercase().fill_null("entity")
    ship = remarks.str.extract(r"(?:Vessel Registration Identification|^|; )\s*IMO\s*(\d{7})\b")
    company = remarks.str.extract(
        r"(?:Company Number|Identification Number|Registration Identification)\s+IMO\s+(\d{7})\b"
    )
    # programs alone miss banks and front companies listed under NPWMD only: their remarks name the
    # North Korea Sanctions Regulations
    by_program = programs.str.contains(r"(?:^|; )DPRK").fill_null(value=False)
    by_remark = remarks.str.contains(DPRK_REMARK, literal=True).fill_null(value=False)
    return rows.with_columns(
        name=nfc("name_original"),
        schema=kind.replace(SCHEMA_OF_KIND),
        program=programs,
        position=nfc("title"),
        imo_number=pl.when(kind == "vessel").then(ship).otherwise(company),
        mmsi=remarks.str.extract(r"\bMMSI\s+(\d{9})\b"),
        swift_bic=remarks.str.extract(SWIFT_BIC),
        birth_dates=birth_dates_of(
            remarks.str.extract_all(r"\bDOB [^;]+")
            .list.eval(pl.element().str.replace("^DOB ", "").str.strip_chars_end("."))
            .fill_null([]),
            "%d %b %Y",
        ),
        passport_numbers=passports_of(
            remarks.str.extract_all(r"\bPassport [A-Z0-9-]+").fill_null([])
        ),
        deadweight_t=tonnes(pl.col("tonnage")),
        gross_tonnage=tonnes(pl.col("grt")),
        call_sign=nfc("call_sign"),
        vessel_type=nfc("vessel_type"),
        flag=nfc("flag"),
        vessel_owner=nfc("vessel_owner"),
        is_dprk=by_program | by_remark,
        dprk_reason=pl.when(by_program)
        .then(pl.lit("program"))
        .when(by_remark)
        .then(pl.lit("remarks")),
    )


def _refuse_numberless(
    frame: pl.DataFrame, *, source: str, file: str
) -> tuple[pl.DataFrame, pl.DataFrame]:
    return refuse(
        frame,
        ~pl.col("list_id").str.contains(r"^\d{1,9}$").fill_null(value=False),
        source=source,
        file=file,
        column="list_id",
        rule="not_a_number",
        reason="the first cell is the party's number; a header line or a broken row stands here",
    )


def refuse_parties(
    frame: pl.DataFrame, *, source: str, file: str
) -> tuple[pl.DataFrame, pl.DataFrame]:
    kept, numberless = _refuse_numberless(frame, source=source, file=file)
    kept, nameless = refuse(
        kept,
        pl.col("name").is_null(),
        source=source,
        file=file,
        column="name_original",
        rule="not_nullable",
        reason="a party without a name; look it up at the publisher by its number",
    )
    return kept, pl.concat([numberless, nameless])


def with_remarks(listing: Listing, stated: pl.DataFrame | None = None) -> Listing:
    """With the names and ties that stand in remarks, and the ties that a file states besides."""
    edition, parties = listing.edition, listing.parties
    names = pl.concat([listing.aliases, quoted_aliases(parties, edition)])
    ties = linked_to(parties)
    if stated is not None:
        ties = pl.concat([stated, ties], how="diagonal_relaxed")
    return replace(listing, aliases=names, links=resolve_links(ties, parties, names, edition))


def _excerpts(parties: pl.DataFrame, pattern: str) -> pl.DataFrame:
    """One row (line, list_id, text) per place in the remarks."""
    return (
        parties.select("line", "list_id", pl.col("remarks").str.extract_all(pattern).alias("text"))
        .explode("text", empty_as_null=False, keep_nulls=False)
        .drop_nulls("text")
    )


def linked_to(parties: pl.DataFrame) -> pl.DataFrame:
    """One row per "Linked To: NAME" of the remarks, up to the next semicolon."""
    found = _excerpts(parties, r"Linked To:[^;]+")
    return found.select(
        "line",
        source_list_id="list_id",
        remark_excerpt="text",
        target_name=nfc(pl.col("text").str.replace(r"^Linked To:", "")),
        relation=pl.lit("linked_to"),
        is_former=pl.lit(False),
    ).drop_nulls("target_name")


def quoted_aliases(parties: pl.DataFrame, edition: Edition) -> pl.DataFrame:
    """Short names that stand in the remarks: a.k.a. 'KOMID'."""
    found = _excerpts(parties, r"\b[afn]\.k\.a\. '[^']+'").with_columns(
        alias_original=pl.col("text").str.extract(r"'([^']+)'"),
        kind=pl.col("text").str.slice(0, 1) + "ka",
        quality=pl.lit("weak"),
    )
    return aliases_of(found, edition)


def check_part(content: bytes, part: str, *, file: str) -> Split:
    """Cut one file of the CSV set into its cells, without the other three.

    Args:
        content: the file.
        part: sdn, add, alt or comments.
        file: name to show.

    Returns:
        Split of rows of the right width with a party number, and of the others.

    Raises:
        SourceDrift: not that file.
    """
    names = {
        "sdn": PARTY_CELLS,
        "add": ADDRESS_CELLS,
        "alt": ALIAS_CELLS,
        "comments": COMMENT_CELLS,
    }[part]
    source = "ofac"
    cut = _cut(content, names, source=source, file=file)
    kept, numberless = _refuse_numberless(cut.named(), source=source, file=file)
    whole = Split(kept, pl.concat([cut.quarantined, numberless]), cut.rows_in)
    stop_if_mostly_refused(whole, source=source, file=file)
    return whole


def part_of(head: bytes) -> str | None:
    """Which file of the CSV set begins like this; None for none of them."""
    first = first_cells(head.split(b"\n", 1)[0].decode("cp1252", "replace"))
    if not first or not first[0].isdigit():
        return None
    match first:
        case [_, _, _, _, _, _, _, _, _, _, _, _]:
            return "sdn"
        case [_, number, _, _, _, _] if number.isdigit():
            return "add"
        case [_, number, kind, _, _] if number.isdigit() and kind.lower() in _ALIAS_KINDS:
            return "alt"
        case [_, _]:
            return "comments"
    return None
