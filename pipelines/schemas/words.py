"""What a column's name means, and in which unit: one name, one quantity, everywhere."""

from __future__ import annotations

from pathlib import Path


def _read() -> dict[str, tuple[str, str]]:
    lines = Path(__file__).with_name("words.txt").read_text(encoding="utf-8").splitlines()
    cells = ([cell.strip() for cell in line.split("|", 2)] for line in lines[1:])
    return {name: (unit, meaning) for name, unit, meaning in cells}


WORDS = _read()
"""Name of a column: its unit (empty where it has none) and its meaning."""
