"""The Superset bundle is made from the release: what it names is there, and holds no secret."""

from __future__ import annotations

import importlib.util
import io
import zipfile
from pathlib import Path

import duckdb
import pytest
import yaml

from pipelines.publish.release import DATABASE_NAME

SUPERSET = Path(__file__).resolve().parent.parent / "deploy" / "superset"


@pytest.fixture(scope="module")
def bundle():
    """The module that writes the bundle: no package of ours, Superset's own environment runs it."""
    spec = importlib.util.spec_from_file_location("superset_bundle", SUPERSET / "bundle.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def database(workshop) -> Path:
    return workshop.published / DATABASE_NAME


@pytest.fixture
def documents(bundle, database):
    return {path: yaml.safe_load(text) for path, text in bundle.build(database).items()}


def of(documents, kind: str) -> list[dict]:
    return [one for path, one in documents.items() if f"/{kind}/" in path]


def test_every_chart_asks_something_that_the_release_answers(documents, database, bundle):
    spec = yaml.safe_load((SUPERSET / "charts.yaml").read_text(encoding="utf-8"))
    assert len(spec["charts"]) == len(of(documents, "charts")) == 8
    tables = {one["table_name"]: one for one in of(documents, "datasets")}
    with duckdb.connect(str(database), read_only=True) as reader:
        for chart in spec["charts"]:
            metrics = {one["metric_name"]: one for one in tables[chart["table"]]["metrics"]}
            own = {
                one["column_name"]: one.get("expression") or f'"{one["column_name"]}"'
                for one in tables[chart["table"]]["columns"]
            }
            by = [*([chart["x"]] if "x" in chart else []), *chart.get("by", [])]
            asked = [own[name] for name in chart.get("columns", by)]
            asked += [metrics[name]["expression"] for name in chart.get("metrics", [])]
            where = f"where {chart['where']}" if "where" in chart else ""
            group = "group by " + ", ".join(own[name] for name in by) if by else ""
            rows = reader.execute(
                f"select {', '.join(asked)} from {chart['table']} {where} {group}"
            ).fetchall()
            assert rows, chart["name"]


def test_metrics_and_descriptions_are_those_of_the_release(documents, database):
    with duckdb.connect(str(database), read_only=True) as reader:
        for dataset in of(documents, "datasets"):
            table = dataset["table_name"]
            known = dict(
                reader.execute(
                    "select metric, expression from metrics where table_name = $1", [table]
                ).fetchall()
            )
            assert {m["metric_name"]: m["expression"] for m in dataset["metrics"]} == known
            (comment,) = reader.execute(
                "select comment from duckdb_tables() where table_name = $1", [table]
            ).fetchone() or ("",)
            assert dataset["description"] == comment
            # nobody sums a column of his own choice there
            assert dataset["extra"] == {"disallow_adhoc_metrics": True}


def test_the_file_is_opened_for_reading_alone_and_nothing_is_secret(documents, database):
    (connection,) = of(documents, "databases")
    assert connection["sqlalchemy_uri"] == f"duckdb:///{database}"
    assert connection["extra"]["engine_params"] == {"connect_args": {"read_only": True}}
    assert not connection["allow_dml"]
    text = str(documents).lower()
    assert "password" not in text
    assert "secret" not in text


def test_the_same_release_gives_the_same_bytes(bundle, database, tmp_path):
    made = []
    for name in ("a.zip", "b.zip"):
        bundle.write(database, tmp_path / name)
        made.append((tmp_path / name).read_bytes())
    assert made[0] == made[1]
    with zipfile.ZipFile(io.BytesIO(made[0])) as opened:
        assert "dprk_revenue/metadata.yaml" in opened.namelist()


def test_a_chart_of_what_is_not_there_is_named(bundle, database, tmp_path, monkeypatch):
    (tmp_path / "charts.yaml").write_text(
        (SUPERSET / "charts.yaml").read_text(encoding="utf-8").replace("headline_mean", "income"),
        encoding="utf-8",
    )
    monkeypatch.setattr(bundle, "HERE", tmp_path)
    with pytest.raises(bundle.BundleError, match=r"What it is made of.*\['income'\]"):
        bundle.build(database)


def test_what_is_installed_is_pinned_by_hash():
    lock = (SUPERSET / "requirements.txt").read_text(encoding="utf-8")
    wanted = [
        line.split("==")[0].strip()
        for line in (SUPERSET / "requirements.in").read_text(encoding="utf-8").splitlines()
        if line and not line.startswith("#")
    ]
    for name in wanted:
        assert f"\n{name}==" in lock, name
    assert "://" not in lock
    assert lock.count("--hash=sha256:") > lock.count("==")
