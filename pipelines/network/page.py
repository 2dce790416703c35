"""The network as a page of its own, and pages of tables.

Everything is inside: no request, and a policy that runs this page's own script and nothing else.
Text from data never becomes markup: it travels as JSON whose angle brackets are escaped, and the
script writes it as text nodes only.
"""

from __future__ import annotations

import base64
import hashlib
import json
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2
import networkx as nx
import numpy as np
import polars as pl
from rigour.territories import get_territory

from pipelines.network.evidence import shown_since
from pipelines.network.status import public_on
from pipelines.paths import stream_folders
from pipelines.schemas.network import LEGAL_KINDS

TEMPLATES = Path(__file__).resolve().parent / "templates"
STREAM_LABELS = {
    name: str(tomllib.loads((folder / "stream.toml").read_text(encoding="utf-8"))["title"])
    for name, folder in stream_folders().items()
} | {"finance": "Finance, any stream", "general": "Other"}
# who speaks, for readers who do not know the short names
AUTHORITY_LABELS = {
    "OFAC": "OFAC (US Treasury)",
    "UNSC": "UN Security Council",
    "EU": "European Union",
    "ROK": "South Korea",
    "JPN": "Japan",
    "UK": "United Kingdom",
    "DOJ": "US Department of Justice",
    "US_COURT": "US federal court",
    "US_PRESIDENT": "US President",
    "US_STATE": "US Department of State",
    "US_CBP": "US Customs",
    "FinCEN": "FinCEN (US Treasury)",
    "UN_PoE": "UN Panel of Experts",
    "MSMT": "Multilateral Sanctions Monitoring Team",
    "PRC_GOV": "Government of China",
    "COMPANY": "the party itself",
    "PRESS": "press",
}
# the page opens on the first; each is nothing but an address
QUESTIONS = {
    "Banks of China": "type=Bank&country=CN.HK.MO",
    "Banks with an act in force": "type=Bank&status=any",
    "Ships": "type=Vessel",
    "Coal": "stream=coal",
    "Workers abroad": "stream=labor",
    "IT workers": "stream=it_workers",
    "Named, nothing in force": "status=none",
    "Everyone": "all=1",
}
# from left to right
STAGES = ("asset", "broker", "front", "bank", "regime")
_CHINA = {"CN.HK.MO": "China, Hong Kong, Macao"}


def safe_json(value: Any) -> str:
    """JSON that may stand inside a script element whatever text it holds."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, default=str, separators=(",", ":"))
    for mark, escape in (
        ("&", "\\u0026"),
        ("<", "\\u003c"),
        (">", "\\u003e"),
        ("\u2028", "\\u2028"),
        ("\u2029", "\\u2029"),
    ):
        text = text.replace(mark, escape)
    return text


def country_names(codes: Iterable[str]) -> dict[str, str]:
    """English names of ISO 3166 alpha-2 codes; a code nobody knows stands for itself."""
    found = {code: get_territory(code) for code in codes}
    return {code: place.name if place else code for code, place in found.items()}


def render_network_page(
    entities: pl.DataFrame,
    links: pl.DataFrame,
    statements: pl.DataFrame,
    ledger: pl.DataFrame,
    *,
    attribution: pl.DataFrame | None = None,
    exposure: pl.DataFrame | None = None,
    amounts: pl.DataFrame | None = None,
    report: str = "report.html",
) -> str:
    """The whole page: questions, filters, graph, lists, a panel for a party, paths, addresses.

    A party or a relation is on the page from the day on which what names it was public
    (`shown_since` has the rule); a relation that a model alone infers is never.

    Args:
        entities, links, statements: rows of the published tables `entities`, `links`,
            `link_statements`; each party and relation shows its own statements.
        ledger: rows of `legal_status`; which statements are legal acts and what ended them.
        attribution: rows of `attribution_annual`: dollars of a stream and year placed on a party.
        exposure: rows of `bank_exposure`: dollars documented at a bank, or that may have passed.
        amounts: rows of `network_amounts`: sums as documents state them.
        report: address of the page to go back to.

    Returns:
        HTML that loads nothing.
    """
    data = _data(entities, links, statements, ledger, attribution, exposure, amounts)
    style = (TEMPLATES / "network.css").read_text(encoding="utf-8")
    script = (TEMPLATES / "network.js").read_text(encoding="utf-8")
    return _environment().get_template("network.html.j2").render(
        style=style,
        script=script,
        policy=content_policy(style, script),
        data=safe_json(data),
        as_of=data["asOf"],
        report=report,
        questions=QUESTIONS,
        streams=STREAM_LABELS,
        types=sorted({node["t"] for node in data["nodes"]}),
        countries=_CHINA | dict(sorted(data["countries"].items(), key=lambda pair: pair[1])),
        statuses=sorted({kind for kind in ledger["kind"]}),
        endings=sorted({word for word in ledger["ended_by"] if word}),
        years=sorted(data["years"], reverse=True),
    )  # fmt: skip


def content_policy(style: str, script: str = "") -> str:
    """A policy that lets this style and this script stand, by their hashes, and nothing else."""

    def fingerprint(text: str) -> str:
        return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()

    runs = f"script-src 'sha256-{fingerprint(script)}'; " if script else ""
    return (
        f"default-src 'none'; {runs}"
        f"style-src 'sha256-{fingerprint(style)}'; base-uri 'none'; form-action 'none'"
    )


def _data(
    entities: pl.DataFrame,
    links: pl.DataFrame,
    statements: pl.DataFrame,
    ledger: pl.DataFrame,
    attribution: pl.DataFrame | None,
    exposure: pl.DataFrame | None,
    amounts: pl.DataFrame | None,
) -> dict[str, Any]:
    """What the script reads; short names, for it is most of the page's weight."""
    statements = statements.rename(
        {"date": "stated_on", "date_precision": "stated_on_precision"}
    ).with_columns(public=public_on())
    said, by_id, documents = _statements(statements, ledger)
    parties, relations = shown_since(entities, links, statements, day="public")
    rows = parties.drop_nulls("since").sort("entity_id")
    ties = relations.drop_nulls("since").sort("link_id")
    number = {name: place for place, name in enumerate(rows["entity_id"])}
    placed = _by_party(
        attribution,
        "node_id",
        ("stream", "year", "usd_mean", "usd_q05", "usd_q95"),
        pl.col("usd_mean") > 0,
    )
    passed = _by_party(
        exposure,
        "bank_id",
        ("stream", "year", "documented_usd", "documented_scheme_usd", "attributed_usd_mean"),
        pl.any_horizontal(
            pl.col("documented_usd", "documented_scheme_usd", "attributed_usd_mean") > 0
        ),
    )
    stated = _amounts(amounts, by_id)
    nodes: list[dict[str, Any]] = [
        {
            "id": row["entity_id"],
            "n": row["name"],
            "a": row["aliases"] or "",
            "t": "Bank" if row["is_bank"] else row["schema"],
            "s": row["stage"],
            "c": row["country_iso2"] or "",
            "b": row["bank_size_tier"] or "",
            "o": row["note"] or "",
            "d": str(row["since"]),
            "q": said.get(row["entity_id"], []),
            "u": placed.get(row["entity_id"], []),
            "e": passed.get(row["entity_id"], []),
            "m": stated.get(row["entity_id"], []),
        }
        for row in rows.iter_rows(named=True)
    ]
    edges: list[dict[str, Any]] = [
        {
            "id": row["link_id"],
            "f": number[row["source_id"]],
            "g": number[row["target_id"]],
            "r": row["relation"].replace("_", " "),
            "s": row["stream"],
            "p": round(row["probability"], 2),
            "w": row["n_origins"],
            "y": [row["start_on"] and row["start_on"].year, row["end_on"] and row["end_on"].year],
            "d": str(row["since"]),
            "q": said[row["link_id"]],
        }
        for row in ties.iter_rows(named=True)
    ]
    for node, place in zip(nodes, _places(nodes, edges), strict=True):
        node["p"] = place
    return {
        "nodes": nodes,
        "edges": edges,
        "documents": documents,
        "asOf": str(ledger["as_of"].max() or statements["public"].max() or ""),
        "countries": country_names({node["c"] for node in nodes} - {""}),
        "streams": STREAM_LABELS,
        "authorities": AUTHORITY_LABELS,
        "legal": list(LEGAL_KINDS),
        "years": sorted(
            {one[1] for node in nodes for one in (*node["u"], *node["e"])}
            | {year for edge in edges for year in edge["y"] if year}
        ),
    }


def _places(
    nodes: Sequence[Mapping[str, Any]], edges: Sequence[Mapping[str, Any]]
) -> list[list[float]]:
    """A place for each party: stages from left to right, those tied to each other near each other.

    A page orders what it shows by these, so only their order matters. The same network, the same
    places.
    """
    graph = nx.Graph()
    graph.add_nodes_from(range(len(nodes)))
    graph.add_edges_from((edge["f"], edge["g"]) for edge in edges)
    found = nx.spring_layout(graph, iterations=60 if len(nodes) < 500 else 25, seed=1)
    if not found:
        return []
    spread = np.array([found[at] for at in range(len(nodes))])
    column = np.array([STAGES.index(node["s"]) if node["s"] in STAGES else 2 for node in nodes])
    across = column + 0.9 * spread[:, 0] / max(float(np.abs(spread[:, 0]).max()), 1e-9)
    return [
        [round(float(x), 3), round(float(y), 3)] for x, y in zip(across, spread[:, 1], strict=True)
    ]


def _statements(
    statements: pl.DataFrame, ledger: pl.DataFrame
) -> tuple[dict[str, list[list[Any]]], dict[str, list[Any]], list[list[str]]]:
    """Statements by what they are about and by id, and the documents they point to, each once.

    A statement: kind, authority, its day as known, the day it was public, document's place,
    locator, is contested, then what ended it: day, word, authority, document, address.
    """
    endings = ledger.select(
        "status_id",
        "to_on",
        "ended_by",
        "ended_by_authority",
        "ending_document",
        "ending_url",
    ).filter(pl.col("to_on").is_not_null())
    rows = statements.join(endings, left_on="statement_id", right_on="status_id", how="left").sort(
        "stated_on", "statement_id"
    )
    places: dict[tuple[str, str], int] = {}
    said: dict[str, list[list[Any]]] = {}
    by_id: dict[str, list[Any]] = {}
    for row in rows.iter_rows(named=True):
        document = places.setdefault((row["document"], row["url"] or ""), len(places))
        day = row["stated_on"].isoformat()
        day = day[: {"year": 4, "month": 7}.get(row["stated_on_precision"], 10)]
        told = [
            row["kind"],
            row["authority"],
            f"listed by {day}" if row["is_edition_date"] else day,
            str(row["public"]),
            document,
            row["locator"],
            row["is_contested"],
        ]
        if row["to_on"]:
            told += [
                str(row["to_on"]),
                row["ended_by"],
                row["ended_by_authority"],
                row["ending_document"] or "",
                row["ending_url"] or "",
            ]
        said.setdefault(row["about"], []).append(told)
        by_id[row["statement_id"]] = told
    return said, by_id, [list(pair) for pair in places]


def _by_party(
    frame: pl.DataFrame | None, key: str, columns: Sequence[str], kept: pl.Expr
) -> dict[str, list[list[Any]]]:
    """Rows of a table of dollars by party, USD rounded to whole dollars."""
    if frame is None:
        return {}
    rows: dict[str, list[list[Any]]] = {}
    for name, stream, year, *usd in (
        frame.filter(kept).sort(key, "year", "stream").select(key, *columns).iter_rows()
    ):
        whole = [None if one is None else round(one) for one in usd]
        rows.setdefault(name, []).append([stream, year, *whole])
    return rows


def _amounts(
    amounts: pl.DataFrame | None, by_id: Mapping[str, list[Any]]
) -> dict[str, list[list[Any]]]:
    """Sums as documents state them, by party named, with their statement; none without one.

    A sum: USD, bound, how many parties share it, measure, first and last day, remark, statement.
    """
    rows: dict[str, list[list[Any]]] = {}
    if amounts is None:
        return rows
    for row in amounts.sort("window_start_on", "amount_id").iter_rows(named=True):
        if row["statement_id"] not in by_id:
            continue
        parties = row["parties"].split(";") if row["parties"] else []
        told = [
            row["usd"],
            row["bound"].replace("_", " "),
            len(parties),
            row["measure"],
            str(row["window_start_on"]),
            str(row["window_end_on"]),
            row["note"] or "",
            by_id[row["statement_id"]],
        ]
        for name in parties:
            rows.setdefault(name, []).append(told)
    return rows


def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def render_tables_page(
    title: str,
    text: Sequence[str],
    tables: Sequence[Mapping[str, Any]],
    *,
    report: str = "report.html",
) -> str:
    """A page of its own for tables: text and cells escaped, nothing loaded, no script.

    Args:
        title: heading. text: paragraphs.
        tables: caption, columns, rows (text) each.
        report: address of the page to go back to.
    """
    style = (TEMPLATES / "network.css").read_text(encoding="utf-8")
    return (
        _environment()
        .get_template("tables.html.j2")
        .render(
            title=title,
            text=text,
            tables=tables,
            report=report,
            style=style,
            policy=content_policy(style),
        )
    )
