"""The whole chain on the embedded figures, looked at as its readers look at it."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import duckdb
import polars as pl
import pytest

from assets.definitions import defs
from pipelines.fitting.work import STREAMS
from pipelines.inference import backtests, folds, suites
from pipelines.inference.joint import Joint
from pipelines.publish.contract import load_contract
from pipelines.publish.release import DATABASE_NAME
from tests.publish.promised import PROMISED
from tests.workshop import Workshop, copied, failures


@pytest.fixture
def reader(workshop: Workshop):
    with duckdb.connect(str(workshop.published / DATABASE_NAME), read_only=True) as opened:
        yield opened


def one(reader: duckdb.DuckDBPyConnection, query: str):
    found = reader.execute(query).fetchone()
    assert found is not None
    return found


@pytest.mark.parametrize("table", sorted(PROMISED))
def test_every_promised_table_answers_with_its_columns(reader, table):
    columns = [row[0] for row in reader.execute(f"describe {table}").fetchall()]
    assert set(PROMISED[table]) <= set(columns)


def test_every_table_has_an_address_and_every_address_a_table(workshop):
    """What the run left in both databases, beside what the catalog names."""
    keys = {".".join(key.path) for key in defs.resolve_asset_graph().get_all_asset_keys()}
    with duckdb.connect(str(workshop.data / "work.duckdb"), read_only=True) as work:
        rows = work.execute(
            "select table_schema || '.' || table_name from information_schema.tables"
        ).fetchall()
    tables = {name for (name,) in rows}
    assert tables - keys == set()
    # the release is a folder; ship positions lie in files of their own, partitioned by mmsi
    assert keys - tables == {"published.release", "raw.ais_positions"}


def test_the_database_is_what_the_contract_says_and_nothing_more(reader):
    found = {row[0] for row in reader.execute("show tables").fetchall()}
    assert found == set(load_contract())


def test_all_three_streams_and_their_total_have_monthly_intervals(reader):
    rows = reader.execute(
        "select stream, count(*), bool_and(q05 <= q25 and q25 <= q50 and q50 <= q75 and q75 <= q95 "
        "and q05 >= 0 and q95 > q05) from income_monthly "
        "where measure = 'state_income_usd' group by stream"
    ).fetchall()
    assert {row[0] for row in rows} == {"coal", "labor", "it_workers", "total"}
    assert all(row[1] >= 36 and row[2] for row in rows)


def test_coal_matches_customs_within_2_percent_wherever_a_full_year_is_known(reader):
    """All-coal customs totals of whole recorded years against the estimate's yearly median CIF.

    Of 2017 customs hold nine months; what left in the last three is inferred.
    """
    checked = reader.execute(
        """
        with customs as (
            select year(window_start_on) as year, observation_id, central, quantity
            from figures
            where
                is_used and kind = 'exact' and sector = 'HS2701' and counterpart_iso3 = 'CHN'
                and origin_id = 'gacc-customs'
                and quantity in ('export_t', 'export_usd')
                and month(window_start_on) = 1 and month(window_end_on) = 12
                and year(window_start_on) = year(window_end_on)
                and year(window_start_on) between 2009 and 2016
        ),
        modelled as (
            select 'export_t' as quantity, year(month) as year, draw, sum(amount) as amount
            from quantity_draws
            where stream = 'coal' and quantity = 'tonnes'
            group by all
            union all by name
            select 'export_usd' as quantity, year(month) as year, draw, sum(usd) as amount
            from income_draws
            where stream = 'coal' and measure = 'cif_usd'
            group by all
        )
        select
            customs.observation_id,
            median(modelled.amount) / any_value(customs.central) - 1 as gap
        from customs
        inner join modelled using (year, quantity)
        group by customs.observation_id
        """
    ).fetchall()
    assert len(checked) >= 4
    assert {name: round(gap, 4) for name, gap in checked if abs(gap) > 0.02} == {}


def test_scores_are_the_means_of_the_published_cases(reader):
    rows = reader.execute(
        """
        select any_value(scores.n) - count(*), any_value(scores.wis) - avg(cases.wis),
            any_value(scores.coverage_90) - avg(cases.is_covered_90::int)
        from backtest_scores as scores
        inner join backtest_cases as cases using (stream, test, era, quantity, model)
        group by scores.stream, scores.test, scores.era, scores.quantity, scores.model
        """
    ).fetchall()
    assert len(rows) >= 40
    assert all(abs(gap) < 1e-6 for row in rows for gap in row)


def test_hidden_figures_stand_as_the_ledger_states_them(reader):
    rows = reader.execute(
        """
        select cases.observation_id, abs(cases.stated / figures.central - 1) as gap
        from backtest_cases as cases
        inner join figures using (observation_id)
        where figures.kind = 'exact' and figures.quantity = 'export_t' and figures.central > 0
            and figures.low is null
        """
    ).fetchall()
    assert rows
    assert [row for row in rows if row[1] > 1e-4] == []


def evidence_of(workshop, name, through):
    """A stream's evidence as the release has it, and the rows of the ledger it was read from."""
    stream = STREAMS[name]
    with duckdb.connect(str(workshop.data / "work.duckdb"), read_only=True) as work:
        tables = {
            table: work.sql(f"from {table}").pl()
            for table in ("facts.observations", "staged.priors", *stream.reads.values())
        }
    observations = tables["facts.observations"].filter(pl.col("stream") == name)
    evidence = stream.evidence(
        observations,
        tables["staged.priors"],
        through=through,
        read={argument: tables[table] for argument, table in stream.reads.items()},
    )
    return evidence, observations


@pytest.mark.parametrize("name", STREAMS)
def test_embedded_scores_are_of_the_density_in_force(workshop, name):
    embedded = suites.read_suite(name, suites.EMBEDDED, is_embedded=True)
    assert embedded is not None
    through = dt.date.fromisoformat(embedded.note.through)
    evidence, _ = evidence_of(workshop, name, through)
    assert Joint([evidence]).density.fingerprint() == embedded.note.density


def test_embedded_scores_are_what_the_code_gives(workshop):
    """One fold scored anew: an embedded suite of another model would be found out."""
    name = "coal"
    embedded = suites.read_suite(name, suites.EMBEDDED, is_embedded=True)
    assert embedded is not None
    through = dt.date.fromisoformat(embedded.note.through)
    evidence, observations = evidence_of(workshop, name, through)
    bench = backtests.Bench(evidence, observations, seed=3)
    fold = next(
        one
        for one in folds.folds_of(bench.figures, through)
        if one.test == "leave_class_out" and one.name == "press"
    )
    anew = backtests.score_fold(bench, fold, seed=3)
    told = embedded.cases.filter(pl.col("test") == fold.test, pl.col("fold") == fold.name)
    assert set(told["observation_id"]) == set(fold.scored)
    was, now = (
        frame.filter(pl.col("model") == backtests.MODEL)["wis"].mean() for frame in (told, anew)
    )
    assert now == pytest.approx(was, rel=0.2)


def test_every_number_leads_back_to_figures_with_source_locator_and_time(reader):
    assert one(
        reader,
        "select count(*) from figures where is_used "
        "and (source_title is null or locator is null or retrieved_at is null)",
    ) == (0,)
    assert one(
        reader,
        "select count(*) from income_annual where n_origins = 0 and not is_prior_driven",
    ) == (0,)


def test_figures_that_are_not_used_say_why(reader):
    assert one(
        reader,
        "select count(*) from figures where is_used = (reason_not_used is not null)",
    ) == (0,)


def test_rows_in_are_rows_kept_plus_rows_refused(reader):
    assert (
        one(
            reader,
            "select count(*), count(*) filter (rows_in != rows_kept + rows_quarantined) "
            "from sources_status",
        )[1]
        == 0
    )


def test_the_window_of_the_famous_figure_has_an_interval(reader):
    low, high, months = one(
        reader,
        "select q05, q95, months_covered "
        "from income_between('coal', 'gross_fob_usd', '2019-01-01', '2019-08-01')",
    )
    assert months == 8
    assert 0 < low < high


def test_totals_add_within_a_draw_and_not_as_medians(reader):
    total, parts = one(
        reader,
        """
        select
            (select mean from income_annual
             where stream = 'total' and measure = 'state_income_usd' and year = 2019),
            (select sum(mean) from income_annual
             where stream != 'total' and measure = 'state_income_usd' and year = 2019)
        """,
    )
    assert total == pytest.approx(parts, rel=1e-9)


def parquet_bytes(place: Workshop) -> dict[str, bytes]:
    root = place.published.resolve()
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*.parquet")}


def test_a_second_run_builds_nothing_and_changes_no_byte(spare_workshop):
    before = parquet_bytes(spare_workshop)
    place = spare_workshop.published.resolve()
    outcome = spare_workshop.run()
    assert outcome.success, failures(outcome)
    assert spare_workshop.published.resolve() == place
    assert parquet_bytes(spare_workshop) == before


def test_the_same_inputs_in_a_fresh_folder_give_the_same_bytes(
    spare_workshop, tmp_path, monkeypatch
):
    before = parquet_bytes(spare_workshop)
    monkeypatch.setenv("DPRK_DATA_DIR", str(tmp_path / "other"))
    other = Workshop(tmp_path / "other", spare_workshop.reference)
    outcome = other.run()
    assert outcome.success, failures(outcome)
    after = parquet_bytes(other)
    assert set(after) == set(before)
    # when a release was first published differs between folders, and nothing else may
    assert {name for name in before if after[name] != before[name]} <= {
        "parquet/vintages.parquet",
        "parquet/releases.parquet",
    }


def edit(place: Workshop, file: str, old: str, new: str) -> None:
    path = place.streams / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_a_broken_figure_fails_the_run_and_readers_keep_the_last_release(spare_workshop):
    before = parquet_bytes(spare_workshop)
    edit(spare_workshop, "coal/figures.csv", ",22490000,,t,", ",22.49 Mt,,t,")
    outcome = spare_workshop.run()
    assert not outcome.success
    told = "\n".join(failures(outcome))
    assert "streams/coal/figures.csv, line" in told
    assert "22.49 Mt" in told
    assert parquet_bytes(spare_workshop) == before


READER = """
import duckdb, pathlib, sys, time
releases = pathlib.Path(sys.argv[1]).parents[1] / 'releases'
reads, is_near = 0, False
while not pathlib.Path(sys.argv[2]).exists():
    with duckdb.connect(sys.argv[1], read_only=True) as con:
        n = con.execute('select count(*) from income_annual').fetchone()[0]
        m = con.execute('select count(*) from data_dictionary').fetchone()[0]
        v = con.execute('select count(*) from vintages').fetchone()[0]
        assert n > 0 and m > 0 and v > 0
    reads += 1
    # without pause from when a release is begun until it is served
    is_near = is_near or any(releases.glob('.building-*'))
    time.sleep(0.01 if is_near else 0.5)
print(reads)
"""


@dataclass(frozen=True)
class Second:
    """A release after another, and what a reader of both said and met while it was made."""

    published: Path
    reads: str
    trouble: str


@pytest.fixture(scope="module")
def second(workshop, tmp_path_factory):
    """A figure changed and a title made hostile, under a reader in a process of its own."""
    root = tmp_path_factory.mktemp("second")
    stop = root / "stop"
    with copied(workshop, root) as place:
        edit(place, "coal/figures.csv", ",1186835000,,USD,", ",1286835000,,USD,")
        sources = place.streams / "coal" / "figure_sources.csv"
        frame = pl.read_csv(sources, infer_schema=False)
        script = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"
        frame.with_columns(title=pl.lit(script)).write_csv(sources)
        with subprocess.Popen(  # noqa: S603
            [sys.executable, "-c", READER, str(place.published / DATABASE_NAME), str(stop)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as reading:
            outcome = place.run()
            stop.touch()
            reads, trouble = reading.communicate(timeout=60)
        assert outcome.success, failures(outcome)
    return Second(place.published, reads, trouble)


def test_a_changed_figure_makes_a_vintage_and_says_what_moved(second):
    with duckdb.connect(str(second.published / DATABASE_NAME), read_only=True) as reader:
        assert one(reader, "select count(*) from vintages") == (2,)
        moved = reader.sql("select stream, period, cause from revisions").pl()
    assert set(moved["cause"]) == {"evidence"}
    # all streams are drawn anew together; in a fit this short others may stray as well
    assert 2016 in moved.filter(pl.col("stream") == "coal")["period"]


def test_a_hostile_title_reaches_the_report_as_text(second):
    pages = "".join(path.read_text(encoding="utf-8") for path in second.published.rglob("*.html"))
    assert "<script>alert(1)" not in pages
    assert "<img src=x" not in pages
    assert "&lt;img src=x" in pages


def test_another_process_reads_while_a_run_publishes(second):
    """A reader in a loop sees whole releases only."""
    assert second.trouble == ""
    assert int(second.reads) >= 2


def test_the_code_location_is_sound():
    defs.resolve_all_job_defs()
    undescribed = [
        key.to_user_string()
        for asset in defs.resolve_asset_graph().assets_defs
        for key in asset.keys
        if not asset.descriptions_by_key.get(key)
    ]
    assert undescribed == []


def test_materialize_all_needs_no_partition_dialog():
    """A partitioned asset anywhere would open one, in the main job or beside it."""
    assert defs.resolve_job_def("main").partitions_def is None
    graph = defs.resolve_asset_graph()
    assert all(graph.get(key).partitions_def is None for key in graph.get_all_asset_keys())
