"""Hashes that say what a result was made from."""

from __future__ import annotations

import ast
import functools
import hashlib
import re
from collections.abc import Iterable
from pathlib import Path

import polars as pl

from pipelines.paths import REPOSITORY, SQL_DIR

PIPELINES = REPOSITORY / "pipelines"
# code that shows numbers and makes none
_PAGES = ("publish", "questions", "reader", "report", "templates")
# what is written about the project: part of no release
_DOCS = PIPELINES / "docs"
# what a check asks makes no number
_CHECKS = {SQL_DIR / "checks", SQL_DIR / "warnings"}
_SQL_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/|('(?:[^']|'')*')", re.DOTALL)


def meaning_of(file: Path) -> str:
    """What a file does, without what it says about itself.

    Python without comments, docstrings and layout; SQL without comments and layout; of a lock file
    the names and versions; any other file as it is.
    """
    text = file.read_text(encoding="utf-8")
    if file.suffix == ".py":
        tree = ast.parse(text)
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
                and ast.get_docstring(node, clean=False) is not None
            ):
                node.body = node.body[1:] or [ast.Pass()]
        return ast.dump(tree)
    if file.suffix == ".sql":
        bare = _SQL_COMMENT.sub(lambda found: found[1] or " ", text)
        return " ".join(bare.split())
    if file.suffix == ".lock":
        return "\n".join(re.findall(r"^[\w.\[\]-]+==[^\s;]+", text, re.MULTILINE))
    return text


def hash_meaning(files: Iterable[Path]) -> str:
    """One hash over names and meanings of files of the repository, whatever the order given."""
    digest = hashlib.sha256()
    for file in sorted(files):
        digest.update(str(file.relative_to(REPOSITORY)).encode())
        digest.update(hashlib.sha256(meaning_of(file).encode()).digest())
    return digest.hexdigest()[:16]


def _is_page(file: Path) -> bool:
    parts = file.relative_to(REPOSITORY).parts
    # a stream's own contracts say what its columns mean
    return any(part in _PAGES for part in parts) or (
        file.suffix == ".py" and "published" in parts[:-1]
    )


def _makes_numbers(file: Path) -> bool:
    return not _is_page(file) and not {_DOCS, *_CHECKS} & set(file.parents)


@functools.cache
def code_version() -> str:
    """Hash of everything that turns evidence into numbers: Python, SQL, priors, libraries."""
    return hash_meaning(
        [
            *(file for file in PIPELINES.rglob("*.py") if _makes_numbers(file)),
            *(file for file in PIPELINES.rglob("*.sql") if _makes_numbers(file)),
            *PIPELINES.rglob("*priors*.csv"),
            *(file for file in SQL_DIR.rglob("*.sql") if _makes_numbers(file)),
            REPOSITORY / "requirements.lock",
        ]
    )


@functools.cache
def pages_version() -> str:
    """Hash of what shows the numbers: report, files, templates."""
    return hash_meaning(
        file
        for root in (PIPELINES, SQL_DIR)
        for file in root.rglob("*")
        if file.suffix in {".py", ".j2", ".html", ".css", ".js", ".sql"}
        and _is_page(file)
        and _DOCS not in file.parents
    )


def hash_frame(frame: pl.DataFrame) -> str:
    """Hash of a frame's rows, whatever their order."""
    lines = frame.select(sorted(frame.columns)).sort(pl.all()).write_csv()
    return hashlib.sha256(lines.encode()).hexdigest()[:16]
