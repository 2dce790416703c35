"""What the law has done to whom, from when to when: the ledger of legal status.

A statement says when a body acted; an ending says when that act lost its force. What stands is
computed as of a day: nothing here knows today's date.
"""

from __future__ import annotations

import datetime as dt

import polars as pl

from pipelines.network.evidence import EvidenceError
from pipelines.schemas.network import LEGAL_KINDS

# a listing, or an order that blocks without one
BLOCKING = ("designated", "identified", "blocked_by_order")
# an official document's own number, as its citation prints it
NUMBER = (
    r"(\d+ FR \d+|\d+ CFR [\d.]+|S/(?:RES/)?\d{4}/\d+|\d+ F\. Supp\. \d?d \d+|\d:\d{2}-\w{2}-\d+"
    r"|(?i:\b(?:jy|jl|sm|sb)-?\d{3,5}\b)|\(EU\) \d{4}/\d+)"
)


def public_on() -> pl.Expr:
    """The day by which a statement was surely public.

    Where a court unsealed it later, that day; else the last day of what dates it.
    """
    return pl.coalesce("public_on", _last_day())


def _last_day() -> pl.Expr:
    return (
        pl.when(pl.col("stated_on_precision") == "year")
        .then(pl.col("stated_on").dt.offset_by("1y").dt.truncate("1y").dt.offset_by("-1d"))
        .when(pl.col("stated_on_precision") == "month")
        .then(pl.col("stated_on").dt.month_end())
        .otherwise(pl.col("stated_on"))
    )


def traced(statements: pl.DataFrame) -> pl.DataFrame:
    """Add how far a statement can be followed to the official document it rests on.

    Returns:
        statements with document_number (as its citation prints it), is_primary_read (the document
        itself was read, not an account of it) and tracing: `number` (the document's own number is
        known), `list_entry` (an entry of an official list), `issuer_and_day` (who issued it and
        when, not its number), `own_notice` (the party's own words), `untraced`.
    """
    official = ~pl.col("authority").is_in(["PRESS", "COMPANY", "MODEL", "PRC_GOV"])
    number = pl.col("document").str.extract(NUMBER, 1)
    return statements.with_columns(
        document_number=number,
        is_primary_read=pl.col("read_via").is_in(["official_list", "official_text",
                                                  "court_opinion"]),
        tracing=pl.when(official & number.is_not_null())
        .then(pl.lit("number"))
        .when(pl.col("read_via") == "official_list")
        .then(pl.lit("list_entry"))
        .when(official & (pl.col("stated_on_precision") == "day"))
        .then(pl.lit("issuer_and_day"))
        .when(pl.col("kind") == "own_statement")
        .then(pl.lit("own_notice"))
        .otherwise(pl.lit("untraced")),
    )  # fmt: skip


def public_by(statements: pl.DataFrame, as_of: dt.date) -> pl.DataFrame:
    """The statements that anybody could have read on a day.

    One dated to a month or a year counts only when that month or year is over; one dated by a
    list's edition is public with that edition.
    """
    return statements.filter(public_on() <= as_of)


def legal_status(statements: pl.DataFrame, ends: pl.DataFrame, *, as_of: dt.date) -> pl.DataFrame:
    """The ledger: one row for each legal act, with its ending. Grain: status_id.

    Args:
        statements: with about, kind, authority, stated_on, is_edition_date and their document.
        ends: endings by statement_id; those after `as_of` do not count yet.
        as_of: the day that `is_in_force` speaks of.

    Returns:
        status_id, about, kind, authority, program, document, document_number, paragraph, from_on
        (null where only a list's edition dates it), from_precision, known_by_on, to_on,
        to_precision, ended_by, ended_by_authority, ending_document, ending_url, read_via,
        read_at, is_contested, is_in_force, as_of.

    Raises:
        EvidenceError: an ending of a statement that is not there, or before its beginning.
    """
    known = statements.select("statement_id", "stated_on")
    lost = ends.join(known, on="statement_id", how="anti")
    if lost.height:
        row = lost.row(0, named=True)
        raise EvidenceError(
            f"network_status_ends.csv: {row['end_id']} ends statement {row['statement_id']}, "
            "which is not there; mend statement_id or remove the row"
        )
    early = ends.join(known, on="statement_id").filter(pl.col("ended_on") < pl.col("stated_on"))
    if early.height:
        row = early.row(0, named=True)
        raise EvidenceError(
            f"network_status_ends.csv: {row['end_id']} ends statement {row['statement_id']} on "
            f"{row['ended_on']}, before its own day {row['stated_on']}; mend one of the two"
        )
    ended = (
        ends.filter(pl.col("ended_on") <= as_of)
        .sort("ended_on")
        .unique("statement_id", keep="first", maintain_order=True)
        .select(
            "statement_id",
            to_on="ended_on",
            to_precision="ended_on_precision",
            ended_by="ended_by",
            ended_by_authority="authority",
            ending_document="document",
            ending_url="url",
        )
    )
    undated = pl.col("is_edition_date")
    return (
        statements.filter(pl.col("kind").is_in(LEGAL_KINDS) & (pl.col("stated_on") <= as_of))
        .join(ended, on="statement_id", how="left")
        .select(
            status_id="statement_id",
            about="about",
            kind="kind",
            authority="authority",
            program="program",
            document="document",
            document_number=pl.col("document").str.extract(NUMBER, 1),
            paragraph=pl.when(pl.col("locator") != "whole page").then(pl.col("locator")),
            from_on=pl.when(~undated).then(pl.col("stated_on")),
            from_precision=pl.when(~undated).then(pl.col("stated_on_precision")),
            known_by_on="stated_on",
            to_on="to_on",
            to_precision="to_precision",
            ended_by="ended_by",
            ended_by_authority="ended_by_authority",
            ending_document="ending_document",
            ending_url="ending_url",
            read_via="read_via",
            read_at="url",
            is_contested="is_contested",
            is_in_force=pl.col("to_on").is_null(),
            as_of=pl.lit(as_of),
        )
        .sort("about", "known_by_on", "status_id")
    )


def delistings(
    changes: pl.DataFrame, entities: pl.DataFrame, statements: pl.DataFrame, voices: dict[str, str]
) -> pl.DataFrame:
    """Endings read from the lists themselves: an entry gone from one edition to the next.

    Args:
        changes: rows of the change contract (list_source, list_id, change, seen_at, …).
        entities: with list_key such as `OFAC:12209`, several parted by `;`.
        statements: about, authority, kind, stated_on.
        voices: list_source → authority.

    Returns:
        Rows in the shape of `network_status_ends`, one for every listing by that body of a party
        whose entry is gone; the day is that on which the edition without it was seen.
    """
    gone = (
        changes.filter((pl.col("change") == "removed") & pl.col("is_dprk"))
        .with_columns(
            authority=pl.col("list_source").replace_strict(
                voices, default=None, return_dtype=pl.String
            )
        )
        .select(
            "authority",
            "edition_after",
            key=pl.concat_str("authority", pl.lit(":"), "list_id"),
            ended_on=pl.col("seen_at").dt.date(),
        )
        .drop_nulls("key")
    )
    holders = (
        entities.select("entity_id", key=pl.col("list_key").str.split(";"))
        .explode("key")
        .drop_nulls("key")
    )
    return (
        gone.join(holders, on="key")
        .join(
            statements.filter(pl.col("kind").is_in(BLOCKING)).select(
                "statement_id", "stated_on", "authority", entity_id="about"
            ),
            on=["entity_id", "authority"],
        )
        .filter(pl.col("stated_on") <= pl.col("ended_on"))
        .sort("ended_on")
        .unique("statement_id", keep="first", maintain_order=True)
        .select(
            end_id=pl.concat_str(pl.lit("delisted-"), "statement_id"),
            statement_id="statement_id",
            ended_on="ended_on",
            ended_on_precision=pl.lit("day"),
            ended_by=pl.lit("delisted"),
            authority="authority",
            document=pl.concat_str(
                pl.lit("edition "), "edition_after", pl.lit(" without entry "), "key"
            ),
            locator="key",
            url=pl.lit(None, dtype=pl.String),
            note=pl.lit("the day on which the edition without the entry was seen"),
        )
    )


def designations(ledger: pl.DataFrame) -> pl.DataFrame:
    """Whose property is blocked, since when, by whom. Grain: entity_id (any `about`).

    Returns:
        entity_id, designated_on (null where no body's day is known), designated_by (every body
        in force, first dated first, parted by ;), is_designation_undated.
    """
    bodies = (
        ledger.filter(pl.col("kind").is_in(BLOCKING) & pl.col("is_in_force"))
        .group_by("about", "authority")
        .agg(from_on=pl.col("from_on").min())
        .sort("about", "from_on", "authority", nulls_last=True)
    )
    return (
        bodies.group_by("about", maintain_order=True)
        .agg(
            designated_on=pl.col("from_on").min(),
            designated_by=pl.col("authority").str.join(";"),
            is_designation_undated=pl.col("from_on").is_null().all(),
        )
        .rename({"about": "entity_id"})
    )


def standing(ledger: pl.DataFrame) -> pl.DataFrame:
    """Each party's status in words, gravest first. Grain: about.

    Returns:
        about, standing: `kind by AUTHORITY since day` of all acts in force, and what ended.
    """
    order = {kind: place for place, kind in enumerate(_GRAVEST)}
    known_to = pl.col("from_precision").replace_strict(
        {"day": 10, "month": 7, "year": 4}, default=None, return_dtype=pl.Int64
    )
    ended = (
        pl.col("to_on")
        .cast(pl.String)
        .str.slice(0, pl.when(pl.col("to_precision") == "day").then(10).otherwise(7))
    )
    words = (
        ledger.with_columns(
            rank=pl.col("kind").replace_strict(order, default=len(order)),
            since=pl.lit(" since ") + pl.col("from_on").cast(pl.String).str.slice(0, known_to),
            upto=pl.concat_str(pl.lit(", "), "ended_by", pl.lit(" "), ended),
        )
        .with_columns(
            text=pl.concat_str(
                pl.col("kind").str.replace_all("_", " "),
                pl.lit(" by "),
                "authority",
                pl.col("since").fill_null(" (day not known)"),
                pl.col("upto").fill_null(""),
            )
        )
        .sort("about", "is_in_force", "rank", "known_by_on", "text",
              descending=[False, True, False, False, False])
    )  # fmt: skip
    return words.group_by("about", maintain_order=True).agg(
        standing=pl.col("text").unique(maintain_order=True).str.join("; ")
    )


_GRAVEST = (
    "sentenced",
    "convicted",
    "forfeited",
    "final_rule",
    "designated",
    "blocked_by_order",
    "identified",
    "finding",
    "proposed_rule",
    "charged",
    "forfeiture_complaint",
    "warrant",
    "subpoenaed",
)
