"""Estimates: observations in, draws out, one asset a stream."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import duckdb
import polars as pl

from assets.resources import Sampling, WarehouseResource
from assets.tables import result
from pipelines.draws import add_within_draw
from pipelines.estimates import coal, coal_windows, labor, labor_figures, sampler, suites
from pipelines.estimates.backtest_coal import uniformity
from pipelines.estimates.baseline_coal import estimate_coal_baseline
from pipelines.estimates.baseline_labor import estimate_labor_baseline
from pipelines.estimates.scores import backtest_table
from pipelines.paths import REPOSITORY, data_dir
from pipelines.versions import hash_files, hash_frame
from pipelines.warehouse import (
    build_if_changed,
    inputs_hash,
    is_current,
    read_frame,
    record,
    replace_rows,
    sql_of,
    tables_read,
    write_frame,
)

BASELINE = "baseline"
# a comparator needs an interval to a percent, not tails
COMPARATOR_DRAWS = 1_000
PIPELINES = REPOSITORY / "pipelines"


def note_estimate(
    connection: duckdb.DuckDBPyConnection,
    stream: str,
    model: str,
    *,
    figures: pl.DataFrame,
    monthly: pl.DataFrame,
    annual: pl.DataFrame,
) -> None:
    """Keep what became of each figure, and where assumption rather than evidence speaks.

    Args:
        connection: the open work database.
        stream: coal, labor or it_workers.
        model: the estimator's name.
        figures: observation_id, is_used, reason_not_used; posterior_quantile, model_q05 and
            model_q95 where the estimator gives them.
        monthly: month, is_prior_driven.
        annual: year, is_prior_driven.
    """
    judged = [
        name if name in figures.columns else pl.lit(None, dtype=pl.Float64).alias(name)
        for name in ("posterior_quantile", "model_q05", "model_q95")
    ]
    mark = (pl.lit(stream).alias("stream"), pl.lit(model).alias("model"))
    for table, frame in (
        (
            "estimates.observation_use",
            figures.select("observation_id", *mark, "is_used", "reason_not_used", *judged),
        ),
        ("estimates.periods", monthly.select(*mark, "month", "is_prior_driven")),
        ("estimates.years", annual.select(*mark, "year", "is_prior_driven")),
    ):
        replace_rows(connection, table, frame, column="stream", value=stream)


def observations_of(connection: duckdb.DuckDBPyConnection, stream: str) -> pl.DataFrame:
    """The ledger's rows of one stream, in a fixed order."""
    return read_frame(connection, "facts.observations").filter(pl.col("stream") == stream)


@dg.asset(
    key=["estimates", "coal_baseline_draws"],
    group_name="estimates",
    kinds={"python"},
    deps=[["facts", "observations"]],
    description=(
        "Coal by the plain rules, kept as the comparator of the model: tonnes, price, gross and "
        "net income. Grain: draw, month."
    ),
)
def coal_baseline_draws(warehouse: WarehouseResource, sampling: Sampling) -> dg.MaterializeResult:
    """Draw coal by the plain rules."""
    table = "estimates.coal_baseline_draws"
    with warehouse.open().connect() as connection:
        observations = observations_of(connection, "coal")
        priors = coal_windows.reference_priors()
        made_from = _coal_inputs(observations, priors, None, sampling)
        was_fitted = not is_current(connection, table, made_from)
        if was_fitted:
            estimate = estimate_coal_baseline(
                observations,
                draws=sampling.draws,
                seed=sampling.seed,
                through=sampling.last_month(),
                priors=priors,
            )
            write_frame(connection, table, estimate.draws)
            record(connection, table, made_from)
        return result(connection, table, model=BASELINE, was_fitted=was_fitted)


@dg.asset(
    key=["estimates", "coal_draws"],
    group_name="estimates",
    kinds={"python"},
    deps=[["facts", "observations"]],
    description=(
        "Joint draws of coal exports by month from the Bayesian model: tonnes, price, gross and "
        "net income; with them what became of each figure, convergence, variance shares, the pull "
        "of each prior and the value of information. Grain: draw, month."
    ),
)
def coal_draws(warehouse: WarehouseResource, sampling: Sampling) -> dg.MaterializeResult:
    """Fit the state-space model unless its evidence, code and sampling are those of its draws."""
    table = "estimates.coal_draws"
    with warehouse.open().connect() as connection:
        observations = observations_of(connection, "coal")
        priors, obtainable = coal_windows.reference_priors(), coal_windows.reference_obtainable()
        made_from = _coal_inputs(observations, priors, obtainable, sampling)
        if is_current(connection, table, made_from):
            return result(connection, table, model=coal.MODEL, was_fitted=False)
        estimate = coal.estimate_coal(
            observations,
            priors,
            draws=sampling.draws,
            seed=sampling.seed,
            through=sampling.last_month(),
            obtainable=obtainable,
        )
        write_frame(connection, table, estimate.draws)
        write_frame(connection, "estimates.coal_destination_draws", estimate.destinations)
        write_frame(connection, "estimates.coal_diagnostics", estimate.diagnostics)
        write_frame(connection, "estimates.coal_contraction", estimate.contraction)
        write_frame(
            connection,
            "estimates.coal_sampling",
            pl.DataFrame({"n_divergent": [estimate.n_divergent]}),
        )
        for shared, frame in (
            ("estimates.sensitivity", estimate.sensitivity),
            ("estimates.prior_sensitivity", estimate.prior_sensitivity),
            ("estimates.value_of_information", estimate.value_of_information),
        ):
            replace_rows(connection, shared, frame, column="stream", value="coal")
        note_estimate(
            connection,
            "coal",
            coal.MODEL,
            figures=estimate.figures,
            monthly=estimate.support_monthly,
            annual=estimate.support_annual,
        )
        record(connection, table, made_from)
        return result(connection, table, model=coal.MODEL, was_fitted=True)


def _coal_inputs(
    observations: pl.DataFrame,
    priors: pl.DataFrame,
    obtainable: pl.DataFrame | None,
    sampling: Sampling,
) -> str:
    """What decides the coal draws: figures, priors, the estimators' code, sampling."""
    return inputs_hash(
        hash_frame(observations.drop("retrieved_at")),
        hash_frame(priors),
        "" if obtainable is None else hash_frame(obtainable),
        coal_code(),
        sampling.key(),
        sampling.last_month(),
    )


def coal_code() -> str:
    """Hash of the code the coal numbers come from."""
    return _code_of("*coal*.py")


def _code_of(pattern: str, *named: str) -> str:
    """Hash of the estimators' files of a pattern, the named ones and what all of them use."""
    package = PIPELINES / "estimates"
    common = ("prior_sensitivity.py", "sampler.py", "scores.py")
    files = [*package.glob(pattern), *(package / name for name in (*named, *common))]
    return hash_files([*files, PIPELINES / "draws.py"], PIPELINES)


@dg.asset_check(
    asset=["estimates", "coal_draws"],
    blocking=True,
    description=(
        "The sampler converged: split R-hat, effective draws, divergences. Where it did not, the "
        "last release stays in place."
    ),
)
def coal_draws_converged(warehouse: WarehouseResource) -> dg.AssetCheckResult:
    """Hold the coal fit to its convergence rules."""
    with warehouse.open().connect(read_only=True) as connection:
        diagnostics = read_frame(connection, "estimates.coal_diagnostics")
        n_divergent = int(read_frame(connection, "estimates.coal_sampling")["n_divergent"][0])
    return _judged(diagnostics, n_divergent, "every reported month and year converged")


def _judged(diagnostics: pl.DataFrame, n_divergent: int, all_well: str) -> dg.AssetCheckResult:
    """A fit held to the rules that block publication."""
    told = sampler.troubles(diagnostics, n_divergent)
    return dg.AssetCheckResult(
        passed=not told,
        description="; ".join(told) or all_well,
        metadata={
            "worst_rhat": float(diagnostics["rhat"].to_numpy().max()),
            "least_ess_bulk": float(diagnostics["ess_bulk"].to_numpy().min()),
            "least_ess_tail": float(diagnostics["ess_tail"].to_numpy().min()),
            "n_divergent": n_divergent,
        },
    )


@dg.asset(
    key=["estimates", "labor_baseline_annual"],
    group_name="estimates",
    kinds={"python"},
    deps=[["facts", "observations"]],
    description=(
        "Overseas labor by the plain rules, kept as the comparator of the model: what all hosts "
        "pay and the state takes. Grain: draw, year."
    ),
)
def labor_baseline_annual(warehouse: WarehouseResource, sampling: Sampling) -> dg.MaterializeResult:
    """Draw overseas labor by the plain rules."""
    table = "estimates.labor_baseline_annual"
    with warehouse.open().connect() as connection:
        observations = observations_of(connection, "labor")
        made_from = _labor_inputs(observations, sampling)
        was_fitted = not is_current(connection, table, made_from)
        if was_fitted:
            estimate = estimate_labor_baseline(
                observations,
                draws=min(sampling.draws, COMPARATOR_DRAWS),
                seed=sampling.seed,
                through=sampling.last_month(),
            )
            yearly = add_within_draw(
                estimate.draws.with_columns(year=pl.col("month").dt.year().cast(pl.Int64)),
                by=["year"],
                values=["gross_wages_usd", "state_take_usd"],
            )
            write_frame(connection, table, yearly)
            record(connection, table, made_from)
        return result(connection, table, model=BASELINE, was_fitted=was_fitted)


@dg.asset(
    key=["estimates", "labor_draws"],
    group_name="estimates",
    kinds={"python"},
    deps=[["facts", "observations"]],
    description=(
        "Joint draws of overseas workers by host from the Bayesian model: headcount, pay, state "
        "share, gross wages, state take; with them what became of each figure, convergence, "
        "variance shares, the pull of each prior and the value of information. "
        "Grain: draw, month, host_iso3."
    ),
)
def labor_draws(warehouse: WarehouseResource, sampling: Sampling) -> dg.MaterializeResult:
    """Fit the stock-flow model of overseas labor."""
    return _fit_labor(warehouse, sampling, "labor", "labor_draws", labor.estimate_labor)


@dg.asset(
    key=["estimates", "it_worker_draws"],
    group_name="estimates",
    kinds={"python"},
    deps=[["facts", "observations"]],
    description=(
        "Joint draws of overseas IT workers from the Bayesian model, a stream of its own: "
        "headcount, gross earnings, state take. Grain: draw, month."
    ),
)
def it_worker_draws(warehouse: WarehouseResource, sampling: Sampling) -> dg.MaterializeResult:
    """Fit the model of overseas IT workers."""
    return _fit_labor(
        warehouse, sampling, "it_workers", "it_worker_draws", labor.estimate_it_workers
    )


def _fit_labor(
    warehouse: WarehouseResource,
    sampling: Sampling,
    stream: str,
    name: str,
    estimator: Callable[..., labor.LaborPosterior],
) -> dg.MaterializeResult:
    """Fit one stream unless its evidence, code and sampling are those of its last draws."""
    table = f"estimates.{name}"
    with warehouse.open().connect() as connection:
        observations = observations_of(connection, stream)
        made_from = _labor_inputs(observations, sampling)
        if is_current(connection, table, made_from):
            return result(connection, table, model=labor.MODEL, was_fitted=False)
        estimate = estimator(
            observations,
            draws=sampling.draws,
            seed=sampling.seed,
            through=sampling.last_month(),
            obtainable=labor_figures.reference_obtainable(),
        )
        write_frame(connection, table, estimate.draws)
        mark = pl.lit(stream).alias("stream")
        for shared, frame in (
            ("estimates.sensitivity", estimate.sensitivity),
            ("estimates.prior_sensitivity", estimate.prior_sensitivity),
            ("estimates.value_of_information", estimate.value_of_information),
            ("estimates.labor_diagnostics", estimate.diagnostics.select(mark, pl.all())),
            ("estimates.labor_contraction", estimate.contraction.select(mark, pl.all())),
            ("estimates.labor_plausibility", estimate.plausibility.select(mark, pl.all())),
            (
                "estimates.labor_sampling",
                pl.DataFrame({"stream": [stream], "n_divergent": [estimate.n_divergent]}),
            ),
        ):
            replace_rows(connection, shared, frame, column="stream", value=stream)
        note_estimate(
            connection,
            stream,
            labor.MODEL,
            figures=estimate.figures,
            monthly=estimate.support_monthly,
            annual=estimate.support_annual,
        )
        record(connection, table, made_from)
        return result(connection, table, model=labor.MODEL, was_fitted=True)


def _labor_inputs(observations: pl.DataFrame, sampling: Sampling) -> str:
    """What decides the draws of labor and IT workers: figures, priors, code, sampling."""
    return inputs_hash(
        hash_frame(observations.drop("retrieved_at")),
        hash_frame(labor_figures.reference_priors()),
        hash_frame(labor_figures.reference_obtainable()),
        labor_code(),
        sampling.key(),
        sampling.last_month(),
    )


def labor_code() -> str:
    """Hash of the code the numbers of labor and IT workers come from."""
    return _code_of("*labor*.py", "baseline_it_workers.py", "coal_windows.py")


def _convergence_check(stream: str, name: str) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=["estimates", name],
        name=f"{name}_converged",
        blocking=True,
        description=(
            "The sampler converged: split R-hat, effective draws, divergences. Where it did not, "
            "the last release stays in place."
        ),
    )
    def converged(warehouse: WarehouseResource) -> dg.AssetCheckResult:
        with warehouse.open().connect(read_only=True) as connection:
            mine = pl.col("stream") == stream
            diagnostics = read_frame(connection, "estimates.labor_diagnostics").filter(mine)
            sampling = read_frame(connection, "estimates.labor_sampling").filter(mine)
        n_divergent = int(sampling["n_divergent"][0])
        return _judged(diagnostics, n_divergent, "every reported year converged")

    return converged


LABOR_CONVERGED = _convergence_check("labor", "labor_draws")
IT_WORKERS_CONVERGED = _convergence_check("it_workers", "it_worker_draws")


def _sql_asset(name: str, deps: list[list[str]], description: str) -> dg.AssetsDefinition:
    table = f"estimates.{name}"

    @dg.asset(
        key=["estimates", name],
        group_name="estimates",
        kinds={"duckdb"},
        deps=deps,
        description=description,
    )
    def made_by_sql(warehouse: WarehouseResource) -> dg.MaterializeResult:
        with warehouse.open().connect() as connection:
            # one thread: sums of floating-point numbers come out the same on every run
            connection.execute("set threads = 1")
            was_built = build_if_changed(connection, table, tables_read(sql_of(table)))
            return result(connection, table, was_built=was_built)

    return made_by_sql


@dataclass(frozen=True)
class StreamModel:
    """What a stream's backtests are made of: its table of priors and the hash of its code."""

    priors: Callable[[], pl.DataFrame]
    code: Callable[[], str]

    def evidence(self, observations: pl.DataFrame) -> str:
        """Hash of a stream's figures, whenever fetched, and of its priors."""
        return inputs_hash(hash_frame(observations.drop("retrieved_at")), hash_frame(self.priors()))


STREAM_MODELS = {
    "coal": StreamModel(coal_windows.reference_priors, coal_code),
    "labor": StreamModel(labor_figures.reference_priors, labor_code),
    "it_workers": StreamModel(labor_figures.reference_priors, labor_code),
}


@dg.asset(
    key=["estimates", "backtest_scores"],
    group_name="estimates",
    kinds={"python"},
    deps=[["facts", "observations"]],
    description=(
        "Scores of every model on figures it was not shown, from the last finished backtest job, "
        "else from the suite embedded in the repository; with them every hidden figure beside its "
        "prediction, and how the samplers were calibrated. Grain: stream, test, model."
    ),
)
def backtest_scores(warehouse: WarehouseResource) -> dg.MaterializeResult:
    """Collect the last finished suites; nothing is refitted here."""
    table = "estimates.backtest_scores"
    with warehouse.open().connect() as connection:
        scores, cases, calibrations = [], [], []
        for stream, made in STREAM_MODELS.items():
            evidence = made.evidence(observations_of(connection, stream))
            suite = suites.choose_suite(stream, backtest_dir(), evidence, made.code())
            if suite is None:
                continue
            marks = (
                pl.lit(dt.datetime.fromisoformat(suite.note.scored_at)).alias("scored_at"),
                pl.lit(suite.is_embedded).alias("is_embedded"),
                pl.lit(suites.is_current(suite, evidence, made.code())).alias("is_current"),
            )
            scores.append(backtest_table(suite.cases).with_columns(*marks))
            cases.append(suite.cases)
            calibrations.append(
                uniformity(suite.ranks).select(
                    pl.lit(stream).alias("stream"),
                    "quantity",
                    pl.lit(suite.ranks["world"].n_unique()).cast(pl.Int64).alias("n_worlds"),
                    "p_value",
                    *marks,
                )
            )
        if not scores:
            raise dg.Failure(
                "no backtests are kept and none are embedded: pipelines/reference/backtests is "
                "missing its files; restore them, or run `./run backtest`"
            )
        write_frame(connection, "estimates.backtest_cases", pl.concat(cases))
        write_frame(connection, "estimates.calibration", pl.concat(calibrations))
        write_frame(connection, table, pl.concat(scores))
        return result(
            connection,
            table,
            **{
                f"is_current_{frame['stream'][0]}": bool(frame["is_current"][0]) for frame in scores
            },
        )


@dg.asset_check(
    asset=["estimates", "backtest_scores"],
    blocking=True,
    description=(
        "Simulation-based calibration: the truth of made-up worlds ranks uniformly in their "
        "posteriors. Where it does not, the last release stays in place."
    ),
)
def samplers_are_calibrated(warehouse: WarehouseResource) -> dg.AssetCheckResult:
    """Hold the last calibration to its level, corrected for the number of quantities."""
    with warehouse.open().connect(read_only=True) as connection:
        table = read_frame(connection, "estimates.calibration")
    level = suites.CALIBRATION_LEVEL / pl.len().over("stream")
    failed = table.filter(pl.col("p_value") < level)
    stale = table.filter(~pl.col("is_current"))["stream"].unique().sort().to_list()
    return dg.AssetCheckResult(
        passed=failed.is_empty(),
        description=(
            "; ".join(
                f"{stream} {quantity}: p = {p:.2g}"
                for stream, quantity, p in failed.select("stream", "quantity", "p_value").rows()
            )
            or f"least p-value {table['p_value'].min():.3f} over {table.height} quantities"
        )
        + (f"; made of earlier figures or code: {', '.join(stale)}" if stale else ""),
        metadata={"least_p_value": float(table["p_value"].to_numpy().min())},
    )


def backtest_dir() -> Path:
    """Where the backtest job keeps its folds and finished suites."""
    return data_dir() / "backtests"


INCOME_DRAWS = _sql_asset(
    "income_draws",
    [["estimates", "coal_draws"], ["estimates", "labor_draws"], ["estimates", "it_worker_draws"]],
    "Every stream's base measures in one shape. Grain: stream, measure, draw, month.",
)
TOTAL_DRAWS = _sql_asset(
    "total_draws",
    [["estimates", "income_draws"]],
    "Headlines of all streams added within a draw. Grain: draw, month.",
)
ORIGINS_BY_MONTH = _sql_asset(
    "origins_by_month",
    [["facts", "observations"], ["estimates", "income_draws"]],
    "Independent originators whose used figures touch a month. Grain: stream, month, origin_id.",
)
