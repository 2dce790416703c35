"""Labor and IT-worker estimators against figures they were not shown.

Three tests: leave one origin out, leave one year out, forward (freeze each January, predict the
year). Every model predicts the hidden figures themselves, as a further origin would state them,
and is scored on logarithms (shares on logits), since the spread of these numbers is
multiplicative. Hidden figures leave the density of the one model fitted to all. One origin among
many barely moves it, so its absence is had by weighting the draws of the full fit, its own error
integrated out (Vehtari et al. 2016, JMLR 17); where the weights are uneven, and for years and
forward, the model is sampled again from that fit's whitening.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from scipy.special import expit, logit, logsumexp

from pipelines import draws as algebra
from pipelines.estimates import (
    baseline_it_workers,
    baseline_labor,
    labor,
    labor_figures,
    labor_world,
    sampler,
    scores,
)
from pipelines.estimates import labor_model as model_of
from pipelines.estimates.backtest import Fold, Progress, key_of, rank_worlds, run_resumable
from pipelines.estimates.backtest_coal import comparator_draws, ranks_of
from pipelines.estimates.labor_model import PART

SCORED = (
    "headcount",
    "gross_wage",
    "fee",
    "worker_take_home",
    "state_share",
    "state_take_usd",
    "gross_wages_usd",
)
CHAINS, WARMUP, EACH = 4, 80, 160
REFIT_DRAWS = CHAINS * EACH
FULL_DRAWS = 3_000
CALIBRATION_DRAWS = 320
CALIBRATION = labor.Effort(chains=8, warmup=150, least_kept=640, least_ess=0)
# least effective share of the full fit's draws for weighting to stand in for sampling anew
EVEN_ENOUGH = 0.1
FIRST_FORWARD_YEAR = 2014
# a host's own series is compared with when it has this many figures, else all hosts' is
OWN_SERIES = 3


@dataclass(frozen=True)
class Bench:
    """What every fold of one stream shares.

    Attributes:
        model: the model of all figures.
        fit: its posterior, for weighting.
        whitening: curvature at its mode.
        stated: prior arguments.
    """

    model: model_of.LaborModel
    fit: labor.LaborFit
    whitening: sampler.Whitening
    stated: dict[str, tuple[float, ...]]


def bench_model(
    observations: pl.DataFrame, priors: pl.DataFrame, stream: str, through: dt.date
) -> model_of.LaborModel:
    """The model of a stream and all its figures.

    Raises:
        ValueError: ``stream`` is not labor or it_workers.
    """
    settings = {"labor": model_of.LABOR, "it_workers": model_of.IT_WORKERS}
    if stream not in settings:
        raise ValueError(f"{stream!r} is not labor or it_workers")
    first = labor_figures.FIRST_MONTH
    if stream == "it_workers":
        first = baseline_it_workers.first_evidence(observations, through)
    figures = labor_figures.read_labor_figures(observations, stream, first=first, through=through)
    return model_of.LaborModel(figures, labor_figures.prior_arguments(priors), settings[stream])


def bench_of(
    observations: pl.DataFrame, priors: pl.DataFrame, stream: str, through: dt.date, seed: int
) -> Bench:
    """Build the model of a stream and fit it to all its figures."""
    model = bench_model(observations, priors, stream, through)
    stated = labor_figures.prior_arguments(priors)
    start, is_free = model.start()
    mode = sampler.find_mode(model, start, is_free)
    whitening = sampler.whiten(model, mode, weakest=labor.FLATTEST)
    fit = labor.fit_labor(model, draws=FULL_DRAWS, seed=seed, effort=labor.Effort(least_kept=0))
    return Bench(model, fit, whitening, stated)


def _table(model: model_of.LaborModel) -> pl.DataFrame:
    """Used figures as points: row, middle day, series, value on the scored scale."""
    frame = model.figures.frame
    middle = pl.col("window_start_on") + (pl.col("window_end_on") - pl.col("window_start_on")) / 2
    return (
        frame[model.used]
        .select(
            "row",
            "observation_id",
            "origin_id",
            "host",
            "window_start_on",
            "window_end_on",
            middle=middle.cast(pl.Date),
        )
        .with_columns(
            role=pl.Series(model.roles),
            is_two_sided=pl.Series(model.bound == 0),
            log_rate=pl.Series(model.y),
            log_size=pl.lit(0.0),
        )
        .with_columns(is_scored=pl.col("role").is_in(SCORED) & pl.col("is_two_sided"))
    )


def folds_of(model: model_of.LaborModel, through: dt.date) -> list[Fold]:
    """Every fold of the three tests, in a fixed order."""
    table = _table(model)

    def fold(test: str, name: str, hidden: pl.DataFrame, scored: pl.DataFrame) -> Fold:
        return Fold(
            test,
            name,
            frozenset(hidden["observation_id"]),
            tuple(scored.filter("is_scored")["observation_id"].sort()),
        )

    out: list[Fold] = []
    for origin in table["origin_id"].unique().sort():
        hidden = table.filter(pl.col("origin_id") == origin)
        out.append(fold("leave_one_origin_out", origin, hidden, hidden))
    for year in table["middle"].dt.year().unique().sort():
        hidden = table.filter(pl.col("middle").dt.year() == year)
        out.append(fold("leave_one_year_out", str(year), hidden, hidden))
    for year in range(FIRST_FORWARD_YEAR, through.year + 1):
        hidden = table.filter(pl.col("window_end_on") >= dt.date(year, 1, 1))
        ahead = hidden.filter(
            pl.col("window_start_on") >= dt.date(year, 1, 1),
            pl.col("window_end_on") <= dt.date(year, 12, 31),
        )
        out.append(fold("forward", str(year), hidden, ahead))
    two_sided = table.filter("is_two_sided")

    def leaves_enough(one: Fold) -> bool:
        left = two_sided.filter(~pl.col("observation_id").is_in(list(one.hidden)))
        # without a headcount, pay and a share no estimator can speak
        return {"headcount", "gross_wage", "state_share"} <= set(left["role"])

    return [one for one in out if one.scored and leaves_enough(one)]


def refit(bench: Bench, rows: set[int], *, seed: int, name: str) -> labor.LaborFit:
    """Sample the posterior without the figures of some rows."""
    hidden = bench.model.hide(rows)
    samples = sampler.sample(
        hidden,
        bench.whitening,
        chains=CHAINS,
        warmup=WARMUP,
        draws=EACH,
        generator=algebra.named_generator(seed, f"labor.backtest.{name}"),
    )
    return labor.LaborFit(hidden, samples, samples.flat(REFIT_DRAWS))


def reweight(bench: Bench, rows: set[int], generator: np.random.Generator) -> labor.LaborFit | None:
    """The full fit's draws weighted as if some rows had never been stated; None if too uneven."""
    model, theta = bench.model, bench.fit.theta
    hidden = np.flatnonzero([row in rows for row in model.used])
    sector = model.priors["sector_sd"][0] * theta[:, model.slices["sector"]]
    centre = model.predict_centres(theta)
    if sector.shape[1]:
        offset = sector[:, np.maximum(model.sector_at, 0)]
        centre = centre + np.where(model.sector_at >= 0, offset, 0.0)
    spread = model.bias_sd(theta)
    nodes, weights = np.polynomial.hermite_e.hermegauss(31)
    log_weights = np.log(weights / weights.sum())
    log_said = np.zeros(theta.shape[0])
    for key in np.unique(model.bias_at[hidden]):
        mine = hidden[model.bias_at[hidden] == key]
        sd = spread[:, model.bias_group[key]]
        base = (model.y - centre)[:, mine]
        at_node = np.stack(
            [model.errors(base - sd[:, None] * node, mine)[0].sum(axis=1) for node in nodes],
            axis=1,
        )
        log_said += logsumexp(at_node + log_weights, axis=1)
    chance = np.exp(log_said.min() - log_said)
    chance /= chance.sum()
    if 1 / (chance**2).sum() < EVEN_ENOUGH * theta.shape[0]:
        return None
    chosen = generator.choice(theta.shape[0], size=REFIT_DRAWS, p=chance)
    return labor.LaborFit(model, bench.fit.samples, theta[chosen])


def score_fold(bench: Bench, fold: Fold, *, seed: int) -> pl.DataFrame:
    """Refit without the hidden figures and score every model on the scored ones.

    Returns:
        ``stream, test, fold, model, observation_id`` and the columns of
        :func:`scores.score_case`; logs, for shares logits.
    """
    model = bench.model
    stream = model.setting.stream
    table = _table(model)
    hidden_rows = set(table.filter(pl.col("observation_id").is_in(list(fold.hidden)))["row"])
    at = np.array(
        [table["observation_id"].to_list().index(name) for name in fold.scored], dtype=int
    )
    generator = algebra.named_generator(seed, f"{stream}.backtest.{fold.test}.{fold.name}")
    fit = None
    if fold.test == "leave_one_origin_out":
        fit = reweight(bench, hidden_rows, generator)
    fit = fit or refit(bench, hidden_rows, seed=seed, name=f"{stream}.{fold.test}.{fold.name}")
    stated = {
        labor.MODEL: labor.predict(fit, model, generator)[:, at].T,
        "baseline": _plain(bench, hidden_rows, at, seed, generator),
    }
    stated |= _simple_rules(table, fold, generator)
    outcomes = model.y[at]
    is_share = np.array([model.roles[column] == "state_share" for column in at])

    def to_unit(values: np.ndarray) -> np.ndarray:
        return np.where(is_share, expit(values), np.exp(np.where(is_share, 0.0, values)))

    return pl.concat(
        scores.score_case(samples, outcomes, to_unit).select(
            pl.lit(stream).alias("stream"),
            pl.lit(fold.test).alias("test"),
            pl.lit(fold.name).alias("fold"),
            pl.lit(name).alias("model"),
            pl.Series("observation_id", fold.scored),
            pl.all(),
        )
        for name, samples in stated.items()
    )


def _plain(
    bench: Bench, hidden: set[int], at: np.ndarray, seed: int, generator: np.random.Generator
) -> np.ndarray:
    """The plain estimate of the figures shown, with the errors a further origin would add."""
    model = bench.model
    figures = model.figures
    is_it = model.setting.stream == "it_workers"
    shown = labor_figures.LaborFigures(
        figures.frame.with_columns(
            reason=pl.when(pl.col("row").is_in(list(hidden)))
            .then(pl.lit("held out"))
            .otherwise("reason")
        ),
        figures.windows,
        figures.months,
    )
    draw = baseline_it_workers.draw_it_world if is_it else baseline_labor.draw_world
    world, _, _ = draw(shown, bench.stated, REFIT_DRAWS, seed)
    asked = figures
    if is_it:
        # one host, the world: pay and shares quoted in one country speak for all
        asked = labor_figures.LaborFigures(
            figures.frame.with_columns(host=pl.lit(labor_figures.WORLD)),
            figures.windows,
            figures.months,
        )
    fresh = generator.normal(size=(REFIT_DRAWS, model.size))
    sector = model.priors["sector_sd"][0] * generator.normal(
        size=(REFIT_DRAWS, len(model.sector_keys))
    )
    noise = labor.noise_of(model, model.bias_sd(fresh), generator, sector)
    out = np.empty((at.size, REFIT_DRAWS))
    for number, column in enumerate(at):
        said = labor_world.predict(world, asked, model.used[column])
        if said is None:
            raise ValueError(
                f"{figures.frame['observation_id'][model.used[column]]} is scored, yet the plain "
                "estimate has nothing to compare with it"
            )
        is_share = model.roles[column] == "state_share"
        centre = logit(np.clip(said, 0.001, 0.999)) if is_share else np.log(said)
        out[number] = centre + noise[:, column]
    return out


def _simple_rules(
    table: pl.DataFrame, fold: Fold, generator: np.random.Generator
) -> dict[str, np.ndarray]:
    """Last value, log interpolation, middle of the range: per host where it has a series."""
    is_hidden = pl.col("observation_id").is_in(list(fold.hidden))
    train = table.filter(~is_hidden, "is_two_sided")
    targets = pl.DataFrame({"observation_id": list(fold.scored)}).join(
        table, on="observation_id", how="left", maintain_order="left"
    )
    own = pl.concat_str("role", pl.lit(" "), "host")
    keyed = (
        targets.join(train.group_by("role", "host").len(), on=["role", "host"], how="left")
        .with_columns(
            quantity=pl.when(pl.col("len").fill_null(0) >= OWN_SERIES).then(own).otherwise("role")
        )
        .sort("observation_id")
    )
    shown = pl.concat([train.with_columns(quantity=own), train.with_columns(quantity="role")])
    return comparator_draws(shown, keyed, REFIT_DRAWS, generator)


def run_backtests(
    observations: pl.DataFrame,
    priors: pl.DataFrame,
    stream: str,
    *,
    seed: int,
    through: dt.date,
    store: Path,
    code: str,
    progress: Progress | None = None,
) -> pl.DataFrame:
    """Score every fold of a stream, keeping each in ``store`` so that a stopped suite resumes.

    Args:
        observations: the ledger.
        priors: table of ``labor_priors.csv``.
        stream: labor or it_workers.
        seed: same seed, same scores.
        through: last month of the grid.
        store: a folder; one Parquet file a fold, named by the hash of what made it.
        code: what identifies the code, so that a changed model is scored anew.
        progress: told folds done, folds in all and the fold's name.

    Returns:
        Scored cases of all folds, as :func:`score_fold`.
    """
    bench = bench_of(observations, priors, stream, through, seed)
    own = observations.filter(pl.col("stream") == stream)
    return run_resumable(
        folds_of(bench.model, through),
        lambda fold: score_fold(bench, fold, seed=seed),
        key=key_of(own, priors, seed, through, code, CHAINS, WARMUP, EACH),
        prefix=stream,
        store=store,
        progress=progress,
    )


def calibrate(
    observations: pl.DataFrame,
    priors: pl.DataFrame,
    stream: str,
    *,
    worlds: int,
    seed: int,
    through: dt.date,
    store: Path | None = None,
    code: str = "",
    progress: Progress | None = None,
) -> pl.DataFrame:
    """Simulation-based calibration (Talts et al. 2018): ranks of the truth in its posterior.

    Worlds are drawn from the prior, figures of the real ledger's shape are made up in each, and
    the sampler is run on them. If both are right, ranks are uniform. Figures that only count some
    of the workers have no story of how they came about and are left out.

    Args:
        observations: the ledger.
        priors: table of ``labor_priors.csv``.
        stream: labor or it_workers.
        worlds: how many are made up.
        seed: same seed, same ranks.
        through: last month of the grid.
        store: where ranked worlds are kept, so that a stopped calibration resumes.
        code: what identifies the code.
        progress: told worlds done, worlds in all and the world's name.

    Returns:
        ``world, quantity, rank`` with rank the share of posterior draws below the truth.
    """
    template = bench_model(observations, priors, stream, through)
    parts = {row for row, bound in zip(template.used, template.bound, strict=True) if bound == PART}
    template = template.hide(parts)
    truths = algebra.named_generator(seed, f"{stream}.sbc.truth").normal(
        size=(worlds, template.size)
    )

    def rank(world: int) -> pl.DataFrame:
        truth = truths[world][None, :]
        generator = algebra.named_generator(seed, f"{stream}.sbc.{world}")
        made = template.with_figures(_made_up(template, truth, generator))
        fit = labor.fit_labor(made, draws=CALIBRATION_DRAWS, seed=seed + world, effort=CALIBRATION)
        return ranks_of(world, _headlines(template, fit.theta), _headlines(template, truth))

    own = observations.filter(pl.col("stream") == stream)
    return rank_worlds(
        worlds,
        rank,
        key=key_of(own, priors, seed, through, code, worlds, CALIBRATION_DRAWS, CALIBRATION),
        prefix=stream,
        store=store,
        progress=progress,
    )


def _made_up(
    model: model_of.LaborModel, truth: np.ndarray, generator: np.random.Generator
) -> np.ndarray:
    """Figures the world ``truth`` would utter, (figures,), on the scored scale."""
    sector = model.priors["sector_sd"][0] * truth[:, model.slices["sector"]]
    bias = model.bias_sd(truth)[:, model.bias_group] * truth[:, model.slices["bias"]]
    noise = labor.noise_of(model, np.zeros((1, len(model_of.GROUPS))), generator, sector)[0]
    said = model.predict_centres(truth)[0] + bias[0, model.bias_at] + noise
    return np.where(np.isnan(said), model.y, said)


def _headlines(model: model_of.LaborModel, theta: np.ndarray) -> dict[str, np.ndarray]:
    """What is reported, in logs: take and headcount of every year."""
    world = model.world(theta)
    year = np.array([month.year for month in model.months])
    out = {}
    for one in np.unique(year):
        inside = year == one
        out[f"take {one}"] = np.log(world.take[:, :, inside].sum(axis=(1, 2)))
        out[f"headcount {one}"] = np.log(world.headcount[:, :, inside].sum(axis=(1, 2)))
    return out
