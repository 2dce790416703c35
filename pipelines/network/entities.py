"""Parties, relations and statements: our cited tables joined with the official lists."""

from __future__ import annotations

import re

import polars as pl

from pipelines.network.evidence import EvidenceError
from pipelines.network.resolution import kind_of
from pipelines.voices import LIST_VOICES

# a list's own word for a tie → ours; every other word is only an association
LIST_RELATIONS = {
    "ownership": "owner",
    "directorship": "director",
    "employment": "employee",
    "representation": "agent",
    "family": "family",
}
_SLUG = re.compile(r"[^A-Za-z0-9._-]+")


def listed_id(list_source: str, list_id: str) -> str:
    """The entity id of a list entry that our own tables do not hold."""
    return f"{list_source}-{_SLUG.sub('-', list_id)}".lower().strip("-")


def list_keys_of(statements: pl.DataFrame, entities: pl.DataFrame) -> pl.DataFrame:
    """The list entries our own statements cite: about, list_key such as `OFAC:12209`.

    Read from the locator of statements on lists: OFAC entry numbers, UN reference numbers, EU
    annex records. An entry that several parties of one kind cite (a ship named in its owner's
    listing) identifies none of them.
    """
    read = {
        "OFAC": r"ent_num (\d+)",
        "UNSC": r"(KP[ei]\.\d{3})",
        "EU": r"Annex ([IVXL]+\.?[A-Z]?) record (\d+)",
    }
    out = []
    for authority, pattern in read.items():
        found = (
            pl.col("locator").str.extract(pattern, 1 + place)
            for place in range(re.compile(pattern).groups)
        )
        out.append(
            statements.filter(
                (pl.col("authority") == authority) & (pl.col("read_via") == "official_list")
            )
            .select("about", list_key=pl.concat_str(pl.lit(authority), *found, separator=":"))
            .drop_nulls()
        )
    cited = (
        pl.concat(out)
        .unique()
        .join(
            entities.select(
                about="entity_id",
                kind=pl.col("schema").map_elements(kind_of, return_dtype=pl.String),
            ),
            on="about",
        )
    )
    own = cited.filter(pl.len().over("list_key", "kind") == 1)
    return own.group_by("about").agg(pl.col("list_key").unique().sort().str.join(";"))


def documented_usd(amounts: pl.DataFrame) -> dict[str, float]:
    """Dollars of the sums that count, by each party they name."""
    documented: dict[str, float] = {}
    used = amounts.filter(pl.col("held_back").is_null())
    for parties, usd in used.select("parties", "usd").iter_rows():
        for name in parties.split(";"):
            documented[name] = documented.get(name, 0.0) + usd
    return documented


def from_lists(
    parties: pl.DataFrame, aliases: pl.DataFrame, links: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """List entries of the North Korea measures, in the shape of our own tables.

    Args:
        parties, aliases, links: rows of the list contracts, all lists together.

    Returns:
        (entities, links, statements). A bare tie of a list becomes an `associate` relation; none
        carries money: the lists do not say that dollars run along it.

    Raises:
        EvidenceError: a list of whom no body is known to speak.
    """
    unknown = set(parties["list_source"]) - set(LIST_VOICES)
    if unknown:
        raise EvidenceError(
            f"list {sorted(unknown)[0]!r} speaks for no body we know; say in [lists.…] of its "
            "source.toml who does, and what standing on it means"
        )
    voices = pl.DataFrame(
        [{"list_source": name, **vars(voice)} for name, voice in LIST_VOICES.items()],
        schema_overrides={"note": pl.String},
    )
    mine = (
        parties.filter(pl.col("is_dprk") & ~pl.col("is_delisted"))
        .join(voices, on="list_source")
        .with_columns(
            entity_id=pl.struct("list_source", "list_id").map_elements(
                lambda row: listed_id(row["list_source"], row["list_id"]), return_dtype=pl.String
            ),
            edition=pl.coalesce("edition_on", pl.col("retrieved_at").dt.date()),
        )
    )
    known = (
        aliases.filter(pl.col("kind") != "weak")
        .group_by("list_source", "list_id")
        .agg(aliases=pl.col("alias").unique(maintain_order=True).str.join(";"))
    )
    is_vessel = pl.col("schema") == "Vessel"
    entities = mine.join(known, on=["list_source", "list_id"], how="left").select(
        "entity_id",
        schema=pl.when(pl.col("schema") == "LegalEntity")
        .then(pl.lit("Organization"))
        .otherwise("schema"),
        is_bank="is_bank",
        stage=pl.when("is_bank")
        .then(pl.lit("bank"))
        .when(pl.col("schema").is_in(["Vessel", "Airplane"]))
        .then(pl.lit("asset"))
        .otherwise(pl.lit("broker")),
        name="name",
        aliases="aliases",
        imo_number=pl.when(is_vessel | (pl.col("imo_kind") == "company")).then("imo_number"),
        bic="swift_bic",
        topics=pl.lit("sanction"),
        bank_size_tier=pl.when("is_bank").then(pl.lit("unknown")),
        total_assets_usd=pl.lit(None, dtype=pl.Float64),
        total_assets_on=pl.lit(None, dtype=pl.Date),
        list_key=pl.concat_str("authority", pl.lit(":"), "list_id"),
        list_source="list_source",
        birth_dates="birth_dates",
        passport_numbers="passport_numbers",
        **dict.fromkeys(
            ("country_iso2", "city", "registration_number", "total_assets_source", "note"),
            pl.lit(None, dtype=pl.String),
        ),
    )
    ends = mine.select(
        "list_source", "list_id", "entity_id", "authority", "kind", "title", "home", "note",
        "program", "list_edition", "edition", listed_on=pl.lit(None, dtype=pl.Date),
    )  # fmt: skip
    tied = (
        links.filter(pl.col("is_dprk") & pl.col("target_list_id").is_not_null())
        .select("list_source", "source_list_id", "target_list_id", "relation", "is_former")
        .unique(maintain_order=True)
        .join(ends, left_on=["list_source", "source_list_id"], right_on=["list_source", "list_id"])
        .join(
            ends.select("list_source", "list_id", target_id="entity_id"),
            left_on=["list_source", "target_list_id"],
            right_on=["list_source", "list_id"],
        )
        .with_columns(ours=pl.col("relation").replace_strict(LIST_RELATIONS, default="associate"))
        .with_columns(
            link_id=pl.concat_str("entity_id", pl.lit("--"), "ours", pl.lit("--"), "target_id")
        )
        .unique("link_id", keep="first", maintain_order=True)
    )
    list_links = tied.select(
        "link_id",
        source_id="entity_id",
        target_id="target_id",
        relation="ours",
        stream=pl.lit("general"),
        money=pl.lit("none"),
        start_on=pl.lit(None, dtype=pl.Date),
        end_on=pl.lit(None, dtype=pl.Date),
        note=pl.when("is_former")
        .then(pl.lit("the list calls the tie former"))
        .when(pl.col("ours") == "associate")
        .then(pl.lit("the list's own tie; the role is not stated")),
    )
    entry = pl.lit("entry ")
    statements = [
        _listed(mine, "entity_id", pl.concat_str(entry, "list_id")),
        _listed(tied, "link_id", pl.concat_str(entry, "source_list_id", pl.lit(", remarks"))),
    ]
    return entities, list_links, pl.concat(statements)


def _listed(rows: pl.DataFrame, about: str, locator: pl.Expr) -> pl.DataFrame:
    """A list's statement on each row; where it states no day of its own, its edition's is known."""
    return rows.select(
        statement_id=pl.concat_str(pl.lit("list-"), about),
        about=about,
        kind="kind",
        authority="authority",
        program="program",
        stated_on=pl.coalesce("listed_on", "edition"),
        stated_on_precision=pl.lit("day"),
        public_on=pl.lit(None, dtype=pl.Date),
        is_edition_date=pl.col("listed_on").is_null(),
        document=pl.concat_str("title", pl.lit(", edition "), "list_edition"),
        locator=locator,
        read_via=pl.lit("official_list"),
        url="home",
        is_contested=pl.lit(value=False),
        note="note",
    )


def parties_frame(entities: pl.DataFrame) -> pl.DataFrame:
    """What the resolver reads: party_id, kind, names, keys, list_source."""
    return entities.select(
        party_id="entity_id",
        kind=pl.col("schema").map_elements(kind_of, return_dtype=pl.String),
        names=pl.concat_list("name", pl.col("aliases").fill_null("").str.split(";")).list.filter(
            pl.element() != ""
        ),
        imo_number="imo_number",
        registration_number="registration_number",
        bic="bic",
        list_key="list_key",
        list_source="list_source",
        birth_dates="birth_dates",
        passport_numbers="passport_numbers",
    )


def typed_links(links: pl.DataFrame, types: pl.DataFrame, entities: pl.DataFrame) -> pl.DataFrame:
    """Relations with their type; money only where a relation of that type can carry it.

    Returns:
        links with relation_type and is_channel.

    Raises:
        EvidenceError: money on a relation that never carries any, or on one that begins or ends at
            a bank which is not the state's: a bank is a channel.
    """
    typed = links.join(types.drop("reading"), on="relation", how="left", maintain_order="left")
    banks = entities.filter(
        pl.col("is_bank") & (pl.col("bank_size_tier").fill_null("unknown") != "dprk_bank")
    )["entity_id"].implode()
    at_bank = pl.col("source_id").is_in(banks) | pl.col("target_id").is_in(banks)
    wrong = typed.filter(
        (pl.col("money") != "none") & (~pl.col("may_carry_money").fill_null(value=False) | at_bank)
    )
    if wrong.height:
        row = wrong.row(0, named=True)
        why = (
            f"{row['relation']!r} is of type {row['relation_type']!r}, which carries no money"
            if not row["may_carry_money"]
            else "one of its ends is a bank, which money passes and never ends at"
        )
        raise EvidenceError(
            f"network_links.csv: link {row['link_id']} has money {row['money']!r}, but {why}; "
            "set money to none, or name the payment as a relation of its own"
        )
    return typed.drop("may_carry_money")


def lists_loaded(parties: pl.DataFrame | None) -> pl.DataFrame:
    """Which official lists this release read, and what is missing without them. Grain: list_source.

    Args:
        parties: rows of the list contracts, or None when no list has been taken in.
    """
    schema = {
        "list_source": pl.String,
        "edition_on": pl.Date,
        "dprk_entries": pl.Int64,
        "dated_entries": pl.Int64,
    }
    held = (
        pl.DataFrame(schema=schema)
        if parties is None
        else parties.group_by("list_source").agg(
            edition_on=pl.col("edition_on").max(),
            dprk_entries=pl.col("is_dprk").sum().cast(pl.Int64),
            dated_entries=(pl.col("is_dprk") & pl.col("listed_on").is_not_null())
            .sum()
            .cast(pl.Int64),
        )
    )
    return (
        pl.DataFrame(
            [
                {"list_source": name, "authority": voice.authority, "title": voice.title}
                for name, voice in LIST_VOICES.items()
            ]
        )
        .join(held, on="list_source", how="left", maintain_order="left")
        .with_columns(is_loaded=pl.col("dprk_entries").fill_null(0) > 0)
        .with_columns(
            pl.col("dprk_entries", "dated_entries").fill_null(0),
            meaning=pl.when("is_loaded")
            .then(
                pl.when(pl.col("dated_entries") < pl.col("dprk_entries"))
                .then(pl.lit("read; entries without a day of their own keep an unknown day"))
                .otherwise(pl.lit("read, every entry dated by the list"))
            )
            .otherwise(
                pl.lit(
                    "not read: what only this list says is missing, and whether a party stands on "
                    "it is known from other documents alone"
                )
            ),
        )
    )


def merge(
    entities: pl.DataFrame,
    links: pl.DataFrame,
    statements: pl.DataFrame,
    canonical: dict[str, str],
    list_ties: list[str],
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Rows under their canonical ids; names of merged rows become aliases; nothing is dropped.

    Relations between the same two parties, of one kind and stream, become one with all their
    statements; so does a list's bare tie (`list_ties`, link ids) beside a relation of our own.
    """
    renamed = entities.with_columns(canonical_id=pl.col("entity_id").replace(canonical))
    merged = (
        renamed.with_columns(is_head=pl.col("entity_id") == pl.col("canonical_id"))
        .sort("is_head", "entity_id", descending=[True, False])
        .group_by("canonical_id", maintain_order=True)
        .agg(
            pl.exclude(
                "entity_id",
                "is_head",
                "aliases",
                "is_bank",
                "list_key",
                "topics",
                "birth_dates",
                "passport_numbers",
            )
            .drop_nulls()
            .first(),
            # what a person was born or carried is for telling people apart, not for show
            pl.col("birth_dates", "passport_numbers").drop_nulls().str.join(";"),
            pl.col("is_bank").any(),
            pl.col("topics").drop_nulls().first(),
            pl.col("list_key").drop_nulls().str.join(";"),
            aliases=pl.concat_list("name", pl.col("aliases").fill_null("").str.split(";"))
            .explode()
            .unique(maintain_order=True),
            n_rows=pl.len().cast(pl.Int64),
        )
        .rename({"canonical_id": "entity_id"})
        .with_columns(
            aliases=pl.col("aliases")
            .list.set_difference(pl.concat_list("name"))
            .list.filter(pl.element() != "")
            .list.sort()
            .list.join(";"),
            bank_size_tier=pl.when("is_bank").then(pl.col("bank_size_tier").fill_null("unknown")),
        )
    )
    turned = links.with_columns(
        pl.col("source_id").replace(canonical), pl.col("target_id").replace(canonical)
    )
    # a tie between two rows of one party says something about that party
    inward = turned.filter(pl.col("source_id") == pl.col("target_id"))
    ends = turned.filter(pl.col("source_id") != pl.col("target_id"))
    key = ["source_id", "target_id", "relation", "stream"]
    first = ends.sort("link_id").unique(key, keep="first", maintain_order=True)
    # a list's bare tie says nothing beside a relation of our own between the same two
    is_list_tie = pl.col("link_id").is_in(list_ties)
    pair = {
        "a": pl.min_horizontal("source_id", "target_id"),
        "b": pl.max_horizontal("source_id", "target_id"),
    }
    named = (
        first.filter(~is_list_tie)
        .select(**pair, kept="link_id")
        .unique(["a", "b"], keep="first", maintain_order=True)
    )
    swallowed = (
        first.filter(is_list_tie)
        .with_columns(**pair)
        .join(named, on=["a", "b"])
        .select("link_id", "kept")
    )
    head = dict(
        ends.join(first.select(*key, kept="link_id"), on=key).select("link_id", "kept").iter_rows()
    )
    into = dict(swallowed.iter_rows())
    head = {old: into.get(new, new) for old, new in head.items()}
    head |= dict(inward.select("link_id", "source_id").iter_rows())
    kept_links = first.join(swallowed.select("link_id"), on="link_id", how="anti")
    moved = statements.with_columns(about=pl.col("about").replace(canonical).replace(head))
    return merged, kept_links, moved
