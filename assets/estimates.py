"""Estimates: the ledger in, joint draws of every stream and what stands beside a number out."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import dagster as dg
import duckdb
import polars as pl

from assets.resources import Sampling, WarehouseResource
from assets.tables import code_links, table_metadata
from pipelines.operating.side_by_side import OWN_TABLES, PRIORITY
from pipelines.paths import REPOSITORY, STREAMS_DIR
from pipelines.streams import Stream, streams
from pipelines.versions import hash_frame, hash_meaning
from pipelines.warehouse import (
    inputs_hash,
    is_current,
    read_frame,
    record,
    write_frame,
)

if TYPE_CHECKING:
    from pipelines.inference.estimate import Fit

PIPELINES = REPOSITORY / "pipelines"
STREAMS = streams()
# what judges a model decides none of its numbers
SCORING = {
    "plain",
    "people_plain",
    "plain_path",
    "backtests",
    "calibration",
    "folds",
    "scores",
    "suites",
}
# besides Python and the staged tables, which are hashed by their rows
OWN_FILES = ("stream.toml", "discount_bases.csv", "places.csv")
READ = ("facts.observations", "staged.priors")
# tables that every fit writes, and those that judge it; sql/estimates makes what follows from them
DRAWN = ("streams", "stream_measures", "income_draws", "diagnostics", "sampling")
JUDGED = (
    "densities",
    "observation_use",
    "component_shares",
    "influence",
    "readings",
    "seems_to_mean",
    "prior_sensitivity",
    "value_of_information",
)
OBTAINABLE = "staged.obtainable_data"
FIT = "pipelines.inference.estimate:fit"
Tables = Iterator[tuple[str, pl.DataFrame]]


def model_code() -> str:
    """Hash of the code that the numbers come from; what scores them decides none."""
    folders = [PIPELINES / "inference", STREAMS_DIR, *(STREAMS_DIR / name for name in STREAMS)]
    modules = [
        file for folder in folders for file in folder.glob("*.py") if file.stem not in SCORING
    ]
    own = [file for name in OWN_FILES for file in STREAMS_DIR.glob(f"*/{name}")]
    # SQL that a module of its name reads
    own += [file.with_suffix(".sql") for file in modules if file.with_suffix(".sql").exists()]
    own += [PIPELINES / "draws.py"]
    return hash_meaning([*modules, *own])


def tables_for(chosen: dict[str, Stream]) -> list[str]:
    """Work tables that the models of these streams read."""
    return sorted({*READ, *(table for one in chosen.values() for table in one.reads.values())})


def evidence_of(
    connection: duckdb.DuckDBPyConnection, stream: Stream, sampling: Sampling, **more: Any
) -> Any:
    """One stream's figures as its model reads them, from the work database."""
    return stream.evidence(
        read_frame(connection, "facts.observations"),
        read_frame(connection, "staged.priors"),
        through=sampling.last_month(),
        read={name: read_frame(connection, table) for name, table in stream.reads.items()},
        **more,
    )


def _specs(maker: str, names: Iterable[str], *after: str) -> list[dg.AssetSpec]:
    return [
        dg.AssetSpec(
            ["estimates", name],
            group_name="estimates",
            kinds={"python"},
            deps=[table.split(".") for table in (OBTAINABLE, *tables_for(STREAMS), *after)],
            metadata=code_links(f"pipelines.streams.fit_tables:{maker}", FIT),
        )
        for name in names
    ]


OWN = [f"{stream.name}_{table}" for stream in STREAMS.values() for table in stream.tables]
# the last fit of this process, by what it was made from: what judges it need not fit again
_FITS: dict[str, Any] = {}


@dg.multi_asset(
    specs=_specs("drawn", [*DRAWN, *OWN]), name="joint_fit", op_tags={**OWN_TABLES, PRIORITY: "2"}
)
def joint_fit(
    context: dg.AssetExecutionContext, warehouse: WarehouseResource, sampling: Sampling
) -> Iterator[dg.MaterializeResult]:
    """Sample all streams as one posterior, unless figures, priors and code are as before."""

    def tables(connection: duckdb.DuckDBPyConnection, made_from: str) -> Tables:
        from pipelines.streams.fit_tables import drawn

        _FITS[made_from] = fitted(connection, sampling)
        return drawn(_FITS[made_from], STREAMS)

    yield from _written(context, warehouse, sampling, tables)


@dg.multi_asset(
    specs=_specs("judged", JUDGED, "estimates.income_draws"),
    name="joint_fit_judged",
    op_tags={**OWN_TABLES, PRIORITY: "2"},
)
def joint_fit_judged(
    context: dg.AssetExecutionContext, warehouse: WarehouseResource, sampling: Sampling
) -> Iterator[dg.MaterializeResult]:
    """Say what each figure, prior and class does to the fit, unless that was said before."""

    def tables(connection: duckdb.DuckDBPyConnection, made_from: str) -> Tables:
        from pipelines.streams.fit_tables import judged

        done = _FITS.pop(made_from, None) or fitted(connection, sampling)
        return judged(done, STREAMS, read_frame(connection, OBTAINABLE), sampling.seed)

    yield from _written(context, warehouse, sampling, tables)


def _written(
    context: dg.AssetExecutionContext,
    warehouse: WarehouseResource,
    sampling: Sampling,
    make: Callable[[duckdb.DuckDBPyConnection, str], Tables],
) -> Iterator[dg.MaterializeResult]:
    """Make and write an asset's tables, unless figures, priors and code are as before."""
    tables = sorted(".".join(key.path) for key in context.assets_def.keys)
    with warehouse.open().connect() as connection:
        # when rows were read decides nothing
        read = [
            hash_frame(read_frame(connection, table).drop("retrieved_at", strict=False))
            for table in (OBTAINABLE, *tables_for(STREAMS))
        ]
        made_from = inputs_hash(*read, model_code(), sampling.key(), sampling.last_month())
        was_fitted = not all(is_current(connection, table, made_from) for table in tables)
        if was_fitted:
            # one table is written while the next is made
            with connection.cursor() as beside, ThreadPoolExecutor(max_workers=1) as pool:
                written: Future[int] | None = None
                for name, frame in make(connection, made_from):
                    if written is not None:
                        written.result()
                    written = pool.submit(write_frame, beside, f"estimates.{name}", frame)
                if written is not None:
                    written.result()
            # what reads draws need not hash millions of them to see whether they are new
            for table in tables:
                record(connection, table, made_from)
        for table in tables:
            yield dg.MaterializeResult(
                asset_key=table.split("."),
                metadata={**table_metadata(connection, table), "was_fitted": was_fitted},
            )


def fitted(connection: duckdb.DuckDBPyConnection, sampling: Sampling) -> "Fit":
    """Fit the models to the figures of a work database."""
    # loading what samples takes seconds, and a run without changes needs none of it
    from pipelines.inference.estimate import fit
    from pipelines.inference.joint import Joint
    from pipelines.inference.sampler import Effort

    joint = Joint([evidence_of(connection, stream, sampling) for stream in STREAMS.values()])
    chains = 32
    rough = Effort(warmup=80, draws=-(-sampling.draws // chains) + 4, rounds=1)
    return fit(
        joint,
        draws=sampling.draws,
        seed=sampling.seed,
        effort=rough if sampling.least_ess < sampling.draws / 8 else None,
        least_ess=sampling.least_ess,
        highest_rhat=sampling.highest_rhat,
    )


def drawn_incomes(connection: duckdb.DuckDBPyConnection, sampling: Sampling) -> pl.DataFrame:
    """``estimates.income_draws`` of a fit made for it alone."""
    from pipelines.streams.fit_tables import drawn

    made = drawn(fitted(connection, sampling), STREAMS)
    return next(frame for name, frame in made if name == "income_draws")


@dg.asset_check(
    asset=["estimates", "income_draws"],
    blocking=True,
    description=(
        "The sampler converged: split R-hat, effective draws, divergences. Where it did not, the "
        "last release stays in place."
    ),
)
def draws_converged(warehouse: WarehouseResource, sampling: Sampling) -> dg.AssetCheckResult:
    """Hold the fit to the rules that block publication."""
    from pipelines.inference.diagnostics import troubles

    with warehouse.open().connect(read_only=True) as connection:
        diagnostics = read_frame(connection, "estimates.diagnostics")
        n_divergent = int(read_frame(connection, "estimates.sampling")["n_divergent"][0])
    told = troubles(
        diagnostics, n_divergent, least=sampling.least_ess, highest=sampling.highest_rhat
    )
    return dg.AssetCheckResult(
        passed=not told,
        description="; ".join(told) or "every year of every measure converged",
        metadata={
            "worst_rhat": float(diagnostics["rhat"].to_numpy().max()),
            "least_ess": float(
                diagnostics.select(pl.min_horizontal("ess_bulk", "ess_tail").min()).item()
            ),
            "n_divergent": n_divergent,
        },
    )


@dg.asset_check(
    asset=["estimates", "influence"],
    blocking=True,
    description=(
        "No figure alone moves a year's headline by more than the interval left without it. Where "
        "one does, the last release stays in place until somebody has looked at the row."
    ),
)
def no_figure_rules_alone(warehouse: WarehouseResource) -> dg.AssetCheckResult:
    """Name every figure that decides a number by itself, and the line that would leave it out."""
    with warehouse.open().connect(read_only=True) as connection:
        moved = read_frame(connection, "estimates.influence")
    alone = (
        moved.filter(pl.col("what") == "figure", pl.col("shift_in_widths") > 1.0)
        .sort("shift_in_widths", descending=True)
        .unique("name", keep="first", maintain_order=True)
    )
    told = [
        f"{name} moves {stream} of {year} by USD {shift / 1e6:,.0f} m, {widths:.1f} times the "
        f"interval left without it; if it should not stand, write a reason into held_back at "
        f"pipelines/streams/{stream}/figures.csv{_line_of(stream, name)}"
        for name, stream, year, shift, widths in alone.select(
            "name", "stream", "year", "shift_usd", "shift_in_widths"
        ).iter_rows()
    ]
    return dg.AssetCheckResult(
        passed=not told,
        description="; ".join(told) or "no figure moves a headline by more than its own interval",
        metadata={"most_in_widths": float(moved["shift_in_widths"].to_numpy().max())},
    )


def _line_of(stream: str, observation_id: str) -> str:
    """Where a stream's own file states a figure; nothing for one that came by a feed."""
    text = (STREAMS_DIR / stream / "figures.csv").read_text(encoding="utf-8")
    for number, line in enumerate(text.splitlines(), start=1):
        if line.startswith(f"{observation_id},"):
            return f" line {number}"
    return ""
