"""The Python face: frames by name, sums from the draws, errors that say what to do."""

from __future__ import annotations

import ast
import datetime as dt
import json
import os
import sys
import tomllib
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pytest

from pipelines.publish.contract import load_contract
from pipelines.reader import ReleaseError, open_release
from tests.publish.semantic_world import published_world

REPOSITORY = Path(__file__).resolve().parents[2]
READER = REPOSITORY / "pipelines" / "reader"
NOTEBOOK = REPOSITORY / "docs" / "first_look.ipynb"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """What was drawn, and the data folder it was published in."""
    with duckdb.connect() as connection:
        for schema in ("staged", "facts", "estimates", "published"):
            connection.execute(f"create schema {schema}")
        drawn, folder = published_world(connection, tmp_path_factory.mktemp("reader"))
    return drawn, folder.parent


@pytest.fixture
def release(made):
    with open_release(made[1]) as opened:
        yield opened


def test_a_table_is_an_attribute_and_a_frame(release):
    frame = release.headline_annual()
    assert isinstance(frame, pl.DataFrame)
    assert frame.columns == load_contract()["headline_annual"].column_names
    assert frame.equals(release.table("headline_annual")())
    assert "headline_annual" in dir(release)


def test_the_docstring_of_a_table_is_its_contract(release):
    promise = load_contract()["headline_annual"]
    told = release.headline_annual.__doc__
    assert promise.description in told
    for column in promise.columns:
        assert column.name in told
        assert column.meaning in told


def test_income_of_a_window_is_added_within_each_draw(made, release):
    drawn, _ = made
    own = drawn.sum_of(lambda stream, _: stream in ("coal", "labor"), 2, 14)
    found = release.income_between("2020-03-01", dt.date(2021, 2, 1), streams=["coal", "labor"])
    assert found["q50"].item() == pytest.approx(np.median(own), rel=1e-12)
    assert found["q05"].item() == pytest.approx(np.quantile(own, 0.05), rel=1e-12)
    russia = drawn.sum_of(lambda *series: series == ("labor", "RUS"), 2, 14)
    found = release.income_between("2020-03-01", "2021-02-01", countries=["RUS"])
    assert found["mean"].item() == pytest.approx(russia.mean(), rel=1e-12)
    workers = release.workers_between("2020-03-01", "2021-02-01", countries=["RUS"])
    persons = drawn.amount["labor", "RUS"][:, 2:14].mean(axis=1)
    assert workers["q50"].item() == pytest.approx(np.median(persons), rel=1e-9)


def test_a_streams_own_measure_comes_from_its_draws(made, release):
    drawn, _ = made
    own = drawn.usd["coal", "WLD"][:, :12].sum(axis=1)
    found = release.income_between("2020-01-01", "2020-12-01", streams=["coal"], measure="net_usd")
    assert found["q95"].item() == pytest.approx(np.quantile(own, 0.95), rel=1e-12)


def test_draws_are_the_worlds_themselves(made, release):
    drawn, _ = made
    found = release.draws("labor").filter(
        pl.col("measure") == "remitted_usd", pl.col("host_iso3") == "CHN"
    )
    sums = found.group_by("draw").agg(pl.col("usd").sum()).sort("draw")["usd"].to_numpy()
    assert sums == pytest.approx(drawn.usd["labor", "CHN"].sum(axis=1))


@pytest.mark.parametrize(
    ("ask", "told"),
    [
        (lambda one: one.table("headline_anual"), "did you mean headline_annual"),
        (lambda one: one.draws("tin"), "there are coal, it_workers, labor"),
        (
            lambda one: one.income_between("2020-01-01", "2020-02-01", streams=["tin"]),
            "no stream tin",
        ),
        (lambda one: one.income_between("2020-01-01", "2020-02-01", streams="coal"), r"\['coal'\]"),
        (
            lambda one: one.income_between("2020-01-01", "2020-02-01", countries=["X'--"]),
            "no country_iso3",
        ),
        (
            lambda one: one.income_between(
                "2020-01-01", "2020-02-01", countries=["CHN"], measure="net_usd"
            ),
            "leave measure out",
        ),
        (lambda one: one.query("select * from nothing"), "query failed"),
    ],
)
def test_a_question_it_cannot_answer_is_told_what_to_ask(release, ask, told):
    with pytest.raises(ReleaseError, match=told):
        ask(release)


def test_no_release_is_said_so(tmp_path):
    with pytest.raises(ReleaseError, match=r"no dprk_revenue\.duckdb"):
        open_release(tmp_path)


def test_an_open_release_stays_what_it_was_when_the_link_moves_on(made, tmp_path):
    _, folder = made
    link = tmp_path / "published"
    link.symlink_to((folder / "published").resolve())
    with open_release(tmp_path) as opened:
        before, place = opened.release_id, opened.folder
        link.unlink()
        link.symlink_to(tmp_path)
        assert (opened.release_id, opened.folder) == (before, place)
        assert opened.headline_annual().height > 0


def test_nothing_is_written(release):
    with pytest.raises(ReleaseError, match="read-only"):
        release.query("create table mine as select 1")


def test_it_is_installable_without_what_makes_releases():
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
    base = {one.split(">")[0] for one in project["project"]["dependencies"]}
    assert base == {"duckdb", "polars", "pyarrow"}
    assert project["tool"]["setuptools"]["package-dir"] == {"dprk_revenue": "pipelines/reader"}
    # only those, its own modules and the standard library are imported
    for file in READER.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [node.module or ""]
            for name in names:
                root = name.split(".")[0]
                assert root in base or root in sys.stdlib_module_names, (file.name, name)


def test_the_notebook_runs_from_top_to_bottom(made, tmp_path, monkeypatch):
    nbclient = pytest.importorskip("nbclient", reason="nbclient is not installed")
    import nbformat

    drawn, folder = made
    (tmp_path / "dprk_revenue").symlink_to(READER)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("DPRK_DATA_DIR", str(folder))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv(
        "JUPYTER_ALLOW_INSECURE_WRITES", os.environ.get("JUPYTER_ALLOW_INSECURE_WRITES", "1")
    )
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    shown = next(cell for cell in notebook.cells if "p_labor_is_more" in cell.source)
    coal = drawn.usd["coal", "WLD"][:, 12:24].sum(axis=1)
    labor = sum(drawn.usd["labor", host][:, 12:24].sum(axis=1) for host in ("CHN", "RUS"))
    assert float(shown.outputs[0]["data"]["text/plain"]) == pytest.approx((labor > coal).mean())


def test_the_notebook_in_the_repository_holds_no_numbers_of_an_old_run():
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    assert all(not cell.get("outputs") for cell in cells)
