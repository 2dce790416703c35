"""SQL that reads a table of ours stands in a file; Python holds what names no table."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.paths import REPOSITORY

# files that read tables by name all the same, and why
GLUE = {
    "pipelines/warehouse.py": "its own book of what each table was made from",
    "pipelines/reader/release.py": "a package that is installed alone, without the folder of SQL",
}
LAYERS = "raw|staged|facts|shipping|estimates|network|published|meta"
STATEMENT = re.compile(r"\s*(select|with\s+\w+\s+as\s*\(|insert|delete|update|copy|create)\b", re.I)
NAMED = re.compile(r"\b(?:from|join|into|update)\s+([a-z_]\w*(?:\.\w+)*)(?![\w.{(])", re.I)
OURS = re.compile(rf"\b(?:from|join|into)\s+((?:{LAYERS})\.[a-z_]\w*)(?![\w.{{])", re.I)
# the engine's own books, and frames lent to it
ENGINE = re.compile(r"information_schema\.|incoming_frame$")


def texts(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Every string of a module but docstrings, with `{}` for what is put in."""
    passed: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            passed.add(id(node.value))
        if isinstance(node, ast.JoinedStr):
            passed |= {id(one) for one in ast.walk(node) if one is not node}
    for node in ast.walk(tree):
        if id(node) in passed:
            continue
        if isinstance(node, ast.JoinedStr):
            parts = (
                str(one.value) if isinstance(one, ast.Constant) else "{}" for one in node.values
            )
            yield node.lineno, "".join(parts)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value


def tables_named(text: str) -> list[str]:
    """Tables that a string reads or writes by a name of its own."""
    found = OURS.findall(text)
    if STATEMENT.match(text):
        found += [one for one in NAMED.findall(text) if not ENGINE.match(one)]
    return sorted(set(found))


def broken(path: Path) -> list[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [f"line {line}: {', '.join(found)}" for line, text in texts(tree)
            if (found := tables_named(text))]  # fmt: skip


FILES = sorted(
    path for root in ("assets", "pipelines") for path in (REPOSITORY / root).rglob("*.py")
)


def test_python_reads_no_table_by_a_name_in_a_string():
    found = {str(path.relative_to(REPOSITORY)): broken(path) for path in FILES}
    assert {name: lines for name, lines in found.items() if lines and name not in GLUE} == {}


@pytest.mark.parametrize("name", sorted(GLUE))
def test_what_is_let_be_still_needs_it(name):
    assert broken(REPOSITORY / name)


@pytest.mark.parametrize(
    ("source", "tables"),
    [
        ('x = "select a from facts.observations"', ["facts.observations"]),
        ('x = "select a from income_annual"', ["income_annual"]),
        ('x = """\nwith one as (select 1) select * from one"""', ["one"]),
        ('x = f"delete from staged.runs where a = {a}"', ["staged.runs"]),
        ('x = f"{columns} from facts.observations"', ["facts.observations"]),
        ('x = f"select * from {table}"', []),
        ('x = f"select * from staged.{name}"', []),
        ('x = "select * from incoming_frame"', []),
        ('x = "select table_name from information_schema.tables"', []),
        ('"""Made from facts.observations."""', []),
        ('x = "dollars from coal"', []),
    ],
)
def test_the_rule_tells_them_apart(source, tables):
    found = [name for _, text in texts(ast.parse(source)) for name in tables_named(text)]
    assert found == tables
