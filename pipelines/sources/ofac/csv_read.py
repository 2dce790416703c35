"""Lists of the US Office of Foreign Assets Control: SDN and consolidated, as CSV set and as XML.

The CSV set is four files without headers: parties (12 cells), addresses (6), further names (5) and
the overflow of remarks (2). Remarks are cut at 1,000 characters in the middle of a word and go on
in the overflow file: without it links are lost. The list is a work of the US Government and in the
public domain.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import polars as pl

from pipelines.delimited import Delimited, first_cells, read_delimited
from pipelines.quarantine import Split
from pipelines.schemas.listings import (
    ListedAddresses,
    ListedAliases,
    ListedParties,
)
from pipelines.sources.http import Answer, Fetcher, Limits
from pipelines.sources.listings import (
    SWIFT_BIC,
    Edition,
    Listing,
    addresses_of,
    aliases_of,
    birth_dates_of,
    checked,
    country_from_address,
    imo_valid,
    nfc,
    parties_of,
    passports_of,
    refuse,
    resolve_links,
    stop_if_mostly_refused,
    with_bank,
)

LICENCE = "public-domain-us"

# file of the set: name at the publisher, cells per row
CSV_FILES = {
    "sdn": ("SDN.CSV", 12),
    "add": ("ADD.CSV", 6),
    "alt": ("ALT.CSV", 5),
    "comments": ("SDN_COMMENTS.CSV", 2),
}
CONSOLIDATED_FILES = {
    "sdn": ("CONS_PRIM.CSV", 12),
    "add": ("CONS_ADD.CSV", 6),
    "alt": ("CONS_ALT.CSV", 5),
    "comments": ("CONS_COMMENTS.CSV", 2),
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
ALIAS_KIND = {"aka": "aka", "fka": "fka", "nka": "nka"}
DPRK_REMARK = "North Korea Sanctions Regulations"
_LINKED = r"Linked To:[^;]+"
_NULL = r"^\s*(?:-0-)?\s*$"


def fetch_file(
    fetcher: Fetcher,
    name: str,
    *,
    source: str,
    etag: str | None = None,
    last_modified: str | None = None,
    base_url: str = BASE_URL,
    limits: Limits = LIMITS,
) -> Answer:
    """One file of the list by the publisher's name for it, such as SDN.CSV.

    Raises:
        SourceUnavailable: the list service did not give it.
    """
    return fetcher.get(
        base_url + name, limits, source=source, etag=etag, last_modified=last_modified
    )


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
    name_of = {part: name.lower() for part, (name, _) in files.items()}
    edition = Edition.of(
        list_source, [sdn, add, alt, comments], retrieved_at=retrieved_at, file=name_of["sdn"]
    )
    splits: dict[str, Split] = {}

    main = _cut(sdn, PARTY_CELLS, source=list_source, file=name_of["sdn"])
    rows = main.named()
    ids = rows.select("list_id").unique()

    if comments is not None:
        source = f"{list_source}_comments"
        cut = _cut(comments, COMMENT_CELLS, source=source, file=name_of["comments"])
        kept, orphans = _with_party(cut.named(), ids, source=source, file=name_of["comments"])
        splits[source] = Split(kept, pl.concat([cut.quarantined, orphans]), cut.rows_in)
        overflow = kept.group_by("list_id", maintain_order=True).agg(
            pl.col("remarks").drop_nulls().str.join("").alias("__more")
        )
        # the cut falls inside a word: the two ends join without a space
        rows = rows.join(overflow, on="list_id", how="left", maintain_order="left").with_columns(
            remarks=pl.when(pl.col("__more").is_not_null())
            .then(pl.col("remarks").fill_null("") + pl.col("__more"))
            .otherwise(pl.col("remarks"))
        )

    typed = typed_parties(rows)
    typed, refused = refuse_parties(typed, source=list_source, file=name_of["sdn"])
    first = main.quarantined.height + refused.height
    splits[list_source] = checked(
        parties_of(typed, edition),
        ListedParties,
        source=list_source,
        file=name_of["sdn"],
        refused=pl.concat([main.quarantined, refused]),
        rows_refused=first,
    )
    parties = splits[list_source].kept
    kept_ids = parties.select("list_id")

    aliases = aliases_of(
        pl.DataFrame(
            schema={
                "line": pl.Int64,
                "list_id": pl.String,
                "alias_original": pl.String,
                "kind": pl.String,
            }
        ),
        edition,
    )
    if alt is not None:
        source, file = f"{list_source}_alt", name_of["alt"]
        cut = _cut(alt, ALIAS_CELLS, source=source, file=file)
        rows, orphans = _with_party(cut.named(), ids, source=source, file=file)
        rows, nameless = refuse(
            rows,
            nfc("alias_original").is_null(),
            source=source,
            file=file,
            column="alias_original",
            rule="not_nullable",
            reason="a further name without a name",
        )
        rows = rows.with_columns(
            kind=pl.col("kind").str.strip_chars().str.to_lowercase().replace(ALIAS_KIND),
            quality=pl.lit(None, dtype=pl.String),
        )
        splits[source] = checked(
            aliases_of(rows, edition),
            ListedAliases,
            source=source,
            file=file,
            refused=pl.concat([cut.quarantined, orphans, nameless]),
            rows_refused=cut.rows_in - rows.height,
        )
        aliases = splits[source].kept
    quoted = quoted_aliases(parties, edition)
    aliases = pl.concat([aliases, quoted]).join(kept_ids, on="list_id", how="semi")

    addresses = addresses_of(pl.DataFrame(schema={"line": pl.Int64, "list_id": pl.String}), edition)
    if add is not None:
        source, file = f"{list_source}_add", name_of["add"]
        cut = _cut(add, ADDRESS_CELLS, source=source, file=file)
        rows, orphans = _with_party(cut.named(), ids, source=source, file=file)
        rows = rows.with_columns(nfc("address"), nfc("city"), nfc("country"))
        splits[source] = checked(
            addresses_of(rows, edition),
            ListedAddresses,
            source=source,
            file=file,
            refused=pl.concat([cut.quarantined, orphans]),
            rows_refused=cut.rows_in - rows.height,
        )
        addresses = splits[source].kept
        # the list prints no country with the party itself: its first address says one
        parties = country_from_address(parties, addresses)
    links = resolve_links(linked_to(parties), parties, aliases, edition)
    return Listing(edition, parties, aliases, addresses, links, splits)


def _cut(content: bytes, names: Sequence[str], *, source: str, file: str) -> Delimited:
    return read_delimited(
        content,
        encodings=("utf-8-sig", "cp1252"),
        names=names,
        null=_NULL,
        source=source,
        file=file,
    )


def _with_party(
    rows: pl.DataFrame, ids: pl.DataFrame, *, source: str, file: str
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows whose party is on the list, and the refusal of the others."""
    known = pl.col("list_id").is_in(ids["list_id"].implode())
    return refuse(
        rows,
        ~known,
        source=source,
        file=file,
        column="list_id",
        rule="no_such_party",
        reason="no party of this number in the list: the files are of different editions; "
        "download the whole set at one time",
    )


def _number(column: str) -> pl.Expr:
    """A tonnage such as "9,038"; anything else is null and stays in the raw file."""
    plain = pl.col(column).str.replace_all(",", "").str.strip_chars()
    return pl.when(plain.str.contains(r"^\d+(\.\d+)?$")).then(plain.cast(pl.Float64, strict=False))


def typed_parties(rows: pl.DataFrame) -> pl.DataFrame:
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
    is_vessel = kind == "vessel"
    return (
        rows.with_columns(
            name=nfc("name_original"),
            schema=kind.replace(SCHEMA_OF_KIND),
            program=programs,
            position=nfc("title"),
            imo_number=pl.when(is_vessel).then(ship).otherwise(company),
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
            deadweight_t=_number("tonnage"),
            gross_tonnage=_number("grt"),
            call_sign=nfc("call_sign"),
            vessel_type=nfc("vessel_type"),
            flag=nfc("flag"),
            vessel_owner=nfc("vessel_owner"),
        )
        .with_columns(
            imo_kind=pl.when(pl.col("imo_number").is_not_null()).then(
                pl.when(is_vessel).then(pl.lit("ship")).otherwise(pl.lit("company"))
            )
        )
        .with_columns(imo_valid=imo_valid("imo_number", "imo_kind"))
        .pipe(with_dprk)
        .pipe(with_bank)
    )


def with_dprk(frame: pl.DataFrame) -> pl.DataFrame:
    """Add is_dprk and dprk_reason from program and remarks.

    Programs alone miss banks and front companies listed under NPWMD only: their remarks name the
    North Korea Sanctions Regulations.
    """
    by_program = pl.col("program").str.contains(r"(?:^|; )DPRK").fill_null(value=False)
    by_remark = pl.col("remarks").str.contains(DPRK_REMARK, literal=True).fill_null(value=False)
    return frame.with_columns(
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


def linked_to(parties: pl.DataFrame) -> pl.DataFrame:
    """One row per "Linked To: NAME" of the remarks, up to the next semicolon."""
    return (
        parties.select(
            "line",
            pl.col("list_id").alias("source_list_id"),
            pl.col("remarks").str.extract_all(_LINKED).alias("remark_excerpt"),
        )
        .explode("remark_excerpt", empty_as_null=False, keep_nulls=False)
        .drop_nulls("remark_excerpt")
        .with_columns(
            target_name=nfc(pl.col("remark_excerpt").str.replace(r"^Linked To:", "")),
            relation=pl.lit("linked_to"),
            is_former=pl.lit(False),
        )
        .drop_nulls("target_name")
    )


def quoted_aliases(parties: pl.DataFrame, edition: Edition) -> pl.DataFrame:
    """Short names that stand in the remarks: a.k.a. 'KOMID'."""
    found = (
        parties.select(
            "line",
            "list_id",
            pl.col("remarks").str.extract_all(r"\b[afn]\.k\.a\. '[^']+'").alias("__text"),
        )
        .explode("__text", empty_as_null=False, keep_nulls=False)
        .drop_nulls("__text")
        .with_columns(
            alias_original=pl.col("__text").str.extract(r"'([^']+)'"),
            kind=pl.col("__text").str.slice(0, 1) + "ka",
            quality=pl.lit("weak"),
        )
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
        case [_, number, kind, _, _] if number.isdigit() and kind.lower() in ALIAS_KIND:
            return "alt"
        case [_, _]:
            return "comments"
    return None
