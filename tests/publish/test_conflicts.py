"""Every figure outside the published interval of its own concept and window is a conflict."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.publish.contract import load_contract
from pipelines.publish.release import publish
from pipelines.warehouse import build_table

PUBLISHED = (
    "figures",
    "conflicts",
    "income_draws",
    "quantity_draws",
    "stream_measures",
)


@pytest.fixture
def made(connection, tmp_path, monkeypatch):
    """Two months, five draws: 100 to 140 t a month, at 10 USD a tonne FOB."""
    connection.execute(
        """
        create table draws as
        select draw::bigint as draw, month, 100.0 + 10 * draw as tonnes
        from range(5) as numbers(draw),
        (values (date '2019-01-01'), (date '2019-02-01')) as months(month);
        create table estimates.coal_draws as select draw, month, tonnes from draws;
        create table estimates.income_draws as
        select 'coal' as stream, 'gross_fob_usd' as measure, draw, month, 10 * tonnes as usd
        from draws;
        create table estimates.stream_measures as
        select 'coal' as stream, 'gross_fob_usd' as measure, 'FOB' as label,
            true as is_gross_income, true as is_state_income;
        create table staged.figure_sources as
        select 'coal' as stream, 's1' as source_id, 'A report' as title, 'https://a.example' as url;
        create table staged.figure_overlays as
        select 'coal' as stream, 'inside' as observation_id, 'replaces' as how,
            'desk.csv' as file, timestamp '2026-01-02' as taken_in_at;
        -- two months: 200, 220, 240, 260, 280 t; 5 and 95% points 204 and 276, ten times in USD
        create table rows as
        select * from (values
            ('used-above', 'export_t', 'exact', 300.0, 't', true, 'whole', 0.1),
            ('unused-below', 'export_t', 'exact', 190.0, 't', false, 'whole', null),
            ('inside', 'export_t', 'exact', 230.0, 't', true, 'whole', 0.9),
            ('money-above', 'export_usd', 'usd_total', 2900.0, 'USD', true, 'whole', -0.7),
            ('money-inside', 'export_usd', 'exact', 2050.0, 'USD', true, 'whole', 0.0),
            ('floor-below', 'export_t', 'lower_bound', 50.0, 't', true, 'part', 0.0),
            ('floor-above', 'export_t', 'lower_bound', 900.0, 't', true, 'part', 0.2),
            ('part-below', 'export_t', 'count', 20.0, 't', true, 'part', 0.0),
            ('ceiling-above', 'export_t', 'count', 9000.0, 't', true, 'more', 0.0),
            ('ceiling-below', 'export_t', 'count', 60.0, 't', true, 'more', 0.05),
            ('zero', 'export_t', 'structural_zero', 0.0, 't', false, 'whole', null)
        ) as figures(observation_id, quantity, kind, stated, unit, is_used, role, influence);
        create table facts.observations as
        select
            observation_id, 'coal' as stream, quantity,
            case quantity when 'export_t' then 'tonnes' else 'gross_fob_usd' end as concept,
            'WLD' as counterpart_iso3, 'HS2701' as sector,
            date '2019-01-01' as window_start_on, date '2019-02-28' as window_end_on, kind,
            null::double as low, stated as central, null::double as high, unit,
            'whole' as coverage, 'desk' as class, 'all' as declared,
            null::varchar as delivery_point, null::varchar as nature,
            null::double as assumed_price_usd_per_t, null::bigint as persons,
            'o1' as origin_id, 'r1' as root_id, 2019::bigint as stated_year, 's1' as source_id,
            'page 1' as locator, timestamp '2026-01-01' as retrieved_at, is_used as is_usable,
            case when not is_used then 'held back' end as reason_not_used
        from rows;
        create table estimates.observation_use as
        select
            'coal' as stream, observation_id, 'tonnes' as site, role,
            case quantity when 'export_t' then 'tonnes' else 'gross_fob_usd' end as measure,
            is_used, null::varchar as reason_not_used, stated as value_usd_or_unit,
            scale * 204.0 as concept_q05, scale * 240.0 as concept_q50,
            scale * 276.0 as concept_q95,
            (select avg((2 * scale * tonnes < stated)::double) from draws
                where month = '2019-01-01') as posterior_quantile,
            0.5 as predictive_quantile, influence
        from (select *, case quantity when 'export_t' then 1 else 10 end as scale from rows);
        """
    )
    monkeypatch.setattr("pipelines.warehouse.STREAMS_DIR", one_stream(tmp_path / "streams"))
    for table in PUBLISHED:
        build_table(connection, f"published.{table}")
    connection.execute(
        """
        create table published.data_dictionary as
        select 'figures' as "table", 'posterior_quantile' as "column", 'DOUBLE' as type,
            'share' as unit, 'share of draws below' as meaning, 'draws' as source
        """
    )
    return connection


def one_stream(streams: Path) -> Path:
    """A folder of streams in which coal alone has draws of quantities."""
    from pipelines.paths import STREAMS_DIR

    target = streams / "coal" / "published" / "quantity_draws.sql"
    target.parent.mkdir(parents=True)
    target.write_text((STREAMS_DIR / "coal/published/quantity_draws.sql").read_text())
    return streams


def test_figures_outside_are_listed_used_or_not_the_most_influential_first(made):
    rows = made.execute(
        "select observation_id, rank, is_used from published.conflicts order by rank"
    ).fetchall()
    # a floor conflicts only above, more than the whole only below; a zero of policy never
    assert rows == [
        ("money-above", 1, True),
        ("floor-above", 2, True),
        ("used-above", 3, True),
        ("ceiling-below", 4, True),
        ("unused-below", 5, False),
    ]


def test_a_conflict_stands_beside_the_interval_it_is_outside_of(made):
    found = made.execute(
        "select stated, model_q05, model_q50, model_q95, posterior_quantile, measure "
        "from published.conflicts where observation_id = 'money-above'"
    ).fetchone()
    assert found == (2900.0, 2040.0, 2400.0, 2760.0, 1.0, "gross_fob_usd")


def test_a_figure_that_is_not_used_says_why_and_still_has_its_place(made):
    assert made.execute(
        "select is_used, reason_not_used, posterior_quantile, role from published.figures "
        "where observation_id = 'unused-below'"
    ).fetchone() == (False, "held back", 0.0, "whole")


def test_the_readers_own_check_finds_no_figure_unlisted(made, shared_dir, tmp_path, monkeypatch):
    monkeypatch.setattr("pipelines.publish.release.STREAMS_DIR", tmp_path / "streams")
    contract = load_contract()
    names = (*PUBLISHED, "data_dictionary")
    publish(made, {name: contract[name] for name in names}, tmp_path / "data" / "published")
    done = subprocess.run(  # noqa: S603
        [sys.executable, str(shared_dir / "cases" / "conflicts_check.py")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = [line for line in done.stdout.splitlines() if " published 90%: " in line]
    found = {line.split()[0]: line for line in told}
    # the check looks at single figures of the whole; a figure inside the interval is not told
    assert set(found) == {"used-above", "unused-below", "money-above"}
    assert all(line.endswith("OUT conflicts") for line in told), done.stdout
    assert "no number" not in done.stdout
    assert " pq 1.0 " in found["money-above"]
    assert "204..276 (median 240)" in found["used-above"]


def test_a_row_of_a_dropped_correction_names_its_file(made):
    found = made.execute(
        "select observation_id, correction, correction_file from published.figures "
        "where correction is not null"
    ).fetchall()
    assert found == [("inside", "replaces", "desk.csv")]
