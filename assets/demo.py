"""`./run demo`: the whole shipping chain on made-up ships, in a data folder of its own.

No ship, port, call or tonne in `demo-data/` is real, and every table there says so in its schema,
in its column `is_synthetic` and in its comment. Nothing of it ever reaches the data folder.
"""

import datetime as dt
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg
import polars as pl

from assets.resources import DEFAULT_SEED
from pipelines.paths import REPOSITORY, shown
from pipelines.shipping.score import score
from pipelines.shipping.synthetic import START_T, make, synthetic_ports
from pipelines.warehouse import Warehouse, write_frame

if TYPE_CHECKING:  # its charts take a second to load, and few starts make the demo
    from pipelines.shipping.demo import Demo

SHIPS, DAYS, DRAWS = 60, 90, 2_000


def demo_dir() -> Path:
    """The demo's own folder, never the data folder."""
    return REPOSITORY / "demo-data"


def store(found: "Demo", database: Path) -> int:
    """Every table of the demo into its own database, labelled; returns how many."""
    from pipelines.shipping.demo import LABEL

    tables = found.tables | {"true_loadings": found.truth, "recovery": found.monthly}
    with Warehouse(database).connect() as connection:
        for name, frame in tables.items():
            table = f"synthetic.{name}"
            write_frame(connection, table, frame.with_columns(is_synthetic=pl.lit(value=True)))
            connection.execute(f"comment on table {table} is '{LABEL}'")
    return len(tables)


def make_demo(
    folder: Path, *, ships: int = SHIPS, days: int = DAYS, draws: int = DRAWS
) -> "tuple[Demo, pl.DataFrame, Path]":
    """Run the demo from nothing: (what was found, scores of the events, the report)."""
    from pipelines.shipping.demo import run_demo, write_report

    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    ports = synthetic_ports()
    made = make(ships=ships, days=days, seed=DEFAULT_SEED % 10_000, ports=ports)
    started = dt.datetime.fromtimestamp(START_T, dt.UTC).replace(tzinfo=None)
    found = run_demo(
        folder,
        made.positions,
        made.draughts,
        ports,
        # the generator tells the truth of stays from half a day on to five days before its end
        known_from=started + dt.timedelta(hours=12),
        known_until=started + dt.timedelta(days=days - 5),
        draws=draws,
        seed=DEFAULT_SEED,
    )
    truth = {name: getattr(made, name) for name in ("gaps", "calls", "encounters", "draughts")}
    scores = score(found.tables, truth)
    store(found, folder / "demo.duckdb")
    return found, scores, write_report(found, folder, ports, scores)


@dg.op(name="synthetic_ships")
def synthetic_ships(context: dg.OpExecutionContext) -> None:
    """Make ships, run the chain, hold it against the truth, write the page."""
    found, scores, report = make_demo(demo_dir())
    whole = found.total.row(0, named=True)
    context.add_output_metadata(
        {
            "report": shown(report),
            "scores": str(scores.rows()),
            **{name: value for name, value in whole.items() if value is not None},
        }
    )
    print(
        f"synthetic coal loaded: true {whole['true_t']:,.0f} t; recovered median "
        f"{whole['total_t_q50']:,.0f} t, 90 % {whole['total_t_q05']:,.0f} to "
        f"{whole['total_t_q95']:,.0f} t; report {shown(report)}"
    )


@dg.job(
    name="demo",
    description="The shipping chain on synthetic ships, in demo-data, with the truth beside it.",
    executor_def=dg.in_process_executor,
)
def demo_job() -> None:
    """Run the chain on made-up ships."""
    synthetic_ships()
