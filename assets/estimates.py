"""Estimates: the ledger in, joint draws of every stream and what stands beside a number out."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import dagster as dg
import duckdb
import polars as pl

from assets.resources import Sampling, WarehouseResource
from assets.tables import table_metadata, table_specs
from pipelines.fitting.work import (
    OBTAINABLE,
    STREAMS,
    fitted,
    line_of,
    made_from,
    tables_for,
    write_as_made,
)
from pipelines.operating.progress import EXPECTED_S
from pipelines.operating.side_by_side import OWN_TABLES, PRIORITY
from pipelines.warehouse import is_current, read_frame, record

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
FIT = "pipelines.inference.estimate:fit"
Tables = Iterator[tuple[str, pl.DataFrame]]


OWN = [f"{stream.name}_{table}" for stream in STREAMS.values() for table in stream.tables]
# the last fit of this process, by what it was made from: what judges it need not fit again
_FITS: dict[str, Any] = {}


def _drawn(connection: duckdb.DuckDBPyConnection, sampling: Sampling, hashed: str) -> Tables:
    """Sample all streams as one posterior, unless figures, priors and code are as before."""
    from pipelines.fitting.tables import drawn

    _FITS[hashed] = fitted(connection, sampling)
    return drawn(_FITS[hashed], STREAMS)


def _judged(connection: duckdb.DuckDBPyConnection, sampling: Sampling, hashed: str) -> Tables:
    """Say what each figure, prior and class does to the fit, unless that was said before."""
    from pipelines.fitting.tables import judged

    done = _FITS.pop(hashed, None) or fitted(connection, sampling)
    return judged(done, STREAMS, read_frame(connection, OBTAINABLE), sampling.seed)


def _of_fit(
    name: str,
    make: Callable[[duckdb.DuckDBPyConnection, Sampling, str], Tables],
    makes: Iterable[str],
    *after: str,
    by: str,
    expected_s: str,
) -> dg.AssetsDefinition:
    """Tables of a fit, made and written unless figures, priors and code are as before."""
    tables = sorted(f"estimates.{table}" for table in makes)

    @dg.multi_asset(
        name=name,
        description=make.__doc__,
        specs=table_specs(
            tables,
            kinds={"python"},
            reads=(OBTAINABLE, *tables_for(STREAMS), *after),
            by=(f"pipelines.fitting.tables:{by}", FIT),
        ),
        op_tags={**OWN_TABLES, PRIORITY: "2", EXPECTED_S: expected_s},
    )
    def made(warehouse: WarehouseResource, sampling: Sampling) -> Iterator[dg.MaterializeResult]:
        with warehouse.open().connect() as connection:
            hashed = made_from(connection, sampling)
            was_fitted = not all(is_current(connection, table, hashed) for table in tables)
            if was_fitted:
                write_as_made(connection, make(connection, sampling, hashed))
                # what reads draws need not hash millions of them to see whether they are new
                for table in tables:
                    record(connection, table, hashed)
            for table in tables:
                yield dg.MaterializeResult(
                    asset_key=table.split("."),
                    metadata={**table_metadata(connection, table), "was_fitted": was_fitted},
                )

    return made


joint_fit = _of_fit("joint_fit", _drawn, [*DRAWN, *OWN], by="drawn", expected_s="45")
joint_fit_judged = _of_fit(
    "joint_fit_judged", _judged, JUDGED, "estimates.income_draws", by="judged", expected_s="17"
)


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
        f"pipelines/streams/{stream}/figures.csv{line_of(stream, name)}"
        for name, stream, year, shift, widths in alone.select(
            "name", "stream", "year", "shift_usd", "shift_in_widths"
        ).iter_rows()
    ]
    return dg.AssetCheckResult(
        passed=not told,
        description="; ".join(told) or "no figure moves a headline by more than its own interval",
        metadata={"most_in_widths": float(moved["shift_in_widths"].to_numpy().max())},
    )
