"""The network for other tools: FollowTheMoney JSON lines and GraphML."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import networkx as nx
import polars as pl
from followthemoney import model
from followthemoney.proxy import EntityProxy

# relation → (schema, property of the source, property of the target)
_EDGES = {
    "owner": ("Ownership", "owner", "asset"),
    "parent": ("Ownership", "owner", "asset"),
    "vessel_owner": ("Ownership", "owner", "asset"),
    "director": ("Directorship", "director", "organization"),
    "employee": ("Employment", "employee", "employer"),
    "agent": ("Representation", "agent", "client"),
    "front_for": ("Representation", "agent", "client"),
    "payer": ("Payment", "payer", "beneficiary"),
    "family": ("Family", "person", "relative"),
}
_PROPERTIES = {
    "country": "country_iso2",
    "imoNumber": "imo_number",
    "registrationNumber": "registration_number",
    "swiftBic": "bic",
    "notes": "note",
}
_SAID = ("statement_id", "kind", "authority", "document", "locator", "url", "is_contested")
_OF_NODES = ("name", "schema", "stage", "country_iso2", "is_bank", "is_designated")
_OF_EDGES = ("relation", "stream", "money", "probability", "n_origins", "is_contested")
_BANK_TOPIC = "fin.bank"


def _party(row: dict[str, Any], said: list[dict[str, Any]]) -> EntityProxy:
    # there is no Bank schema: a bank is a company with a topic and a BIC
    proxy = model.make_entity("Company" if row["is_bank"] else row["schema"])
    proxy.id = row["entity_id"]
    proxy.add("name", row["name"])
    for alias in (row["aliases"] or "").split(";"):
        proxy.add("alias", alias or None)
    for name, column in _PROPERTIES.items():
        proxy.add(name, row[column], quiet=True)
    if row["is_bank"]:
        proxy.add("topics", _BANK_TOPIC, quiet=True)
    if row["is_designated"]:
        proxy.add("topics", "sanction", quiet=True)
    for statement in said:
        proxy.add("sourceUrl", statement["url"], quiet=True)
    return proxy


def _relation(
    row: dict[str, Any], schema_of: dict[str, str], said: list[dict[str, Any]]
) -> EntityProxy:
    schema, source, target = _EDGES.get(row["relation"], ("UnknownLink", "subject", "object"))
    edge = model.make_entity(schema)
    for name, party in ((source, row["source_id"]), (target, row["target_id"])):
        held = edge.schema.get(name)
        if held is None or held.range is None or not model[schema_of[party]].is_a(held.range):
            # a ship cannot own, a body cannot be employed: the tie stays, its type does not
            schema, source, target = "UnknownLink", "subject", "object"
            edge = model.make_entity(schema)
            break
    edge.id = row["link_id"]
    edge.add(source, row["source_id"])
    edge.add(target, row["target_id"])
    edge.add("role", row["relation"].replace("_", " "), quiet=True)
    edge.add("startDate", row["start_on"], quiet=True)
    edge.add("endDate", row["end_on"], quiet=True)
    for statement in said:
        edge.add("sourceUrl", statement["url"], quiet=True)
        edge.add("publisher", statement["authority"], quiet=True)
    return edge


def ftm_lines(entities: pl.DataFrame, links: pl.DataFrame, statements: pl.DataFrame) -> list[str]:
    """One FollowTheMoney entity per line, relations included, in id order.

    Args:
        entities, links, statements: rows of the published tables `entities`, `links`,
            `link_statements`.

    Returns:
        JSON texts; each carries `statements` and, on a relation, `probability`, which
        FollowTheMoney has no property for.
    """
    said: dict[str, list[dict[str, Any]]] = {}
    for row in statements.sort("statement_id").iter_rows(named=True):
        said.setdefault(row["about"], []).append(row)
    schema_of = {
        row["entity_id"]: "Company" if row["is_bank"] else row["schema"]
        for row in entities.iter_rows(named=True)
    }
    lines = []
    for row in entities.sort("entity_id").iter_rows(named=True):
        own = said.get(row["entity_id"], [])
        lines.append(_line(_party(row, own), own))
    for row in links.sort("link_id").iter_rows(named=True):
        own = said.get(row["link_id"], [])
        lines.append(
            _line(_relation(row, schema_of, own), own, probability=round(row["probability"], 4))
        )
    return lines


def _line(proxy: EntityProxy, said: list[dict[str, Any]], **more: Any) -> str:
    content = {
        **proxy.to_dict(),
        **more,
        "statements": [
            {key: statement[key] for key in _SAID} | {"date": statement["date"].isoformat()}
            for statement in said
        ],
    }
    return json.dumps(content, ensure_ascii=False, sort_keys=True, default=str)


def graph_of(entities: pl.DataFrame, links: pl.DataFrame) -> nx.MultiDiGraph:
    """The network as a directed multigraph; attributes are text or numbers only."""
    graph = nx.MultiDiGraph()
    for row in entities.sort("entity_id").iter_rows(named=True):
        graph.add_node(row["entity_id"], **{key: _plain(row[key]) for key in _OF_NODES})
    for row in links.sort("link_id").iter_rows(named=True):
        ends = (row["source_id"], row["target_id"])
        graph.add_edge(*ends, key=row["link_id"], **{key: _plain(row[key]) for key in _OF_EDGES})
    return graph


def _plain(value: Any) -> str | float | int | bool:
    if value is None:
        return ""
    if isinstance(value, str):
        # XML has no place for control characters
        return "".join(letter for letter in value if letter >= " " or letter in "\t\n")
    return value


def write_network_files(
    folder: Path, entities: pl.DataFrame, links: pl.DataFrame, statements: pl.DataFrame
) -> list[Path]:
    """Write network.ftm.json and network.graphml into `folder`; the same rows, the same bytes."""
    ftm = folder / "network.ftm.json"
    ftm.write_text("\n".join(ftm_lines(entities, links, statements)) + "\n", encoding="utf-8")
    graphml = folder / "network.graphml"
    text = "\n".join(nx.generate_graphml(graph_of(entities, links), prettyprint=True))
    graphml.write_text(text + "\n", encoding="utf-8")
    return [ftm, graphml]
