"""The README's answer table is what a release says, within Monte Carlo error."""

from __future__ import annotations

import re

import duckdb
import pytest

from pipelines.paths import REPOSITORY
from pipelines.publish.answer import COLUMNS, MILLION, answer_rows, step_of
from pipelines.publish.release import DATABASE_NAME
from tests.workshop import Workshop

# two runs of four errors each, and the rounding of one
ERRORS_APART = 6
# the fit looked at here is short: it knows neither its ends nor its own error to better than this
SHORT_FIT = 0.15


def readme_rows() -> list[list[str]]:
    """Cells of the answer table, under its columns."""
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    header = "| " + " | ".join(COLUMNS) + " |\n"
    assert header in text, f"README.md has no table under {COLUMNS}"
    lines = text[text.index(header) :].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def numbers(cell: str) -> list[float]:
    """Median, low and high of a cell like '220, 95–510'."""
    return [float(part.replace(",", "")) for part in re.findall(r"\d[\d,]*(?:\.\d+)?", cell)]


@pytest.fixture
def answers(workshop: Workshop) -> list[dict]:
    with duckdb.connect(str(workshop.published / DATABASE_NAME), read_only=True) as reader:
        return answer_rows(reader)


def test_the_readme_names_the_streams_and_years_of_the_release(answers):
    told = [(row[0], row[1]) for row in readme_rows()]
    assert told == [(row["title"], str(row["year"])) for row in answers]


def test_every_number_of_the_readme_is_the_releases_within_its_error(answers):
    apart = []
    for cells, row in zip(readme_rows(), answers, strict=True):
        for cell, income in ((cells[2], row["state"]), (cells[3], row["gross"])):
            for told, name in zip(numbers(cell), ("q50", "q05", "q95"), strict=True):
                value = income[name] / MILLION
                error = (income[f"mcse_{name}"] or 0.02 * income[name]) / MILLION
                if (
                    abs(told - value)
                    > ERRORS_APART * error + step_of(value, error) + SHORT_FIT * value
                ):
                    apart.append((cells[0], name, told, value))
    assert apart == []
