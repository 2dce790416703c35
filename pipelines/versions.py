"""Hashes that say what a result was made from."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

import polars as pl

from pipelines.paths import REPOSITORY, SQL_DIR


def hash_files(files: Iterable[Path], root: Path) -> str:
    """One hash over names and contents, whatever the order given."""
    digest = hashlib.sha256()
    for file in sorted(files):
        digest.update(str(file.relative_to(root)).encode())
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:16]


def code_version() -> str:
    """Hash of everything that turns evidence into numbers: Python, SQL, priors."""
    code = REPOSITORY / "pipelines"
    return hash_files(
        [
            *code.rglob("*.py"),
            *code.rglob("*.sql"),
            *(code / "reference").glob("*_priors.csv"),
            *(SQL_DIR.rglob("*.sql")),
            REPOSITORY / "requirements.lock",
        ],
        REPOSITORY,
    )


def hash_frame(frame: pl.DataFrame) -> str:
    """Hash of a frame's rows, whatever their order."""
    lines = frame.select(sorted(frame.columns)).sort(pl.all()).write_csv()
    return hashlib.sha256(lines.encode()).hexdigest()[:16]
