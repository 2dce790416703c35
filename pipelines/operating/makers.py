"""What a run finds before it makes anything: what sources answered, what backtests left."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import dagster as dg
import duckdb

from pipelines.making import Made, Maker, NetworkUse, maker
from pipelines.operating.asking import ask, register_folders
from pipelines.paths import backtests_dir
from pipelines.snapshots import SnapshotStore
from pipelines.sources.folders import list_folders, official_lists
from pipelines.sources.notes import retrievals_of
from pipelines.sources.staging import instant_of
from pipelines.warehouse import read_frame

register_folders()


def _raw(source: str, module: ModuleType) -> Maker:
    asks = [name for name in ("refresh", "ask", "fetch") if hasattr(module, name)]

    def raw(
        connection: duckdb.DuckDBPyConnection, store: SnapshotStore, network: NetworkUse
    ) -> Made:
        done = ask(source, store, network)
        if not done.is_complete:
            dg.get_dagster_logger().info(done.outcome)
        retrievals = retrievals_of(store, source, instant_of(network.as_of()))
        told = {"outcome": done.outcome, "stored": done.stored}
        return Made([(f"raw.{source}", retrievals)], told)

    return maker(
        f"raw.{source}",
        reads=["raw.landed_files"],
        kinds={"file"},
        by=(
            *(f"{module.__name__}:{name}" for name in asks[:1]),
            retrievals_of,
            Path(str(module.__file__)).with_name("source.toml"),
        ),
        keeps_books=True,
    )(raw)


RAW = [
    *(_raw(one.name, one.module) for one in list_folders()),
    *(_raw(one.source, one.module) for one in official_lists()),
]


@maker(
    "estimates.backtest_scores",
    "estimates.backtest_cases",
    "estimates.calibration",
    reads=["estimates.densities"],
    kinds={"python"},
)
def backtest_scores(connection: duckdb.DuckDBPyConnection) -> Made:
    """Collect the last finished suites, and say of each whether its model is today's."""
    # loading what samples takes seconds
    from pipelines.inference import suites

    densities = dict(read_frame(connection, "estimates.densities").iter_rows())
    found = [suites.choose_suite(name, backtests_dir(), of) for name, of in densities.items()]
    chosen = [suite for suite in found if suite is not None]
    scores, cases, calibration = suites.tables(chosen, densities)
    return Made(
        [
            ("estimates.backtest_scores", scores),
            ("estimates.backtest_cases", cases),
            ("estimates.calibration", calibration),
        ],
        {
            f"is_current_{one.note.stream}": one.note.density == densities[one.note.stream]
            for one in chosen
        },
    )
