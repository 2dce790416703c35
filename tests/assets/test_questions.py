"""Ten questions of an analyst, each one statement over the published file of a real run."""

from __future__ import annotations

import duckdb
import pytest

from pipelines.paths import SQL_DIR
from pipelines.publish.release import DATABASE_NAME
from tests.workshop import Workshop

QUESTIONS = sorted((SQL_DIR / "questions").glob("*.sql"))


@pytest.fixture
def reader(workshop: Workshop):
    with duckdb.connect(str(workshop.published / DATABASE_NAME), read_only=True) as opened:
        yield opened


@pytest.mark.parametrize("file", QUESTIONS, ids=lambda file: file.stem)
def test_a_question_is_one_statement_with_an_answer(reader, file):
    sql = file.read_text(encoding="utf-8")
    assert sql.startswith("-- ")
    assert sql.splitlines()[0].endswith("?")
    assert len(duckdb.extract_statements(sql)) == 1
    assert reader.execute(sql).fetchall()


def test_there_are_ten():
    assert len(QUESTIONS) == 10


def answer(reader, number: int) -> list[tuple]:
    """Rows that answer a question."""
    return reader.execute(QUESTIONS[number - 1].read_text(encoding="utf-8")).fetchall()


def test_the_cells_say_what_the_yearly_table_says(reader):
    year, low, median, high = answer(reader, 1)[0]
    known = reader.execute(
        "select q05 / 1e6, q50 / 1e6, q95 / 1e6 from income_annual "
        "where stream = 'total' and measure = 'state_income_usd' and year = $1",
        [year],
    ).fetchone()
    assert (low, median, high) == pytest.approx(known, rel=1e-6)
    means = sum(row[1] for row in answer(reader, 2))
    total = reader.execute(
        "select total_mean_usd / 1e6 from headline_total_annual where year = $1", [year]
    ).fetchone()[0]
    assert means == pytest.approx(total, rel=1e-9)


def test_workers_in_china_are_those_of_the_host_table(reader):
    for year, low, median, high in answer(reader, 5):
        known = reader.execute(
            "select headcount_q05, headcount_q50, headcount_q95 from labor_by_host_annual "
            "where host_iso3 = 'CHN' and year = $1",
            [year],
        ).fetchone()
        assert (low, median, high) == pytest.approx(known, rel=1e-3)


def test_money_by_party_adds_up_to_all_the_money(reader):
    placed = sum(row[4] for row in answer(reader, 8))
    total = reader.execute("select sum(stream_mean_usd) / 1e6 from headline_annual").fetchone()[0]
    assert placed == pytest.approx(total, rel=1e-6)


def test_cells_leave_no_stream_out(reader):
    short = reader.execute(
        """
        select annual.stream, annual.year
        from headline_annual as annual
        inner join headline_cells as cells using (stream, year)
        group by annual.stream, annual.year, annual.stream_mean_usd
        having abs(sum(cells.cell_mean_usd) / annual.stream_mean_usd - 1) > 1e-6
        """
    ).fetchall()
    assert short == []
