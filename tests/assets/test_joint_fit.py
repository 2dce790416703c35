"""A fit is made once for what it says and for what judges it, and again where it is gone."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import duckdb
import polars as pl
import pytest

from assets import estimates
from assets.resources import Sampling, WarehouseResource
from pipelines.fitting import tables as fit_tables
from pipelines.warehouse import read_frame, write_frame


@pytest.fixture
def fits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Fits made, one string each; tables hold nothing but the name of the fit they come from."""
    monkeypatch.setenv("DPRK_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(estimates, "table_metadata", lambda *_: {})
    made: list[str] = []

    def fitted(*_: object) -> str:
        made.append(f"fit {len(made) + 1}")
        return made[-1]

    def tables(names):
        return lambda fit, *_: ((name, pl.DataFrame({"fit": [fit]})) for name in names)

    monkeypatch.setattr(estimates, "fitted", fitted)
    monkeypatch.setattr(fit_tables, "drawn", tables([*estimates.DRAWN, *estimates.OWN]))
    monkeypatch.setattr(fit_tables, "judged", tables(estimates.JUDGED))
    with duckdb.connect(str(tmp_path / "work.duckdb")) as connection:
        for table in (estimates.OBTAINABLE, *estimates.tables_for(estimates.STREAMS)):
            write_frame(connection, table, pl.DataFrame({"x": [1]}))
    return made


def _materialize(*assets: dg.AssetsDefinition) -> dict[str, str]:
    """Tables and the fit that each comes from, once the assets are materialized."""
    warehouse = WarehouseResource()
    done = dg.materialize(
        [estimates.joint_fit, estimates.joint_fit_judged],
        selection=list(assets) or None,
        resources={"warehouse": warehouse, "sampling": Sampling()},
    )
    assert done.success
    with warehouse.open().connect(read_only=True) as connection:
        return {
            name: read_frame(connection, f"estimates.{name}")["fit"].item()
            for name in ("income_draws", "coal_draws", "influence", "readings")
        }


def test_one_fit_serves_both_and_none_is_made_where_nothing_changed(fits):
    first = dict.fromkeys(("income_draws", "coal_draws", "influence", "readings"), "fit 1")
    assert _materialize() == first
    assert _materialize() == first
    assert fits == ["fit 1"]
    # its draws lie in memory no longer than they are needed
    assert estimates._FITS == {}


def test_what_judges_a_fit_that_is_gone_makes_it_again(fits, tmp_path):
    _materialize()
    with duckdb.connect(str(tmp_path / "work.duckdb")) as connection:
        connection.execute("drop table estimates.densities")
    told = _materialize(estimates.joint_fit_judged)
    assert told["influence"] == "fit 2"
    assert told["income_draws"] == "fit 1"


def test_other_evidence_is_fitted_and_judged_anew(fits, tmp_path):
    _materialize()
    with duckdb.connect(str(tmp_path / "work.duckdb")) as connection:
        write_frame(connection, "facts.observations", pl.DataFrame({"x": [2]}))
    assert set(_materialize().values()) == {"fit 2"}
    assert fits == ["fit 1", "fit 2"]
