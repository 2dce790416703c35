"""A stream is one folder: its figures reach the ledger, and a bad cell of them is named once."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from assets.checks import count_check, refused_check
from assets.resources import Network, Snapshots, WarehouseResource
from pipelines.hand_kept import hand_kept
from pipelines.paths import REPOSITORY, STREAMS_DIR, stream_folders, work_database
from pipelines.schemas.figures import FIGURE_COLUMNS, OBSERVATION_SCHEMA, StagedFigures
from pipelines.warehouse import Warehouse, write_frame
from tests.fixtures.poisoned_row import FIGURE, ORIGIN, ROWS, SOURCE, add
from tests.fixtures.wired import TRADE, feeds, wired

# tables of streams; those of the network are tested with it
KEPT = [
    name
    for name, kept in hand_kept().items()
    if kept.contract.__module__ == StagedFigures.__module__
]
ASSETS = [
    *wired(*(f"staged.{name}" for name in KEPT)),
    *wired(
        *TRADE,
        "facts.observations",
    ),
    *feeds(),
]
TOY = {
    "quantities": "quantity,unit,concepts,needs,largest,meaning\n"
    "statue_count,count,statue_count,,500,statues built\n"
    "statue_usd,USD,paid_usd;unsaid,declared,1e8,money for statues\n",
    "origins": "origin_id,root_id,name,kind_of_body,first_stated_on,note\n"
    "studio-a,studio,Studio A,company,2015,\nstudio-b,studio,Studio B,company,2016,\n",
    "figure_sources": "source_id,title,publisher,published_on,document_symbol,url\n"
    "page,A page,A paper,2016,,https://example.org/page\n",
}
ROW = {
    "observation_id": "toy-1",
    "stream": "statues",
    "quantity": "statue_usd",
    "concept": "paid_usd",
    "counterpart_iso3": "SEN",
    "sector": "all",
    "window_start_on": "2010-01-01",
    "window_end_on": "2010-12-31",
    "kind": "exact",
    "central": "27000000",
    "unit": "USD",
    "coverage": "whole",
    "class": "press",
    "declared": "all",
    "origin_id": "studio-b",
    "stated_year": "2016",
    "source_id": "page",
    "locator": "text",
    "retrieved_at": "2026-11-26T00:00:00Z",
}


@pytest.fixture
def streams(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the streams' folders with a toy stream beside them."""
    monkeypatch.setenv("DPRK_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.delenv("DPRK_ONLINE", raising=False)
    folder = tmp_path / "streams"
    shutil.copytree(STREAMS_DIR, folder, ignore=shutil.ignore_patterns("*.py", "*.md"))
    monkeypatch.setattr("pipelines.hand_kept.STREAMS_DIR", folder)
    (folder / "statues").mkdir()
    for name, text in TOY.items():
        (folder / "statues" / f"{name}.csv").write_text(text, encoding="utf-8")
    with Warehouse(work_database()).connect() as connection:
        for name in ("facts.ais_observations", "facts.satellite_observations"):
            write_frame(connection, name, pl.DataFrame(schema=OBSERVATION_SCHEMA))
    return folder


def run(streams: Path, *rows: dict[str, str]) -> dg.ExecuteInProcessResult:
    lines = [",".join(FIGURE_COLUMNS)]
    lines += [",".join({**ROW, **row}.get(name, "") for name in FIGURE_COLUMNS) for row in rows]
    (streams / "statues" / "figures.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    resources = {
        "warehouse": WarehouseResource(),
        "snapshots": Snapshots(),
        "network": Network(),
    }
    # checks run beside the assets; one that fails stops what stands behind it
    return dg.materialize(
        [*ASSETS, *(check(name) for name in KEPT for check in (count_check, refused_check))],
        resources=resources,
        raise_on_error=False,
    )


def table(name: str) -> pl.DataFrame:
    with Warehouse(work_database()).connect(read_only=True) as connection:
        return connection.sql(f"select * from {name}").pl()


def test_one_folder_reaches_the_ledger_and_nothing_else_changes(streams):
    assert run(streams, {}, {"observation_id": "toy-2", "quantity": "statue_count",
                             "concept": "statue_count", "unit": "count", "central": "3",
                             "declared": ""}).success  # fmt: skip
    ledger = table("facts.observations")
    toy = ledger.filter(pl.col("stream") == "statues")
    assert toy.select("observation_id", "concept", "class", "root_id", "central").rows() == [
        ("toy-1", "paid_usd", "press", "studio", 27_000_000.0),
        ("toy-2", "statue_count", "press", "studio", 3.0),
    ]
    # counted independently of the reader: lines of the files less their headers
    typed = sum(
        pl.read_csv(file, infer_schema=False).height for file in streams.glob("*/figures.csv")
    )
    assert table("staged.figures").height == typed
    assert ledger.height == typed + table("facts.source_observations").height
    assert ledger["root_id"].null_count() == 0


# a row of nonsense each: what it changes, the cell that is refused, what its person is told to do
NONSENSE = [
    ({"quantity": "statue_uds"}, "quantity", "statue_uds", "quantities.csv"),
    ({"observation_id": "toy-2", "central": "1e300"}, "central", "1e300", "a digit too many"),
    ({"observation_id": "coal-0001"}, "observation_id", "coal-0001", "an id of its own"),
    ({"observation_id": "toy-4", "stream": "coal"}, "stream", "coal", "table of statues"),
]


def test_nonsense_stops_the_run_each_named_once(streams):
    outcome = run(streams, *(change for change, *_ in NONSENSE))
    assert not outcome.success
    refused = table("staged.quarantine").sort("line")
    assert refused.select("file", "line", "column").rows() == [
        ("pipelines/streams/statues/figures.csv", line, column)
        for line, (_, column, *_) in enumerate(NONSENSE, start=2)
    ]
    for told, (_, _, value, what_to_do) in zip(refused.rows(named=True), NONSENSE, strict=True):
        assert told["value"] == value or float(told["value"]) == float(value)
        assert what_to_do in told["reason"]
    held = [one for one in outcome.get_asset_check_evaluations() if not one.passed]
    assert [one.check_name for one in held] == ["figures_no_row_refused"]
    assert "statues/figures.csv, line 2" in (held[0].description or "")


def test_fifty_million_tonnes_stop_the_run_by_line(streams):
    """A floor of 50 Mt by a new origin: no year's coal was ever 40, so nobody estimates with it."""
    figures = streams / "coal" / "figures.csv"
    line = len(figures.read_text(encoding="utf-8").splitlines()) + 1
    add(figures, FIGURE | ROWS["nonsense"])
    add(streams / "coal" / "origins.csv", ORIGIN)
    add(streams / "coal" / "figure_sources.csv", SOURCE)
    outcome = run(streams, {})
    assert not outcome.success
    refused = table("staged.quarantine")
    assert refused.select("file", "line", "column").rows() == [
        ("pipelines/streams/coal/figures.csv", line, "low")
    ]
    assert float(refused["value"].item()) == 50e6
    assert "a digit too many" in refused["reason"].item()


# what a good is called, or a column holds, where a stream happens to have the same name
GOODS = {
    ("pipelines/publish/contract/trade_flows.py", "coal"),
    ("pipelines/schemas/trade.py", "coal"),
    ("pipelines/sources/kosis_coal/read.py", "coal"),
    ("pipelines/sources/pink_sheet/read.py", "coal"),
    ("sql/facts/source_observations.sql", "coal"),
    ("sql/facts/trade_flows.sql", "coal"),
    ("sql/facts/trade_observations.sql", "coal"),
}
# examples for readers, which no number comes from
EXAMPLES = ("pipelines/reader/", "sql/questions/", "sql/macros/")


def test_no_stream_is_named_outside_its_folder():
    """A quoted name of a stream in Python, SQL or a contract would be a second place to change."""
    names = "|".join(stream_folders())
    quoted = re.compile(rf"""["']({names})["']|estimates\.({names})_""")
    found = {
        (str(file.relative_to(REPOSITORY)), found.group(1) or found.group(2))
        for part in ("assets", "pipelines", "sql")
        for kind in ("py", "sql", "toml")
        for file in (REPOSITORY / part).rglob(f"*.{kind}")
        if STREAMS_DIR not in file.parent.parents
        for found in quoted.finditer(file.read_text(encoding="utf-8"))
    }
    found = {(file, name) for file, name in found if not file.startswith(EXAMPLES)}
    assert found <= GOODS, sorted(found - GOODS)
