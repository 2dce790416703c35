"""The network in a release: a page of its own, pairs that wait for a reviewer, files for tools."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from pipelines.network.exports import write_network_files
from pipelines.network.page import render_network_page, render_tables_page


def network_outputs(folder: Path, reader: duckdb.DuckDBPyConnection) -> None:
    """Write the network's pages and files.

    Writes network.html, merges_waiting.html, network.ftm.json and network.graphml.

    Args:
        folder: the release being built.
        reader: a connection to its database, where the network's tables stand finished.
    """
    entities, links, statements, ledger, attribution, exposure, amounts = (
        reader.sql(f"select * from {table} order by all").pl()
        for table in (
            "entities",
            "links",
            "link_statements",
            "legal_status",
            "attribution_annual",
            "bank_exposure",
            "network_amounts",
        )
    )
    waiting = reader.table("merges_waiting").order("score desc, left_id, right_id").pl()
    (folder / "network.html").write_text(
        render_network_page(
            entities,
            links,
            statements,
            ledger,
            attribution=attribution,
            exposure=exposure,
            amounts=amounts,
        ),
        encoding="utf-8",
    )
    write_network_files(folder, entities, links, statements)
    (folder / "merges_waiting.html").write_text(
        render_tables_page(
            "Pairs that may be one party",
            [
                "Nobody has looked at these pairs yet, and none changes a number. To answer, put "
                "the pair's line into pipelines/reference/entity_decisions.csv with same, "
                "different or unsure, your name, the day and the reason; deleting the line "
                "undoes it."
            ],
            [_merges_table(waiting)],
        ),
        encoding="utf-8",
    )


def _merges_table(waiting: pl.DataFrame) -> dict[str, Any]:
    return {
        "caption": f"{waiting.height} pairs",
        "columns": ["one", "list", "the other", "list", "by", "score", "why it waits", "line"],
        "rows": [
            [
                row["left_name"],
                row["left_list"],
                row["right_name"],
                row["right_list"],
                row["basis"].replace("_", " "),
                f"{row['score']:.2f}",
                row["reason"],
                f"{row['left_id']},{row['right_id']},DECISION,NAME,DAY,REASON",
            ]
            for row in waiting.iter_rows(named=True)
        ],
    }
