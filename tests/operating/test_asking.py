"""Every source of a run is asked at once, one publisher at a time."""

from __future__ import annotations

import datetime as dt
import threading

import dagster as dg
import polars as pl
import pytest

from assets import checks
from assets.resources import Network, Snapshots, WarehouseResource
from pipelines.operating import asking
from pipelines.paths import work_database
from pipelines.schemas.sources import SourceRuns
from pipelines.schemas.types import polars_schema
from pipelines.sources.folders import official_lists
from pipelines.sources.refresh import Refreshed
from pipelines.warehouse import Warehouse, write_frame


@pytest.fixture
def raw_assets(monkeypatch, tmp_path):
    """Assets that ask; returns (assets, run) over a data folder of the test's own."""
    monkeypatch.setenv("DPRK_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("DPRK_AS_OF", raising=False)
    monkeypatch.setattr(asking, "_ASKERS", {})
    told: dict[str, str] = {}

    def asset_of(name: str) -> dg.AssetsDefinition:
        @dg.asset(key=["raw", name])
        def raw(snapshots: Snapshots, network: Network) -> None:
            told[name] = asking.ask(name, snapshots.store(), network).outcome

        return raw

    def run(names: list[str], *, online: bool) -> dict[str, str]:
        resources = {"snapshots": Snapshots(), "network": Network(online=online)}
        outcome = dg.materialize([asset_of(name) for name in names], resources=resources)
        assert outcome.success
        return told

    return run, Snapshots()


def test_publishers_are_asked_side_by_side_and_their_lists_one_by_one(raw_assets):
    run, snapshots = raw_assets
    both = threading.Barrier(2, timeout=20)
    busy = threading.Lock()

    def first(store):
        both.wait()  # passes only while the other publisher is being asked
        return Refreshed("fetched", is_complete=True)

    def shared(store):
        assert busy.acquire(blocking=False), "two requests to one publisher at once"
        if store.asks("b1") == []:
            both.wait()
        busy.release()
        return Refreshed("unchanged", is_complete=True)

    asking.register("a", first, publisher="a")
    asking.register("b1", shared, publisher="b")
    asking.register("b2", shared, publisher="b")
    told = run(["a", "b1", "b2"], online=True)
    assert told == {"a": "fetched", "b1": "unchanged", "b2": "unchanged"}
    assert [one.is_answered for one in snapshots.store().asks("b2")] == [True]


def test_only_sources_of_the_run_are_asked(raw_assets):
    run, snapshots = raw_assets
    for name in ("a", "b"):
        asking.register(name, lambda *_: Refreshed("no answer", is_complete=False), publisher=name)
    run(["a"], online=True)
    assert [one.is_answered for one in snapshots.store().asks("a")] == [False]
    assert snapshots.store().asks("b") == []


def test_an_offline_run_asks_nobody_and_records_nothing(raw_assets):
    run, snapshots = raw_assets
    asking.register("a", lambda *_: pytest.fail("asked"), publisher="a")
    assert run(["a"], online=False) == {"a": "not asked: the run is offline"}
    assert snapshots.store().asks("a") == []


@pytest.mark.parametrize(
    "words",
    [
        "b1: no connection to https://b.example",
        "b1: https://b.example did not answer within 30 s",
        "b1: https://b.example sent 16 bytes in 32 s and was not done",
    ],
)
def test_a_publisher_that_is_silent_is_waited_for_once(raw_assets, words):
    run, snapshots = raw_assets
    waited = []

    def down(store):
        waited.append(1)
        return Refreshed(f"{words} (2 attempts)", is_complete=False)

    asking.register("b1", down, publisher="b")
    asking.register("b2", down, publisher="b")
    told = run(["b1", "b2"], online=True)
    assert len(waited) == 1
    assert told["b2"] == "not asked: b1 of the same publisher gave no answer"
    assert [one.is_answered for one in snapshots.store().asks("b2")] == [False]


def test_lists_of_two_services_never_wait_for_each_other():
    """The annexes come from a repository, the consolidated list from the Commission."""
    publishers = {one.source: one.publisher for one in official_lists()}
    assert publishers["eu_prk"] != publishers["eu_fsf"]
    assert publishers["ofac_sdn"] == publishers["ofac_consolidated"]
    mine = {name: who for name, who in publishers.items() if name.startswith("opensanctions_")}
    assert len(mine) > 1
    assert len(set(mine.values())) == 1
    lanes = {name: asking._ASKERS[name].publisher for name in publishers}
    assert lanes == publishers


@pytest.fixture
def asked_run(monkeypatch, tmp_path):
    """A run that asks two made-up sources, makes a release and checks who answered."""
    monkeypatch.setenv("DPRK_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("DPRK_AS_OF", raising=False)
    monkeypatch.setattr(asking, "_ASKERS", {})

    def raw_of(name: str) -> dg.AssetsDefinition:
        @dg.asset(key=["raw", name])
        def raw(snapshots: Snapshots, network: Network) -> None:
            asking.ask(name, snapshots.store(), network)

        return raw

    @dg.asset(key=["published", "release"], deps=[["raw", "a"], ["raw", "b"]])
    def release() -> None:
        """Stands for the release, which is out before the check."""

    def run(words: dict[str, str] | None = None, *, online: bool = True, **answers: bool):
        for name, is_answered in answers.items():
            done = Refreshed((words or {}).get(name, "words of its own"), is_complete=is_answered)
            asking.register(
                name,
                lambda *_, it=done: it,
                publisher=name,
            )
        resources = {"snapshots": Snapshots(), "network": Network(online=online)}
        with dg.DagsterInstance.ephemeral() as instance:
            outcome = dg.materialize(
                [raw_of("a"), raw_of("b"), release, checks.sources_answered],
                resources=resources,
                instance=instance,
                raise_on_error=False,
            )
            (told,) = outcome.get_asset_check_evaluations()
            made = instance.get_latest_materialization_event(dg.AssetKey(["published", "release"]))
            tags = instance.get_runs()[0].tags
        assert made is not None
        return outcome.success, told.description, tags.get("dprk/sources")

    return run


def test_a_run_that_reached_nobody_fails_after_its_release(asked_run):
    success, told, tag = asked_run(a=False, b=False)
    assert not success
    assert tag == "0 of 2 sources asked have answered"
    assert told == f"{tag}\na: words of its own\nb: words of its own"


def test_a_run_that_asked_nobody_says_so_instead_of_counting_to_none(asked_run):
    """After an outage "0 of 0 have answered" beside a green mark read as an answer."""
    success, told, tag = asked_run(online=False, a=True, b=True)
    assert success
    assert tag is None
    assert told == "this run asked no source; published/sources_status has when each last answered"


def test_a_run_that_reached_fewer_than_last_time_fails(asked_run):
    assert asked_run(a=True, b=True)[0]
    success, told, _ = asked_run(a=True, b=False)
    assert not success
    assert told == "1 of 2 sources asked have answered\nb: words of its own"
    # it is silent again: that was told, and the run is no worse than the last
    assert asked_run(a=True, b=False)[0]


def test_the_page_of_a_stale_source_warns_though_a_run_just_looked_at_it(monkeypatch, tmp_path):
    """One source within its rhythm, one long past it, one not read yet."""
    monkeypatch.setenv("DPRK_DATA_DIR", str(tmp_path))
    late = dt.datetime(2026, 3, 4, 5, 6)  # noqa: DTZ001
    row = {name: None for name in SourceRuns.to_schema().columns} | {"status": "1 snapshot"}
    with Warehouse(work_database()).connect() as connection:
        rows = [
            row | {"source": "un_sc", "is_stale": False, "next_due_at": late},
            row | {"source": "ecb_fx", "is_stale": True, "next_due_at": late},
        ]
        frame = pl.DataFrame(rows, schema=polars_schema(SourceRuns))
        write_frame(connection, "staged.source_runs", frame)

    def raw_of(name: str) -> dg.AssetsDefinition:
        @dg.asset(key=["raw", name])
        def raw() -> None:
            """Looked at, and nothing new."""

        return raw

    chosen = ["ecb_fx", "un_sc", "baci"]
    with dg.DagsterInstance.ephemeral() as instance:
        outcome = dg.materialize(
            [*map(raw_of, chosen), checks.sources_up_to_date],
            selection=dg.AssetSelection.assets(*(dg.AssetKey(["raw", name]) for name in chosen)),
            resources={"warehouse": WarehouseResource()},
            instance=instance,
        )
    assert outcome.success
    told = {one.asset_key.path[-1]: one for one in outcome.get_asset_check_evaluations()}
    assert {name: one.passed for name, one in told.items()} == {
        "ecb_fx": False, "un_sc": True, "baci": False,
    }  # fmt: skip
    assert told["ecb_fx"].severity is dg.AssetCheckSeverity.WARN
    assert told["ecb_fx"].description == (
        "STALE. ecb_fx: last success never, due 2026-03-04 05:06; 1 snapshot"
    )
    assert told["un_sc"].description == "1 snapshot"
    assert told["baci"].description == "not read yet"


def test_a_long_answer_is_cut_and_its_name_stands_once(asked_run):
    words = {"a": "a: " + 300 * "x", "b": "b: down"}
    _, told, _ = asked_run(a=False, b=False, words=words)
    assert told.splitlines()[1:] == ["a: " + 220 * "x" + "…", "b: down"]


def test_a_source_that_never_answered_is_told_and_fails_nothing(asked_run, capfd):
    assert asked_run(a=True, b=False)[0]
    assert "1 of 2 sources asked have answered; b: words of its own" in capfd.readouterr().err


def test_a_job_of_sources_needs_nothing_that_it_does_not_make():
    """Else the UI asks before each click whether what is missing is missing on purpose."""
    from assets.definitions import defs
    from assets.schedules import BY_CADENCE

    graph = defs.resolve_asset_graph()
    jobs = [one.job_name for one in BY_CADENCE if isinstance(one, dg.ScheduleDefinition)]
    assert "weekly_sources" in jobs
    for name in jobs:
        made = defs.resolve_job_def(name).asset_layer.selected_asset_keys
        needed = {key for one in made for key in graph.get(one).parent_keys}
        assert needed <= made, name
