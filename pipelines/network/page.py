"""The network as a piece of a page: search it, filter it by stream, point at a party.

Everything is inside: no library, no request. Text from data never becomes markup: it travels as
JSON whose angle brackets are escaped, and the script writes it as text nodes only.
"""

from __future__ import annotations

import html
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2
import networkx as nx
import polars as pl

TEMPLATES = Path(__file__).resolve().parent / "templates"
STAGES = ("asset", "broker", "front", "bank", "regime")
STAGE_COLOURS = {
    "asset": "#8a6d3b",
    "broker": "#0b6e99",
    "front": "#b4552d",
    "bank": "#6b4c9a",
    "regime": "#3b3b3b",
}
STREAM_LABELS = {
    "coal": "coal",
    "labor": "labor",
    "it_workers": "IT workers",
    "finance": "finance",
    "general": "other",
}
_ROWS_PER_COLUMN = 46
_UNTANGLE_SWEEPS = 6


def safe_json(value: Any) -> str:
    """JSON that may stand inside a script element whatever text it holds."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
    for mark, escape in (
        ("&", "\\u0026"),
        ("<", "\\u003c"),
        (">", "\\u003e"),
        ("\u2028", "\\u2028"),
        ("\u2029", "\\u2029"),
    ):
        text = text.replace(mark, escape)
    return text


def layout(entities: pl.DataFrame, links: pl.DataFrame) -> dict[str, tuple[float, float]]:
    """Where each party stands, in units of the drawing: stages from left to right.

    Within a stage parties stand near those they are tied to (repeated barycentres), so that
    clusters lie together and few lines cross. The same rows give the same picture.
    """
    stage = dict(entities.select("entity_id", "stage").iter_rows())
    graph = nx.Graph()
    graph.add_nodes_from(sorted(stage))
    graph.add_edges_from(links.sort("link_id").select("source_id", "target_id").iter_rows())
    parts = sorted(nx.connected_components(graph), key=lambda part: (-len(part), min(part)))
    height: dict[str, float] = {}
    for number, part in enumerate(parts):
        for place, name in enumerate(sorted(part)):
            height[name] = number * 1_000 + place
    columns = {name: [n for n in sorted(stage) if stage[n] == name] for name in STAGES}
    for _ in range(_UNTANGLE_SWEEPS):
        for members in columns.values():
            wanted = {
                name: (
                    sum(height[other] for other in graph[name]) / graph.degree(name)
                    if graph.degree(name)
                    else height[name]
                )
                for name in members
            }
            for place, name in enumerate(sorted(members, key=lambda n: (wanted[n], n))):
                height[name] = place * 1_000 / max(len(members), 1)
    positions = {}
    x = 0.0
    for members in columns.values():
        ordered = sorted(members, key=lambda n: (height[n], n))
        wide = max(1, -(-len(ordered) // _ROWS_PER_COLUMN))
        rows = max(1, -(-len(ordered) // wide))
        for place, name in enumerate(ordered):
            # neighbours in order stand side by side, so that a cluster stays one block
            positions[name] = (x + (place % wide) * 26, (place // wide + 0.5) * 1_000 / rows)
        x += (wide - 1) * 26 + 190
    return positions


def render_network_section(
    entities: pl.DataFrame,
    links: pl.DataFrame,
    statements: pl.DataFrame,
    attribution: pl.DataFrame | None = None,
    interdiction: pl.DataFrame | None = None,
    ledger: pl.DataFrame | None = None,
) -> str:
    """An HTML fragment that draws the network and answers search, filter and hover.

    Args:
        entities, links, statements: rows of the published tables `entities`, `links`,
            `link_statements`; each party and relation shows its own statements.
        attribution: rows of `attribution_annual`; sizes parties by mean dollars over all years.
        interdiction: rows of `interdiction_nodes`; adds the chance of being in the best k.
        ledger: rows of `legal_status`; what ended is said beside the statement.

    Returns:
        One `<div>` with its style and script; ready to stand anywhere in a page.
    """
    where = layout(entities, links)
    usd: dict[str, float] = {}
    if attribution is not None and attribution.height:
        usd = dict(
            attribution.filter(pl.col("node_id") != "UNATTRIBUTED")
            .group_by("node_id")
            .agg(pl.col("usd_mean").sum())
            .iter_rows()
        )
    best: dict[str, list[str]] = {}
    if interdiction is not None and interdiction.height:
        last = interdiction.filter(pl.col("k") == pl.col("k").max())
        for name, k, share in last.select("node_id", "k", "p_in_best_k").iter_rows():
            best[name] = [f"among the best {k} designations still open in {share:.0%} of draws"]
    over: dict[str, str] = {}
    if ledger is not None:
        over = {
            status_id: f" ({ended_by} {to_on})"
            for status_id, ended_by, to_on in ledger.filter(pl.col("to_on").is_not_null())
            .select("status_id", "ended_by", "to_on")
            .iter_rows()
        }
    said: dict[str, list[list[Any]]] = {}
    for row in statements.sort("date", "statement_id").iter_rows(named=True):
        said.setdefault(row["about"], []).append(
            [
                row["kind"].replace("_", " ") + over.get(row["statement_id"], ""),
                row["authority"],
                row["date"].isoformat()[: {"year": 4, "month": 7}.get(row["date_precision"], 10)],
                row["document"],
                row["locator"],
                row["url"],
                row["is_contested"],
            ]
        )
    number = {name: place for place, name in enumerate(sorted(where))}
    nodes = [
        {
            "n": row["name"],
            "a": row["aliases"] or "",
            "t": row["schema"],
            "s": row["stage"],
            "c": row["country_iso2"] or "",
            "b": row["bank_size_tier"] or "",
            "d": row["is_designated"],
            "x": round(where[row["entity_id"]][0], 1),
            "y": round(where[row["entity_id"]][1], 1),
            "u": round(usd.get(row["entity_id"], 0.0)),
            "i": best.get(row["entity_id"], []),
            "q": said.get(row["entity_id"], []),
        }
        for row in entities.sort("entity_id").iter_rows(named=True)
    ]
    edges = [
        {
            "f": number[row["source_id"]],
            "g": number[row["target_id"]],
            "r": row["relation"].replace("_", " "),
            "s": row["stream"],
            "p": round(row["probability"], 2),
            "q": said.get(row["link_id"], []),
        }
        for row in links.sort("link_id").iter_rows(named=True)
    ]
    data = safe_json({"nodes": nodes, "edges": edges, "colours": STAGE_COLOURS})
    boxes = "".join(
        f'<label><input type="checkbox" value="{html.escape(value)}" checked> '
        f"{html.escape(label)}</label>"
        for value, label in STREAM_LABELS.items()
    )
    legend = "".join(
        f'<span><i style="background:{colour}"></i>{html.escape(stage)}</span>'
        for stage, colour in STAGE_COLOURS.items()
    )
    return (
        (TEMPLATES / "network.html")
        .read_text(encoding="utf-8")
        .replace("@@BOXES@@", boxes)
        .replace("@@LEGEND@@", legend)
        .replace("@@SCRIPT@@", (TEMPLATES / "network.js").read_text(encoding="utf-8"))
        # last: data is never searched for marks
        .replace("@@DATA@@", data)
    )


def render_network_page(fragment: str, *, title: str = "DPRK Revenue: the network") -> str:
    """A whole page around the fragment, for a file of its own; it loads nothing."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "script-src 'unsafe-inline'; style-src 'unsafe-inline'\">"
        f"<title>{html.escape(title)}</title></head>"
        '<body style="margin:1rem;font:15px/1.5 system-ui,sans-serif">'
        f"<h1>{html.escape(title)}</h1>{fragment}</body></html>"
    )


def render_tables_page(title: str, text: Sequence[str], tables: Sequence[Mapping[str, Any]]) -> str:
    """A page of its own for tables: text and cells escaped, nothing loaded, no script.

    Args:
        title: heading. text: paragraphs.
        tables: caption, columns, rows (text) each.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("tables.html.j2").render(title=title, text=text, tables=tables)
