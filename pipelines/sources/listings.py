"""What the official lists have in common: names, ship numbers, banks, links, editions."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from xml.etree.ElementTree import Element

import pandera.polars as pa
import polars as pl

from pipelines.quarantine import SourceDrift, Split, empty_quarantine, refusals, split
from pipelines.schemas.listings import (
    ORGANISATION_SCHEMATA,
    ListedAddresses,
    ListedAliases,
    ListedLinks,
    ListedParties,
    ListingChanges,
)
from pipelines.schemas.types import polars_schema
from pipelines.sources.http import Answer, Fetcher, Limits

# an official list in which most rows are refused is a changed list, not a bad day
MOST_REFUSED_SHARE = 0.5
EXCERPT_CHARACTERS = 300

# a party as a reader of a list hands it on, its names and its addresses
PARTY_CELLS: dict[str, pl.DataType | type[pl.DataType]] = {
    "line": pl.Int64,
    "reference": pl.String,
    "kind": pl.String,
    "name_original": pl.String,
    "program": pl.String,
    "position": pl.String,
    "country": pl.String,
    "listed": pl.String,
    "remarks": pl.String,
    "born": pl.List(pl.String),
    "passports": pl.List(pl.String),
}
ALIAS_CELLS: dict[str, pl.DataType | type[pl.DataType]] = {
    "line": pl.Int64,
    "list_id": pl.String,
    "alias_original": pl.String,
    "kind": pl.String,
    "quality": pl.String,
}
ADDRESS_CELLS: dict[str, pl.DataType | type[pl.DataType]] = {
    "line": pl.Int64,
    "list_id": pl.String,
    "address": pl.String,
    "city": pl.String,
    "country": pl.String,
}
PARTY_SCHEMA = polars_schema(ListedParties)
ALIAS_SCHEMA = polars_schema(ListedAliases)
ADDRESS_SCHEMA = polars_schema(ListedAddresses)
LINK_SCHEMA = polars_schema(ListedLinks)
CHANGE_SCHEMA = polars_schema(ListingChanges)


@dataclass(frozen=True)
class Edition:
    """One retrieval of one list.

    Attributes:
        list_source: short name of the list.
        key: what tells editions apart: the date the list prints, else a hash of its bytes.
        edition_on: the date the list prints on itself, when it prints one.
        retrieved_at: naive UTC instant of the retrieval.
        file: name of the file as the reader knows it.
    """

    list_source: str
    key: str
    retrieved_at: dt.datetime
    file: str
    edition_on: dt.date | None = None

    @classmethod
    def of(
        cls,
        list_source: str,
        contents: Sequence[bytes | None],
        *,
        retrieved_at: dt.datetime,
        file: str,
        edition_on: dt.date | None = None,
    ) -> Edition:
        """The edition of these bytes; a file without a printed date goes by its hash."""
        digest = hashlib.sha256()
        for content in contents:
            digest.update(hashlib.sha256(content or b"").digest())
        if retrieved_at.tzinfo is not None:
            retrieved_at = retrieved_at.astimezone(dt.UTC).replace(tzinfo=None)
        key = digest.hexdigest()[:12]
        if edition_on is not None:
            key = f"{edition_on.isoformat()}-{key}"
        return cls(list_source, key, retrieved_at, file, edition_on)


@dataclass(frozen=True)
class Listing:
    """One edition of one list, in the common shape.

    Attributes:
        edition: which.
        parties, aliases, addresses, links: kept rows, of the contracts in schemas/listings.py.
        splits: rows in, kept and refused of each file of the edition, by source name.
    """

    edition: Edition
    parties: pl.DataFrame
    aliases: pl.DataFrame
    addresses: pl.DataFrame
    links: pl.DataFrame
    splits: dict[str, Split] = field(default_factory=dict)


def with_edition_on(listing: Listing, day: dt.date) -> Listing:
    """The same rows, their edition dated by something else than the file itself."""
    dated = pl.lit(day, dtype=pl.Date).alias("edition_on")
    return replace(
        listing,
        edition=replace(listing.edition, edition_on=day),
        parties=listing.parties.with_columns(dated),
    )


def nfc(column: str | pl.Expr) -> pl.Expr:
    """Text in NFC, outer space gone and inner runs of white space one space; empty is null."""
    text = pl.col(column) if isinstance(column, str) else column
    plain = text.str.normalize("NFC").str.replace_all(r"\s+", " ").str.strip_chars()
    return pl.when(plain != "").then(plain)


def imo_valid(number: str | pl.Expr, kind: str | pl.Expr) -> pl.Expr:
    """Whether the last digit is the check digit of the other six.

    Ships: weights 7 to 2, sum modulo 10. Companies: weights 8 6 4 2 9 7, (11 - sum modulo 11)
    modulo 10. A number of one kind may by chance pass the other's check, so the kind comes from
    where the number stands, never from the number.
    """
    text = pl.col(number) if isinstance(number, str) else number
    what = pl.col(kind) if isinstance(kind, str) else kind
    digits = [text.str.slice(place, 1).cast(pl.Int64, strict=False) for place in range(7)]
    ship = sum((digits[place] * (7 - place) for place in range(6)), pl.lit(0)) % 10
    weights = (8, 6, 4, 2, 9, 7)
    company = sum((digits[place] * weights[place] for place in range(6)), pl.lit(0)) % 11
    expected = pl.when(what == "ship").then(ship).otherwise((11 - company) % 10)
    return pl.when(text.str.contains(r"^\d{7}$")).then(expected == digits[6])


# A bank is a listed organisation that the list itself calls one: it prints a SWIFT/BIC code with
# the entry, or the entry's own name says bank. Nothing is read from whom it deals with.
BANK_IN_NAME = (
    r"(?i)\b(?:bank|banks|banking|banka|banque|banco|banca|bankasi|bancorp)\b|银行|銀行|은행|банк"
)
SWIFT_BIC = r"\b(?:SWIFT/BIC|SWIFT|BIC)[:\s]+([A-Z]{6}[A-Z0-9]{2}(?:[A-Z0-9]{3})?)\b"


def with_bank(frame: pl.DataFrame) -> pl.DataFrame:
    """Add is_bank and bank_basis from schema, name and swift_bic (all from the list itself).

    Where the frame has `is_bank_by_topic`, a list that sorts its parties by topic called it one.
    """
    organisation = pl.col("schema").is_in(list(ORGANISATION_SCHEMATA))
    by_topic = pl.col("is_bank_by_topic") if "is_bank_by_topic" in frame.columns else pl.lit(False)
    basis = (
        pl.when(organisation & pl.col("swift_bic").is_not_null())
        .then(pl.lit("swift_bic"))
        .when(by_topic)
        .then(pl.lit("topic"))
        .when(organisation & pl.col("name").str.contains(BANK_IN_NAME))
        .then(pl.lit("name"))
    )
    return frame.with_columns(bank_basis=basis).with_columns(
        is_bank=pl.col("bank_basis").is_not_null()
    )


def birth_dates_of(texts: pl.Expr, day: str) -> pl.Expr:
    """Dates of birth as printed (a list of text) → ISO days and bare years, parted by `;`.

    A text that is no whole day gives every year it names: circa 1947; 1965 or 1966.
    """
    plain = texts.list.eval(pl.element().str.strip_chars())
    days = plain.list.eval(pl.element().str.to_date(day, strict=False).cast(pl.String).drop_nulls())
    years = plain.list.eval(
        pl.element()
        .filter(pl.element().str.to_date(day, strict=False).is_null())
        .str.extract_all(r"\b(1[89]\d\d|20\d\d)\b")
        .explode()
        .drop_nulls()
    )
    both = days.list.concat(years).list.unique().list.sort()
    return pl.when(both.list.len() > 0).then(both.list.join(";"))


def passports_of(texts: pl.Expr) -> pl.Expr:
    """Passport numbers (a list of text) by their digits, parted by `;`; lists print prefixes apart.

    A number of fewer than six digits identifies nobody and is left out.
    """
    digits = texts.list.eval(
        pl.element()
        .str.replace_all(r"\D", "")
        .filter(pl.element().str.replace_all(r"\D", "").str.len_chars() >= 6)
        .unique()
        .sort()
    )
    return pl.when(digits.list.len() > 0).then(digits.list.join(";"))


def tonnes(text: pl.Expr) -> pl.Expr:
    """A tonnage such as "9,038"; anything else is null and stays in the raw file."""
    plain = text.str.replace_all(",", "").str.strip_chars()
    return pl.when(plain.str.contains(r"^\d+(\.\d+)?$")).then(plain.cast(pl.Float64, strict=False))


def typed_cells(cells: pl.DataFrame, day: str) -> pl.DataFrame:
    """PARTY_CELLS with the columns of ours that follow from one cell alone.

    Args:
        day: how the list prints a date of birth, as of `strptime`.
    """
    return cells.with_columns(
        *(nfc(name) for name in ("program", "position", "country", "remarks")),
        list_id=nfc("reference"),
        name=nfc("name_original"),
        birth_dates=birth_dates_of(pl.col("born"), day),
        passport_numbers=passports_of(pl.col("passports")),
    )


def parties_of(frame: pl.DataFrame, edition: Edition) -> pl.DataFrame:
    """Rows in the party contract's columns and types; what a list does not print is null.

    A number is a ship's where the party is a ship, else a company's; who is called a bank says
    `with_bank`; a party is North Korea's by its program where the frame does not say otherwise.
    """
    absent = {
        name: pl.lit(None, dtype=dtype)
        for name, dtype in PARTY_SCHEMA.items()
        if name not in frame.columns
    }
    kind = pl.when(pl.col("schema") == "Vessel").then(pl.lit("ship")).otherwise(pl.lit("company"))
    full = frame.with_columns(**absent).with_columns(
        edition_on=pl.lit(edition.edition_on, dtype=pl.Date),
        retrieved_at=pl.lit(edition.retrieved_at, dtype=pl.Datetime("us")),
        file=pl.lit(edition.file),
        is_delisted=pl.col("is_delisted").fill_null(value=False),
        imo_kind=pl.when(pl.col("imo_number").is_not_null()).then(kind),
        dprk_reason=pl.coalesce("dprk_reason", pl.when("is_dprk").then(pl.lit("program"))),
    )
    numbered = full.with_columns(imo_valid=imo_valid("imo_number", "imo_kind"))
    return _stamped(with_bank(numbered), edition, PARTY_SCHEMA)


def _stamped(frame: pl.DataFrame, edition: Edition, schema: dict[str, pl.DataType]) -> pl.DataFrame:
    """Rows in the columns and types of a contract, with the list and edition they are of."""
    given = frame.with_columns(
        list_source=pl.lit(edition.list_source), list_edition=pl.lit(edition.key)
    )
    return given.select(
        (pl.col(name) if name in given.columns else pl.lit(None))
        .cast(dtype, strict=False)
        .alias(name)
        for name, dtype in schema.items()
    )


def aliases_of(frame: pl.DataFrame, edition: Edition) -> pl.DataFrame:
    """Rows (line, list_id, alias_original, kind, quality) in the alias contract."""
    named = frame.with_columns(alias=nfc("alias_original")).filter(pl.col("alias").is_not_null())
    return _stamped(named, edition, ALIAS_SCHEMA)


def addresses_of(frame: pl.DataFrame, edition: Edition) -> pl.DataFrame:
    """Rows (line, list_id, address, city, country) in the address contract."""
    return _stamped(frame, edition, ADDRESS_SCHEMA)


def country_from_address(parties: pl.DataFrame, addresses: pl.DataFrame) -> pl.DataFrame:
    """The country the list prints with the party, else the country of the first address."""
    first = (
        addresses.drop_nulls("country")
        .unique("list_id", keep="first", maintain_order=True)
        .select("list_id", pl.col("country").alias("__country"))
    )
    return (
        parties.join(first, on="list_id", how="left", maintain_order="left")
        .with_columns(country=pl.coalesce("country", "__country"))
        .drop("__country")
    )


def checked(
    frame: pl.DataFrame,
    contract: type[pa.DataFrameModel],
    *,
    source: str,
    file: str,
    refused: pl.DataFrame | None = None,
    rows_refused: int = 0,
) -> Split:
    """Split by the contract, adding what the parser had refused before.

    Raises:
        SourceDrift: most rows are refused: the list has changed its form.
    """
    cut = split(frame, contract, source=source, file=file)
    earlier = empty_quarantine() if refused is None else refused
    whole = Split(
        cut.kept,
        pl.concat([earlier, cut.quarantined]).sort("line", "column", "rule"),
        cut.rows_in + rows_refused,
    )
    stop_if_mostly_refused(whole, source=source, file=file)
    return whole


def stop_if_mostly_refused(whole: Split, *, source: str, file: str) -> None:
    """Raises SourceDrift when more than half of the rows of a file were refused."""
    if whole.rows_quarantined > MOST_REFUSED_SHARE * whole.rows_in:
        first = whole.quarantined.row(0, named=True) if whole.quarantined.height else {}
        raise SourceDrift(
            f"{source}: {file} has {whole.rows_in} rows and {whole.rows_quarantined} of them break "
            f"the agreed form, first at line {first.get('line')}: {first.get('reason')}. "
            "The list has changed; compare it with the contract and change the parser."
        )


def fetch_of(
    source: str, url: str, limits: Limits, *, params: Mapping[str, str] | None = None
) -> Callable[..., Answer]:
    """The `fetch` of a list that is one file: the edition as it stands, unless it is held."""

    def fetch(
        fetcher: Fetcher,
        *,
        etag: str | None = None,
        last_modified: str | None = None,
    ) -> Answer:
        """The list as it stands; raises SourceUnavailable."""
        return fetcher.get(
            url, limits, source=source, params=params, etag=etag, last_modified=last_modified
        )

    return fetch


def refuse_unnamed_or_undated(
    frame: pl.DataFrame, unnamed: pl.Expr, *, source: str, file: str, needs: str, dated: str
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Cut out records without what names them, and those whose `listed` is no date of `listed_on`.

    Args:
        unnamed: true where a name, a number or a kind is missing; needs: those, in words.
        dated: what the publisher calls the day of listing.
    """
    told = {"source": source, "file": file}
    kept, nameless = refuse(
        frame,
        unnamed,
        column="reference",
        rule="not_nullable",
        reason=f"a record without {needs}; look it up at the publisher",
        **told,
    )
    kept, undated = refuse(
        kept,
        pl.col("listed").is_not_null() & pl.col("listed_on").is_null(),
        column="listed",
        rule="not_readable",
        reason=f"{dated} is not a date as YYYY-MM-DD; look it up at the publisher",
        **told,
    )
    return kept, pl.concat([nameless, undated])


def refuse(
    frame: pl.DataFrame,
    broken: pl.Expr,
    *,
    source: str,
    file: str,
    column: str,
    rule: str,
    reason: str,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Cut rows out before the contract: (kept, quarantine rows). `frame` carries `line`."""
    bad = broken.fill_null(value=False)
    return frame.filter(~bad), refusals(
        frame.filter(bad), source=source, file=file, column=column, rule=rule, why=reason
    )


def resolve_links(
    links: pl.DataFrame, parties: pl.DataFrame, aliases: pl.DataFrame, edition: Edition
) -> pl.DataFrame:
    """Find the listed party each link's text names, by exact text only.

    A sentence's last name may carry the sentence's full stop or its own ("CO., LTD."): the text is
    tried as it stands, then without one last full stop. Of several parties of that name, the one
    that shares a program with the party linked from is meant; if that leaves none or several, the
    link stays unresolved. Then aliases are tried the same way.

    Args:
        links: line, source_list_id, target_name, relation, is_former, remark_excerpt and, where
            the list itself gives it, target_list_id.
        parties, aliases: kept rows of the same edition.

    Returns:
        Every link, in the link contract.
    """
    if "target_list_id" not in links.columns:
        links = links.with_columns(target_list_id=pl.lit(None, dtype=pl.String))
    given = links.with_row_index("__link").with_columns(
        pl.col("target_name", "source_list_id", "target_list_id").cast(pl.String)
    )
    sources = parties.select(
        pl.col("list_id").alias("source_list_id"), pl.col("program").alias("__from"), "is_dprk"
    )
    given = given.join(sources, on="source_list_id", how="left")
    names = parties.select("list_id", pl.col("name").alias("__text"), "program")
    known = aliases.join(parties.select("list_id", "program"), on="list_id").select(
        "list_id", pl.col("alias").alias("__text"), "program"
    )
    found = pl.concat(
        [
            _match(given, names, "name", 0, cut=False),
            _match(given, names, "name", 1, cut=True),
            _match(given, known, "alias", 2, cut=False),
            _match(given, known, "alias", 3, cut=True),
        ]
    )
    best = found.sort("__link", "__rank").unique("__link", keep="first", maintain_order=True)
    by_identifier = pl.col("target_list_id").is_not_null()
    resolved = given.join(best, on="__link", how="left").with_columns(
        target_list_id=pl.coalesce("target_list_id", "__found"),
        resolved_by=pl.when(by_identifier).then(pl.lit("identifier")).otherwise(pl.col("__by")),
        is_dprk=pl.col("is_dprk").fill_null(value=False),
        remark_excerpt=pl.col("remark_excerpt").str.slice(0, EXCERPT_CHARACTERS),
    )
    return _stamped(resolved.sort("__link"), edition, LINK_SCHEMA)


def _match(
    given: pl.DataFrame, names: pl.DataFrame, by: str, rank: int, *, cut: bool
) -> pl.DataFrame:
    text = nfc("target_name")
    if cut:
        text = text.str.replace(r"\.$", "")
    pairs = (
        given.select("__link", "source_list_id", "__from", __text=text)
        .join(names, on="__text", how="inner")
        .unique(["__link", "list_id"], maintain_order=True)
        .with_columns(
            __shared=pl.col("__from")
            .str.split("; ")
            .list.set_intersection(pl.col("program").str.split("; "))
            .list.len()
            .fill_null(0)
            > 0,
        )
        .with_columns(
            __many=pl.len().over("__link"),
            __sharing=pl.col("__shared").sum().over("__link"),
        )
    )
    sole = pl.col("__many") == 1
    told_apart = (pl.col("__sharing") == 1) & pl.col("__shared")
    return pairs.filter(sole | told_apart).select(
        "__link",
        pl.col("list_id").alias("__found"),
        pl.when(sole)
        .then(pl.lit(by))
        .otherwise(pl.lit("name_and_program" if by == "name" else "alias"))
        .alias("__by"),
        pl.lit(rank).alias("__rank"),
    )


# columns whose change is worth a row; those that only say where a row was read are not
COMPARED = (
    "schema",
    "name",
    "country",
    "program",
    "position",
    "listed_on",
    "is_delisted",
    "imo_number",
    "mmsi",
    "call_sign",
    "vessel_type",
    "flag",
    "vessel_owner",
    "swift_bic",
    "remarks",
    "aliases",
)


def changes_between(before: Listing, after: Listing) -> pl.DataFrame:
    """Rows added, removed and changed from one edition to the next of the same list.

    Returns:
        Rows of the change contract: one per party added or removed, one per changed column of a
        party in both.
    """
    old, new = _comparable(before), _comparable(after)
    key = "list_id"
    added = new.join(old, on=key, how="anti").with_columns(change=pl.lit("added"))
    removed = old.join(new, on=key, how="anti").with_columns(change=pl.lit("removed"))
    whole = pl.concat([added, removed]).select(
        key,
        pl.col("name").alias("__name"),
        "change",
        "is_dprk",
        column_name=pl.lit(None, dtype=pl.String),
        value_before=pl.lit(None, dtype=pl.String),
        value_after=pl.lit(None, dtype=pl.String),
    )
    both = new.join(old, on=key, how="inner", suffix="__before")
    cells = [
        both.filter(pl.col(name).ne_missing(pl.col(f"{name}__before"))).select(
            key,
            pl.col("name").alias("__name"),
            pl.lit("changed").alias("change"),
            pl.col("is_dprk") | pl.col("is_dprk__before"),
            column_name=pl.lit(name),
            value_before=pl.col(f"{name}__before"),
            value_after=pl.col(name),
        )
        for name in COMPARED
    ]
    return (
        pl.concat([whole, *cells])
        .with_columns(
            name=pl.col("__name"),
            list_source=pl.lit(after.edition.list_source),
            edition_before=pl.lit(before.edition.key),
            edition_after=pl.lit(after.edition.key),
            seen_at=pl.lit(after.edition.retrieved_at, dtype=pl.Datetime("us")),
        )
        .select(pl.col(name).cast(dtype) for name, dtype in CHANGE_SCHEMA.items())
        .sort("list_source", "list_id", "change", "column_name", nulls_last=False)
    )


def _comparable(listing: Listing) -> pl.DataFrame:
    aliases = (
        listing.aliases.group_by("list_id")
        .agg(pl.col("alias").unique().sort())
        .select("list_id", aliases=pl.col("alias").list.join("; "))
    )
    return listing.parties.join(aliases, on="list_id", how="left").select(
        "list_id", "is_dprk", *(pl.col(name).cast(pl.String) for name in COMPARED)
    )


Cells = dict[str, Any]


def parties_in(
    stream: Iterable[Element],
    party: Callable[[Element], Cells],
    aliases: Callable[[Element], list[Cells]],
    addresses: Callable[[Element], list[Cells]],
    *,
    key: str = "reference",
) -> tuple[list[Cells], pl.DataFrame, pl.DataFrame]:
    """What a list in XML says, record by record.

    Args:
        stream: the records of parties.
        party: a record to the party's cells, that of `key` among them.
        aliases, addresses: a record to rows of ALIAS_CELLS, ADDRESS_CELLS, of no party yet.

    Returns:
        Cells of parties, numbered from 1; names and addresses of all of them.
    """
    parties: list[Cells] = []
    named: list[Cells] = []
    placed: list[Cells] = []
    for line, element in enumerate(stream, start=1):
        parties.append({"line": line, **party(element)})
        of = {"line": line, "list_id": (parties[-1][key] or "").strip()}
        named += [of | one for one in aliases(element)]
        placed += [of | one for one in addresses(element)]
    return (
        parties,
        pl.DataFrame(named, schema=ALIAS_CELLS),
        pl.DataFrame(placed, schema=ADDRESS_CELLS),
    )


def further_names(frame: pl.DataFrame, columns: Mapping[str, str]) -> pl.DataFrame:
    """ALIAS_CELLS from columns that hold lists of names, each with the kind its names are of."""
    return pl.concat(
        [
            frame.select(
                "line",
                "list_id",
                pl.col(column).alias("alias_original"),
                kind=pl.lit(kind),
                quality=pl.lit(None, dtype=pl.String),
            ).explode("alias_original", empty_as_null=False, keep_nulls=False)
            for column, kind in columns.items()
        ]
    ).drop_nulls("alias_original")


def day_of(text: str | None) -> dt.date | None:
    """The day that a text begins with as YYYY-MM-DD, if it does."""
    try:
        return dt.date.fromisoformat((text or "")[:10])
    except ValueError:
        return None


def listing_of(
    edition: Edition,
    typed: pl.DataFrame,
    aliases: pl.DataFrame,
    addresses: pl.DataFrame,
    *,
    refused: pl.DataFrame,
    rows_refused: int,
    parts: tuple[str, str] = ("alias", "address"),
) -> Listing:
    """One edition in its staged shape, held against the contracts; without ties between parties.

    Args:
        typed: one row a party, in our columns.
        aliases, addresses: ALIAS_CELLS and ADDRESS_CELLS; those of refused parties are dropped.
        refused: quarantine rows so far; rows_refused: rows of the list they are of.
        parts: what names and addresses of the list are called among its files.
    """
    source, file = edition.list_source, edition.file
    further, where = (f"{source}_{part}" for part in parts)
    parties = checked(
        parties_of(typed, edition),
        ListedParties,
        source=source,
        file=file,
        refused=refused,
        rows_refused=rows_refused,
    )
    ids = parties.kept.select("list_id")

    def of_kept(frame: pl.DataFrame) -> pl.DataFrame:
        return frame.join(ids, on="list_id", how="semi", maintain_order="left")

    named = checked(aliases_of(of_kept(aliases), edition), ListedAliases, source=further, file=file)
    placed = checked(
        addresses_of(of_kept(addresses), edition), ListedAddresses, source=where, file=file
    )
    return Listing(
        edition,
        country_from_address(parties.kept, placed.kept),
        named.kept,
        placed.kept,
        empty_listing(edition).links,
        {source: parties, further: named, where: placed},
    )


def empty_listing(edition: Edition) -> Listing:
    """No rows, in the right columns."""
    return Listing(
        edition,
        pl.DataFrame(schema=PARTY_SCHEMA),
        pl.DataFrame(schema=ALIAS_SCHEMA),
        pl.DataFrame(schema=ADDRESS_SCHEMA),
        pl.DataFrame(schema=LINK_SCHEMA),
    )
