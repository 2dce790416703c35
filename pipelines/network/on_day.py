"""The network as anybody could know it on a day: evidence that was not public by then is out."""

from __future__ import annotations

import datetime as dt
import os
from dataclasses import dataclass

import duckdb
import polars as pl

from pipelines.network.evidence import link_probabilities, publishable
from pipelines.network.status import delistings, designations, legal_status, public_by, traced
from pipelines.voices import LIST_VOICES
from pipelines.warehouse import has_table, read_frame

LISTED = ("listed_parties", "listed_aliases", "listed_links")
CHANGES = "listing_changes"
DAY_TABLES = ("entities", "links", "link_statements", "legal_status", "amounts")


def settings_of(connection: duckdb.DuckDBPyConnection) -> dict[str, tuple[float, float, float]]:
    """Judged settings of the network: name to (value, low, high)."""
    rows = read_frame(connection, "staged.network_settings").select("name", "value", "low", "high")
    return {name: (value, low, high) for name, value, low, high in rows.iter_rows()}


def as_of_run(connection: duckdb.DuckDBPyConnection) -> dt.date:
    """The day the network speaks of: DPRK_AS_OF, else the latest of this month's first day and the
    last day anything on hand is dated to, so that the same evidence gives the same tables.

    Raises:
        ValueError: DPRK_AS_OF is not a date.
    """
    asked = os.environ.get("DPRK_AS_OF", "")
    if asked:
        try:
            return dt.date.fromisoformat(asked)
        except ValueError as error:
            raise ValueError(f"DPRK_AS_OF is {asked!r}; give a date as YYYY-MM-DD") from error
    today = dt.datetime.now(dt.UTC).date()
    days = [read_frame(connection, "staged.network_statements")["stated_on"].max()]
    if has_table(connection, "staged.listed_parties"):
        listed = read_frame(connection, "staged.listed_parties").filter("is_dprk")
        listed_on = pl.coalesce("listed_on", "edition_on", pl.col("retrieved_at").dt.date())
        days.append(listed.select(listed_on.max()).item())
    told = [day for day in days if isinstance(day, dt.date) and day <= today]
    return max([today.replace(day=1), *told])


def listed_rows(
    connection: duckdb.DuckDBPyConnection,
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame] | None:
    """Rows of the official lists, when any edition has been taken in."""
    if not all(has_table(connection, f"staged.{name}") for name in LISTED):
        return None
    parties, aliases, links = (read_frame(connection, f"staged.{name}") for name in LISTED)
    return (parties, aliases, links) if parties.height else None


@dataclass(frozen=True)
class NetworkOn:
    """The network as anybody could know it on a day; names of fields are names of tables."""

    as_of: dt.date
    entities: pl.DataFrame
    links: pl.DataFrame
    link_statements: pl.DataFrame
    legal_status: pl.DataFrame
    amounts: pl.DataFrame

    def shown(self) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
        """What the walk may use: only parties, relations and statements that may be shown."""
        return (
            self.entities.filter("is_publishable"),
            self.links.filter("is_publishable"),
            self.link_statements.filter("is_publishable"),
        )


def network_on(connection: duckdb.DuckDBPyConnection, as_of: dt.date) -> NetworkOn:
    """Parties, relations, statements and ledger from what was public by a day."""
    settings = settings_of(connection)
    everything = read_frame(connection, "network.all_statements")
    statements = public_by(everything, as_of)
    ends = read_frame(connection, "staged.network_status_ends").join(
        statements.select("statement_id"), on="statement_id", how="semi"
    )
    if has_table(connection, f"staged.{CHANGES}"):
        found = delistings(
            read_frame(connection, f"staged.{CHANGES}"),
            read_frame(connection, "network.all_entities"),
            statements,
            {name: voice.authority for name, voice in LIST_VOICES.items()},
        )
        ends = pl.concat([ends, found.select(ends.columns)])
    ledger = legal_status(statements, ends, as_of=as_of)
    links = read_frame(connection, "network.all_links")
    probability = link_probabilities(
        statements, links, contested_factor=settings["contested_factor"][0]
    )
    whole, ties, said = publishable(
        read_frame(connection, "network.all_entities").join(
            designations(ledger), on="entity_id", how="left"
        ),
        links.join(probability, on="link_id", how="left"),
        traced(statements),
    )
    ties = ties.with_columns(is_publishable=pl.col("is_publishable") & ~pl.col("only_inferred"))
    spoken = said.filter("is_publishable")["statement_id"]
    amounts = (
        read_frame(connection, "network.all_amounts")
        .join(statements.select("statement_id"), on="statement_id", how="semi")
        .with_columns(
            held_back=pl.when(
                pl.col("held_back").is_null() & ~pl.col("statement_id").is_in(spoken.implode())
            )
            .then(pl.lit("not_shown"))
            .otherwise("held_back")
        )
    )
    return NetworkOn(as_of, whole, ties, said, ledger, amounts)
