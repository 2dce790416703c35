"""Columns a select is made from, on a select small enough to read."""

from __future__ import annotations

from pipelines import column_sources

SQL = """
with sums as (select port, sum(cargo_t) as tonnes from facts.calls group by port)
select sums.port, sums.tonnes * prices.usd_per_t as usd, 1 as one
from sums inner join staged.prices as prices on sums.port = prices.port
"""


def test_columns_lead_through_a_subquery_to_their_tables(connection, tmp_path, monkeypatch):
    monkeypatch.setenv("DPRK_DATA_DIR", str(tmp_path))
    connection.execute("create table facts.calls (port varchar, cargo_t double, draught_m double)")
    connection.execute("create table staged.prices (port varchar, usd_per_t double)")
    assert column_sources.sources_of(connection, SQL) == {
        "port": [("facts.calls", "port")],
        "usd": [("facts.calls", "cargo_t"), ("staged.prices", "usd_per_t")],
        "one": [],
    }
    monkeypatch.setattr(column_sources, "_worked_out", lambda *_: {"never": []})
    assert set(column_sources.sources_of(connection, SQL)) == {"port", "usd", "one"}
