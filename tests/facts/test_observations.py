"""The ledger: every statement once, and the ones nobody may use say why."""

from __future__ import annotations

import pytest

from pipelines.schemas.figures import Observations
from pipelines.warehouse import build_table, read_frame

FIGURE = """
    '{id}' as observation_id, 'coal' as stream, 'export_t' as quantity,
    'CHN' as counterpart_iso3, 'HS2701' as sector, date '2016-01-01' as window_start_on,
    date '2016-12-31' as window_end_on, '{kind}' as kind, null::double as low,
    22490000::double as central, null::double as high, 't' as unit, 'gacc-customs' as origin_id,
    'a' as stated_by, '2017' as stated_on, 's' as source_id, 'text' as locator,
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
    connection.execute(f"create table staged.coal_figures as {select}")
    connection.execute("create table staged.labor_figures as from staged.coal_figures limit 0")
    connection.execute(
        "create table facts.ais_observations as "
        "select * replace ('s1' as observation_id, 'own-ais' as origin_id) "
        "from staged.coal_figures where observation_id = 'a'"
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
        select * exclude (stated_by, stated_on, read_at, held_back, note)
            replace (
                't1' as observation_id,
                22490001::double as central,
                'un-comtrade' as source_id
            ),
            true as is_used, null::varchar as reason_not_used
        from staged.coal_figures where observation_id = 'a'
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
    used = dict(ledger.select("observation_id", "is_used").iter_rows())
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


def test_the_ledger_keeps_its_contract(ledger):
    Observations.validate(ledger, lazy=True)
