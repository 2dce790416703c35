"""From staged tables to the whole network, whatever the day: joined, resolved into one, graded."""

from __future__ import annotations

import duckdb
import polars as pl

from pipelines.network.entities import (
    documented_usd,
    from_lists,
    list_keys_of,
    lists_loaded,
    merge,
    parties_frame,
    typed_links,
)
from pipelines.network.evidence import classify
from pipelines.network.on_day import listed_rows, settings_of
from pipelines.network.resolution import (
    decide,
    exact_pairs,
    join_parties,
    name_pairs,
    person_pairs,
)
from pipelines.warehouse import read_frame


def assemble(
    connection: duckdb.DuckDBPyConnection,
) -> tuple[dict[str, pl.DataFrame], dict[str, int]]:
    """Join our cited cases and the official lists, decide which rows are one party, grade.

    Args:
        connection: the work database with its staged tables; only read.

    Returns:
        The network whatever the day, frames by the table of schema `network` they fill; counts of
        what came in and what was merged.
    """
    own = read_frame(connection, "staged.network_entities")
    types = read_frame(connection, "staged.relation_types")
    links = read_frame(connection, "staged.network_links")
    said = read_frame(connection, "staged.network_statements")
    amounts = read_frame(connection, "staged.network_amounts")
    decisions = read_frame(connection, "staged.entity_decisions")
    grades = read_frame(connection, "staged.evidence_grades")
    settings = settings_of(connection)
    parties = own.join(
        list_keys_of(said, own), left_on="entity_id", right_on="about", how="left"
    ).with_columns(
        list_source=pl.lit("own"),
        birth_dates=pl.lit(None, dtype=pl.String),
        passport_numbers=pl.lit(None, dtype=pl.String),
    )
    listed = listed_rows(connection)
    list_ties: list[str] = []
    rows_in = (parties.height, links.height, said.height)
    if listed is not None:
        more, more_links, more_said = from_lists(*listed)
        list_ties = more_links["link_id"].to_list()
        parties = pl.concat([parties, more.select(parties.columns)])
        links = pl.concat([links, more_links.select(links.columns)])
        said = pl.concat([said, more_said.select(said.columns)])
    links = typed_links(links, types, parties)
    frame = parties_frame(parties)
    pairs = decide(
        pl.concat([exact_pairs(frame), person_pairs(frame)]).unique(
            ["left_id", "right_id"], keep="first", maintain_order=True
        ),
        name_pairs(frame),
        decisions,
        documented_usd=documented_usd(amounts),
        review_share=settings["review_share"][0],
        kinds=dict(frame.select("party_id", "kind").iter_rows()),
    )
    joined = join_parties(frame, pairs, preferred=set(own["entity_id"]))
    canonical, pairs = joined.canonical, joined.pairs
    whole, ties, statements = merge(parties, links, said, canonical, list_ties)
    statements = classify(statements, grades)
    heads = pl.col("parties").str.split(";").list.eval(pl.element().replace(canonical))
    named = frame.select(
        "party_id", name=pl.col("names").list.first(), list="list_source"
    ).with_columns(head=pl.col("party_id").replace_strict(canonical, return_dtype=pl.String))
    for side in ("left", "right"):
        pairs = pairs.join(
            named.rename({one: f"{side}_{one}" for one in ("name", "list", "head")}),
            left_on=f"{side}_id",
            right_on="party_id",
            how="left",
            maintain_order="left",
        )
    outcome = dict(pairs.group_by("outcome").len().iter_rows())
    return (
        {
            "all_entities": whole,
            "all_links": ties,
            "all_statements": statements,
            "all_amounts": amounts.with_columns(parties=heads.list.join(";")),
            "entity_pairs": pairs,
            "lists": lists_loaded(None if listed is None else listed[0]),
        },
        {
            "own_parties": rows_in[0],
            "own_links": rows_in[1],
            "own_statements": rows_in[2],
            "list_parties": parties.height - rows_in[0],
            "links": ties.height,
            "statements": statements.height,
            "pairs_merged": outcome.get("merged", 0),
            "pairs_waiting_for_review": outcome.get("waits", 0),
        },
    )
