"""A plain page per table: what it holds, what its columns mean, its first rows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import jinja2

from pipelines.publish.contract import PublishedTable
from pipelines.publish.release import DATABASE_NAME, macro_files

SHOWN_ROWS = 25
_TEMPLATES = Path(__file__).resolve().parent / "templates"


def cell(value: Any) -> dict[str, str]:
    """A value as a reader sees it, and where it leads when it is an address."""
    if value is None:
        return {"text": "", "kind": "none"}
    if isinstance(value, bool):
        return {"text": "yes" if value else "no", "kind": "text"}
    if isinstance(value, int):
        return {"text": str(value), "kind": "number"}
    if isinstance(value, float):
        return {"text": f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}", "kind": "number"}
    if isinstance(value, dt.datetime):
        return {"text": f"{value:%Y-%m-%d %H:%M}", "kind": "text"}
    text = str(value)
    # an address is followed only where it is one for browsers
    is_address = text.startswith(("https://", "http://")) and not any(c.isspace() for c in text)
    return {"text": text, "kind": "address" if is_address else "text"}


def _rows(
    reader: duckdb.DuckDBPyConnection, table: PublishedTable
) -> tuple[list[list[dict[str, str]]], int]:
    found = reader.execute(f'from "{table.name}" limit {SHOWN_ROWS}').fetchall()
    count = reader.execute(f'select count(*) from "{table.name}"').fetchone()
    return [[cell(value) for value in row] for row in found], int(count[0]) if count else 0


def write_tables(folder: Path, contract: Mapping[str, PublishedTable]) -> None:
    """Write `tables/<name>.html` for every table of a release, and `tables/index.html`.

    Args:
        folder: the release under construction; its database is finished.
        contract: the promised tables; those the database has not are left out.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    target = folder / "tables"
    target.mkdir()
    referenced: dict[str, list[str]] = {}
    for table in contract.values():
        for parent in table.references.values():
            referenced.setdefault(parent, []).append(table.name)
    with duckdb.connect(str(folder / DATABASE_NAME), read_only=True) as reader:
        there = {row[0] for row in reader.execute("show tables").fetchall()}
        tables = [table for table in contract.values() if table.name in there]
        listed = []
        page = environment.get_template("table.html.j2")
        for table in tables:
            rows, count = _rows(reader, table)
            listed.append({"table": table, "rows": count})
            html = page.render(
                table=table, rows=rows, count=count, referenced=referenced.get(table.name, [])
            )
            (target / f"{table.name}.html").write_text(html, encoding="utf-8")
        macros = reader.execute(
            "select function_name, comment from duckdb_functions() where not internal "
            "and function_type in ('macro', 'table_macro') order by function_name"
        ).fetchall()
    told = {name: comment for name, comment in macros if name in macro_files()}
    index = environment.get_template("tables.html.j2")
    (target / "index.html").write_text(index.render(listed=listed, macros=told), encoding="utf-8")
