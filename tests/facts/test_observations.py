"""The ledger: every statement once, and the ones nobody may use say why."""

from __future__ import annotations

import pytest

from pipelines.schemas.figures import Observations
from pipelines.warehouse import build_table, read_frame

FIGURE = """
    '{id}' as observation_id, 'coal' as stream, 'export_t' as quantity, 'tonnes' as concept,
    'CHN' as counterpart_iso3, 'HS2701' as sector, date '2016-01-01' as window_start_on,
    date '2016-12-31' as window_end_on, '{kind}' as kind, null::double as low,
    22490000::double as central, null::double as high, 't' as unit, 'whole' as coverage,
    'customs' as class, 'declared' as declared, null::varchar as delivery_point,
    null::varchar as nature, null::double as assumed_price_usd_per_t, null::bigint as persons,
    'gacc-customs' as origin_id, 'a' as stated_by, '2017' as stated_on,
    2017::bigint as stated_year, 's' as source_id, 'text' as locator,
    'https://example.org' as read_at, timestamp '2026-11-24' as retrieved_at,
    {held} as held_back, null::varchar as note
"""


@pytest.fixture
def ledger(connection):
    """Staged tables with one plain figure, one plan, one zero, one repeat, one held back."""
    rows = [
        ("a", "exact", "null::varchar"),
        ("b", "plan", "'plan'"),
        ("c", "structural_zero", "null"),
        ("d", "exact", "'repeat_of:a'"),
        ("e", "exact", "'derived'"),
    ]
    select = " union all ".join(
        "select " + FIGURE.format(id=name, kind=kind, held=held) for name, kind, held in rows
    )
    connection.execute(f"create table staged.figures as {select}")
    connection.execute(
        """
        create table staged.origins as
        select * from (
            values
                ('coal', 'gacc-customs', 'customs-of-china'), ('coal', 'own-ais', 'own-ais'),
                -- the same origin in another stream's table makes no second row
                ('labor', 'gacc-customs', 'elsewhere')
        ) as origins (stream, origin_id, root_id)
        """
    )
    connection.execute(
        """
        create table staged.quantities as
        select * from (
            values ('coal', 'export_t', 't'), ('labor', 'headcount', 'persons')
        ) as quantities (stream, quantity, unit)
        """
    )
    connection.execute(
        "create table facts.ais_observations as "
        "select * exclude (stream) replace ('s1' as observation_id, 'own-ais' as origin_id) "
        "from staged.figures where observation_id = 'a'"
    )
    connection.execute(
        "create table facts.satellite_observations as from facts.ais_observations limit 0"
    )
    connection.execute(
        "create table facts.source_observations as from facts.ais_observations limit 0"
    )
    connection.execute(
        "create table staged.held_back_reasons as select 'derived' as code, 'arithmetic' as meaning"
    )
    connection.execute(
        """
        create table facts.trade_observations as
        select * exclude (stream, stated_by, stated_on, read_at, held_back, note)
            replace (
                't1' as observation_id,
                22490001::double as central,
                'un-comtrade' as source_id
            ),
            true as is_usable, null::varchar as reason_not_used
        from staged.figures where observation_id = 'a'
        """
    )
    connection.execute(
        """
        insert into facts.trade_observations
        select * replace ('t2' as observation_id, 'RUS' as counterpart_iso3)
        from facts.trade_observations
        """
    )
    build_table(connection, "facts.observations")
    return read_frame(connection, "facts.observations")


def test_only_statements_that_say_something_new_are_used(ledger):
    used = dict(ledger.select("observation_id", "is_usable").iter_rows())
    assert used == {
        "a": True,
        "b": False,
        "c": False,
        "d": False,
        "e": False,
        "s1": True,
        "t1": False,
        "t2": True,
    }


def test_reasons_say_which_row_is_repeated(ledger):
    reasons = dict(ledger.select("observation_id", "reason_not_used").iter_rows())
    assert reasons["d"] == "repeats the same origin's a"
    assert reasons["t1"] == "repeats the same origin's a"
    assert reasons["e"] == "arithmetic"
    assert "policy" in reasons["c"]


def test_every_statement_leads_to_the_root_of_its_origin_in_its_stream(ledger):
    assert ledger.height == 8
    roots = dict(ledger.select("observation_id", "root_id").iter_rows())
    assert roots["a"] == roots["t2"] == "customs-of-china"
    assert roots["s1"] == "own-ais"
    # of two streams that know the customs office one lists tonnes
    assert ledger["stream"].unique().to_list() == ["coal"]


def test_what_a_figure_measures_comes_through(ledger):
    said = ledger.filter(observation_id="a").select(
        "concept", "coverage", "class", "declared", "stated_year"
    )
    assert said.row(0) == ("tonnes", "whole", "customs", "declared", 2017)


def test_the_ledger_keeps_its_contract(ledger):
    Observations.validate(ledger, lazy=True)
