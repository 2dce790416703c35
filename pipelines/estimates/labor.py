"""Overseas labor and IT workers by the Bayesian model: figures in, joint draws and credentials out.

Both streams use the model of `labor_model`; each is sampled on its own. What a figure would say if
a further origin stated it (the model's value, a fresh origin's error, the figure's own error) is
the yardstick for conflicts and for the backtests.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.special import expit

from pipelines import draws as algebra
from pipelines.estimates import labor_figures, prior_sensitivity, sampler
from pipelines.estimates.baseline_it_workers import first_evidence, it_long_frame
from pipelines.estimates.labor_model import (
    CEILING,
    FLOOR,
    IT_WORKERS,
    LABOR,
    NU,
    OUTLIER_SD,
    PART,
    LaborModel,
    Setting,
)
from pipelines.estimates.labor_world import World, long_frame, support

MODEL = "stock_flow"
LEAST_CONTRACTION = 0.2
# a posterior narrower than the prior in every direction is the rule; flatter ones are held here
FLATTEST = 0.5
# two-sided: the model's 90% interval for such a figure
BEYOND_90 = (0.05, 0.95)


@dataclass(frozen=True)
class Effort:
    """How long to sample.

    Attributes:
        chains: run side by side.
        warmup: transitions before any is kept.
        least_kept: transitions kept in all, however few draws are asked for, so that convergence
            can be judged.
        least_ess: effective draws of every year below which sampling goes on; 0 takes what one
            round gives.
    """

    chains: int = 16
    warmup: int = 250
    least_kept: int = 6_400
    least_ess: int = sampler.WANTED_ESS


@dataclass(frozen=True)
class LaborFit:
    """A sampled posterior.

    Attributes:
        model: the log density and its data.
        samples: every kept transition.
        theta: (draws, size).
    """

    model: LaborModel
    samples: sampler.Samples
    theta: np.ndarray


@dataclass(frozen=True)
class LaborPosterior:
    """What the model says of a stream, and on what ground.

    Attributes:
        draws: for labor draw, month, host_iso3, headcount, wage_usd_per_month, state_share,
            gross_wages_usd, state_take_usd; for IT workers draw, month, headcount,
            gross_wages_usd, state_take_usd.
        figures: observation_id, is_used, reason_not_used, posterior_quantile, model_q05,
            model_q95 (what a further origin would say, 90%).
        support_monthly, support_annual: n_origins and is_prior_driven by period.
        diagnostics: name, rhat, ess_bulk, ess_tail of every year's take and headcount by host.
        n_divergent: divergent transitions.
        contraction: year, prior_sd_log, posterior_sd_log, contraction (1 - their ratio).
        sensitivity: stream, year, input, variance_share, low_usd, high_usd.
        prior_sensitivity: the state's take with each prior stronger and weaker
            (`prior_sensitivity.power_scale`).
        value_of_information: stream, year, datum, expected_width_ratio, rank.
        plausibility: observation_id, implied_usd_per_worker_month, highest_pay_usd_per_month,
            is_plausible, for every usable total.
    """

    draws: pl.DataFrame
    figures: pl.DataFrame
    support_monthly: pl.DataFrame
    support_annual: pl.DataFrame
    diagnostics: pl.DataFrame
    n_divergent: int
    contraction: pl.DataFrame
    sensitivity: pl.DataFrame
    prior_sensitivity: pl.DataFrame
    value_of_information: pl.DataFrame
    plausibility: pl.DataFrame


def fit_labor(
    model: LaborModel,
    *,
    draws: int,
    seed: int,
    effort: Effort | None = None,
    progress: Callable[[float], None] | None = None,
) -> LaborFit:
    """Sample one stream's posterior.

    Args:
        model: the log density.
        draws: joint draws returned.
        seed: same seed, same draws.
        effort: chains, warm-up and thinning.
        progress: told the share done.
    """
    effort = effort or Effort()
    start, is_free = model.start()
    mode = sampler.find_mode(model, start, is_free)
    kept = max(draws, effort.least_kept)
    samples = sampler.sample(
        model,
        sampler.whiten(model, mode, weakest=FLATTEST),
        chains=effort.chains,
        warmup=effort.warmup,
        draws=-(-kept // effort.chains),
        generator=algebra.named_generator(seed, f"{model.setting.stream}.sampler"),
        progress=progress,
        is_enough=lambda kept: (
            effort.least_ess == 0
            or not sampler.troubles(_diagnose(model, kept), 0, least=effort.least_ess)
        ),
    )
    every = samples.flat(samples.draws.shape[0] * samples.draws.shape[1])
    chosen = np.linspace(0, len(every) - 1, draws).round().astype(int)
    return LaborFit(model, samples, every[chosen])


def estimate_labor(
    observations: pl.DataFrame,
    *,
    draws: int,
    seed: int,
    through: dt.date,
    priors: pl.DataFrame | None = None,
    obtainable: pl.DataFrame | None = None,
    effort: Effort | None = None,
    progress: Callable[[float], None] | None = None,
) -> LaborPosterior:
    """Draw overseas workers, pay and the state's take by host and month.

    Args:
        observations: the ledger (``facts.observations``); rows not ``is_used`` are passed over.
        draws: joint draws.
        seed: same seed, same numbers.
        through: last month estimated; past the last figure the model alone carries it.
        priors: table of ``labor_priors.csv``; None takes the project's own.
        obtainable: table of ``labor_obtainable_data.csv``, for the value of information.
        effort: how long to sample.
        progress: told the share done.

    Raises:
        ValueError: no headcount is stated at all.
    """
    figures = labor_figures.read_labor_figures(
        observations, "labor", first=labor_figures.FIRST_MONTH, through=through
    )
    return _estimate(figures, LABOR, draws, seed, priors, obtainable, effort, progress, long_frame)


def estimate_it_workers(
    observations: pl.DataFrame,
    *,
    draws: int,
    seed: int,
    through: dt.date,
    priors: pl.DataFrame | None = None,
    obtainable: pl.DataFrame | None = None,
    effort: Effort | None = None,
    progress: Callable[[float], None] | None = None,
) -> LaborPosterior:
    """Draw IT workers, their gross earnings and the state's take by month; as `estimate_labor`.

    Raises:
        ValueError: no usable figure speaks of IT workers.
    """
    figures = labor_figures.read_labor_figures(
        observations, "it_workers", first=first_evidence(observations, through), through=through
    )
    return _estimate(
        figures, IT_WORKERS, draws, seed, priors, obtainable, effort, progress, it_long_frame
    )


def _estimate(
    figures: labor_figures.LaborFigures,
    setting: Setting,
    draws: int,
    seed: int,
    priors: pl.DataFrame | None,
    obtainable: pl.DataFrame | None,
    effort: Effort | None,
    progress: Callable[[float], None] | None,
    to_frame: Callable[[World, list[dt.date]], pl.DataFrame],
) -> LaborPosterior:
    stated = labor_figures.prior_arguments(priors)
    model = LaborModel(figures, stated, setting)
    if model.at["headcount"].size == 0:
        raise ValueError(f"no figure states a headcount for {setting.stream}; cannot estimate it")
    fit = fit_labor(model, draws=draws, seed=seed, effort=effort, progress=progress)
    world = model.world(fit.theta)
    prior_theta = algebra.named_generator(seed, f"{setting.stream}.prior").normal(
        size=(min(draws, 2_000), model.size)
    )
    contraction, is_open = _contraction(model, world, model.world(prior_theta))
    used = set(model.used)
    monthly, annual = support(figures, used, is_open)
    is_known = dict(
        contraction.select("year", pl.col("contraction") >= LEAST_CONTRACTION).iter_rows()
    )
    annual = annual.with_columns(
        is_prior_driven=pl.col("year").replace_strict(is_known, return_dtype=pl.Boolean).not_()
    )
    generator = algebra.named_generator(seed, f"{setting.stream}.predictive")
    years, months = _years(model)
    return LaborPosterior(
        draws=to_frame(world, model.months),
        figures=_figure_use(fit, stated, generator),
        support_monthly=monthly,
        support_annual=annual,
        diagnostics=diagnose(fit),
        n_divergent=fit.samples.n_divergent,
        contraction=contraction,
        sensitivity=_sensitivity(fit, world),
        prior_sensitivity=prior_sensitivity.power_scale(
            setting.stream,
            years,
            world.take.sum(axis=1) @ months.T,
            prior_sensitivity.labor_parts(model, fit.theta),
        ),
        value_of_information=_value_of_information(
            fit, world, obtainable, algebra.named_generator(seed, f"{setting.stream}.datum")
        ),
        plausibility=plausibility(model),
    )


def _years(model: LaborModel) -> tuple[np.ndarray, np.ndarray]:
    """Calendar years and, per year, which months: (years,), (years, months)."""
    year = np.array([month.year for month in model.months])
    years = np.unique(year)
    return years, (year[None, :] == years[:, None]).astype(float)


def diagnose(fit: LaborFit) -> pl.DataFrame:
    """Convergence of every year's take and of every host's yearly headcount."""
    return _diagnose(fit.model, fit.samples.draws)


def _diagnose(model: LaborModel, kept: np.ndarray) -> pl.DataFrame:
    chains, each, size = kept.shape
    years, months = _years(model)
    takes, counts = [], []
    # in blocks: all worlds at once would not fit beside everything else
    for block in np.array_split(kept.reshape(-1, size), max(1, chains * each // 1_000)):
        world = model.world(block)
        takes.append(np.log(world.take.sum(axis=1) @ months.T))
        counts.append(np.log(world.headcount @ (months / months.sum(axis=1, keepdims=True)).T))
    count = np.concatenate(counts).reshape(chains * each, -1)
    values = np.concatenate([np.concatenate(takes), count], axis=1)
    names = [f"take {year}" for year in years]
    names += [f"headcount {host} {year}" for host in model.hosts for year in years]
    return sampler.diagnose(values.reshape(chains, each, -1), names)


def predict(
    fit: LaborFit, asked: LaborModel, generator: np.random.Generator, *, is_plain: bool = False
) -> np.ndarray:
    """What a further origin would say where the figures of ``asked`` stand, (draws, figures).

    In logs (shares in logits). NaN for a figure that only bounds a whole from below as its part.
    ``is_plain`` leaves out the errors of origin and figure.
    """
    model, theta = fit.model, fit.theta
    n = theta.shape[0]
    moved = np.zeros((n, asked.size))
    for name, where in asked.slices.items():
        if name not in ("bias", "sector"):
            moved[:, where] = theta[:, model.slices[name]]
    centre = asked.predict_centres(moved)
    if is_plain:
        return centre
    return centre + noise_of(
        asked, model.bias_sd(theta), generator, _sectors(fit, asked, generator)
    )


def _sectors(fit: LaborFit, asked: LaborModel, generator: np.random.Generator) -> np.ndarray:
    """Offsets of the trades ``asked`` names, (draws, trades): the fit's own, else fresh ones."""
    model, n = fit.model, fit.theta.shape[0]
    out = generator.normal(size=(n, len(asked.sector_keys)))
    for at, key in enumerate(asked.sector_keys):
        if key in model.sector_keys:
            out[:, at] = fit.theta[:, model.slices["sector"].start + model.sector_keys.index(key)]
    return out * asked.priors["sector_sd"][0]


def noise_of(
    asked: LaborModel,
    bias_sd: np.ndarray,
    generator: np.random.Generator,
    sector: np.ndarray,
) -> np.ndarray:
    """Errors a further origin's figures would carry, (draws, figures); NaN for parts.

    Args:
        bias_sd: (draws, groups) spread of one origin's shared error.
        sector: (draws, trades) offsets of pay by trade.
    """
    n = bias_sd.shape[0]
    shape = (n, asked.n_figures)
    bias = generator.normal(size=(n, len(asked.bias_keys))) * bias_sd[:, asked.bias_group]
    error = asked.error * generator.standard_t(NU, shape)
    share = asked.priors["outlier_share"][0]
    is_far = generator.uniform(size=shape) < np.where(asked.outlier > 0, share, 0.0)
    is_far &= asked.bound == 0
    out = bias[:, asked.bias_at] + np.where(is_far, generator.normal(0, OUTLIER_SD, shape), error)
    if sector.shape[1]:
        out += np.where(asked.sector_at >= 0, sector[:, np.maximum(asked.sector_at, 0)], 0.0)
    away = np.abs(generator.normal(size=out.shape))
    out -= np.where(asked.bound == FLOOR, asked.priors["above_floor_sd"][0] * away, 0.0)
    out += np.where(asked.bound == CEILING, asked.priors["below_ceiling_sd"][0] * away, 0.0)
    return np.where(asked.bound == PART, np.nan, out)


def _figure_use(
    fit: LaborFit, stated: dict[str, tuple[float, ...]], generator: np.random.Generator
) -> pl.DataFrame:
    """What became of each figure and where it falls in the model."""
    model, figures = fit.model, fit.model.figures
    # repeats are compared like the statement they repeat
    is_repeat = pl.col("reason").str.starts_with("repeats ").fill_null(value=False)
    compared = labor_figures.LaborFigures(
        figures.frame.with_columns(
            reason=pl.when(is_repeat & pl.col("value").is_not_null()).then(None).otherwise("reason")
        ),
        figures.windows,
        figures.months,
    )
    asked = LaborModel(compared, stated, model.setting)
    predicted = predict(fit, asked, generator)
    is_share = np.array([role == "state_share" for role in asked.roles], dtype=bool)
    rows = np.array(asked.used, dtype=int)
    is_judged = ~np.isnan(predicted).all(axis=0)
    quantile = (predicted < asked.y).mean(axis=0)
    ends = np.quantile(predicted, BEYOND_90, axis=0)
    ends = np.where(is_share, expit(ends), np.exp(np.where(is_share, 0.0, ends)))
    judged = pl.DataFrame(
        {
            "row": pl.Series(rows[is_judged], dtype=pl.UInt32),
            "posterior_quantile": quantile[is_judged],
            "model_q05": ends[0, is_judged],
            "model_q95": ends[1, is_judged],
        }
    )
    used = set(model.used)
    reasons = [
        None if row in used else reason or model.reasons.get(row, "not read by the labor model")
        for row, reason in figures.frame.select("row", "reason").iter_rows()
    ]
    return (
        figures.frame.select("row", "observation_id")
        .with_columns(reason_not_used=pl.Series(reasons, dtype=pl.String))
        .join(judged, on="row", how="left", maintain_order="left")
        .select(
            "observation_id",
            is_used=pl.col("reason_not_used").is_null(),
            reason_not_used="reason_not_used",
            posterior_quantile="posterior_quantile",
            model_q05="model_q05",
            model_q95="model_q95",
        )
    )


def _contraction(model: LaborModel, world: World, before: World) -> tuple[pl.DataFrame, np.ndarray]:
    """How much the figures narrowed the prior of each year's and each month's take."""

    def spread(logs: np.ndarray) -> np.ndarray:
        # half the central 68%: one wild prior world must not set the scale
        low, high = np.quantile(logs, [0.16, 0.84], axis=0)
        return (high - low) / 2

    years, months = _years(model)
    after_month, before_month = (one.take.sum(axis=1) for one in (world, before))
    after = spread(np.log(after_month @ months.T))
    prior = spread(np.log(before_month @ months.T))
    table = pl.DataFrame(
        {
            "year": years.astype(np.int64),
            "prior_sd_log": prior,
            "posterior_sd_log": after,
            "contraction": 1 - after / prior,
        }
    )
    monthly = 1 - spread(np.log(after_month)) / spread(np.log(before_month))
    return table, monthly < LEAST_CONTRACTION


def _explained(outcome: np.ndarray, given: np.ndarray) -> np.ndarray:
    """E[outcome | inputs] by regression on the draws (Strong & Oakley 2014), cubic in each."""
    columns = [np.ones_like(outcome)]
    for column in given.T:
        z = np.clip((column - column.mean()) / max(float(column.std()), 1e-12), -4, 4)
        columns += [z, z**2, z**3]
    design = np.stack(columns, axis=1)
    weights, *_ = np.linalg.lstsq(design, outcome, rcond=None)
    return design @ weights


def _sensitivity(fit: LaborFit, world: World) -> pl.DataFrame:
    """Share of each year's variance of take that knowing one input would take away."""
    model = fit.model
    years, months = _years(model)
    by_host = {host: np.array([at]) for at, host in enumerate(model.hosts)}
    if len(model.hosts) > 1:
        rest = [at for at, host in enumerate(model.hosts) if host not in ("CHN", "RUS")]
        by_host = {"CHN": by_host["CHN"], "RUS": by_host["RUS"], "other hosts": np.array(rest)}
    rows = []
    for at, year in enumerate(years):
        inside = months[at] > 0
        people = world.headcount[:, :, inside].mean(axis=2)
        gross = world.gross[:, :, inside].sum(axis=2)
        take = world.take[:, :, inside].sum(axis=2)
        outcome = take.sum(axis=1)
        variance = float(outcome.var())
        inputs: dict[str, np.ndarray] = {}
        for host, where in by_host.items():
            of = "" if host == labor_figures.WORLD else f" in {host}"
            inputs[f"headcount{of}"] = people[:, where].sum(axis=1)
            inputs[f"pay{of}"] = gross[:, where].sum(axis=1) / (
                inputs[f"headcount{of}"] * world.paid * inside.sum()
            )
        inputs["state share"] = outcome / gross.sum(axis=1)
        inputs["paid months"] = world.paid
        for name, values in inputs.items():
            fitted = _explained(outcome, np.log(values)[:, None])
            low, high = np.quantile(fitted, [0.1, 0.9])
            share = float(fitted.var()) / variance
            rows.append((model.setting.stream, int(year), name, share, float(low), float(high)))
    return pl.DataFrame(
        rows,
        schema={
            "stream": pl.String,
            "year": pl.Int64,
            "input": pl.String,
            "variance_share": pl.Float64,
            "low_usd": pl.Float64,
            "high_usd": pl.Float64,
        },
        orient="row",
    )


def _value_of_information(
    fit: LaborFit,
    world: World,
    obtainable: pl.DataFrame | None,
    generator: np.random.Generator,
) -> pl.DataFrame:
    """Expected width of a year's 90% interval once a datum is known, over its width now.

    Each draw tells what the datum would say there; the width of take left among draws with like
    answers, averaged over the answers, is the width to expect.
    """
    schema = {
        "stream": pl.String,
        "year": pl.Int64,
        "datum": pl.String,
        "expected_width_ratio": pl.Float64,
        "rank": pl.Int64,
    }
    model = fit.model
    stream = model.setting.stream
    if obtainable is None or obtainable.is_empty():
        return pl.DataFrame(schema=schema)
    wanted = obtainable.filter(
        pl.col("stream") == stream, pl.col("window_start_on") <= model.months[-1]
    )
    asked = _asked_of(wanted, model)
    truth = predict(fit, asked, generator, is_plain=True)
    years, months = _years(model)
    take = world.take.sum(axis=1) @ months.T
    n = take.shape[0]
    n_bins = max(2, min(20, n // 50))
    rows = []
    names = wanted.sort("datum")["datum"].to_list()
    errors = wanted.sort("datum")["error_sd_log"].to_list()
    ends = wanted.sort("datum")["window_end_on"].to_list()
    for column, row in enumerate(asked.used):
        answer = truth[:, column] + generator.normal(0, errors[row], n)
        bins = np.argsort(answer, kind="stable")[: n - n % n_bins].reshape(n_bins, -1)
        at = int(np.searchsorted(years, ends[row].year))
        if at >= years.size:
            continue
        now = np.subtract(*np.quantile(take[:, at], [0.95, 0.05]))
        left = np.subtract(*np.quantile(take[bins, at], [0.95, 0.05], axis=1)).mean()
        rows.append((stream, int(years[at]), names[row], float(left / now), 0))
    table = pl.DataFrame(rows, schema=schema, orient="row")
    return table.with_columns(
        rank=pl.col("expected_width_ratio").rank("ordinal").over("year").cast(pl.Int64)
    ).sort("year", "rank")


def _asked_of(wanted: pl.DataFrame, model: LaborModel) -> LaborModel:
    """A model whose figures are the data one might obtain; their values play no part."""
    units = {"headcount": "persons", "border_entries": "persons", "state_share": "share"}
    units |= {"gross_wage": "USD/month", "fee": "USD/month", "state_take_usd": "USD"}
    ordered = wanted.sort("datum").with_row_index("number")
    ledger = ordered.select(
        observation_id=pl.col("number").cast(pl.String).str.zfill(4),
        stream="stream",
        quantity="quantity",
        counterpart_iso3="counterpart_iso3",
        sector=pl.lit("all"),
        window_start_on="window_start_on",
        window_end_on="window_end_on",
        kind=pl.lit("exact"),
        low=pl.lit(None, dtype=pl.Float64),
        central=pl.lit(0.5),
        high=pl.lit(None, dtype=pl.Float64),
        unit=pl.col("quantity").replace_strict(units),
        origin_id=pl.col("number").cast(pl.String),
        is_used=pl.lit(value=True),
        reason_not_used=pl.lit(None, dtype=pl.String),
    )
    figures = labor_figures.read_labor_figures(
        ledger, model.setting.stream, first=model.months[0], through=model.months[-1]
    )
    stated = {f"{model.setting.prefix}{name}": args for name, args in model.priors.items()}
    return LaborModel(figures, stated, model.setting)


def plausibility(model: LaborModel) -> pl.DataFrame:
    """What each total means per worker and month beside the highest pay stated anywhere."""
    frame = model.figures.frame
    highest = model.highest_pay()
    rows = [
        (frame["observation_id"][row], model.implied_pay(row, frame["value"][row]))
        for row, role in zip(model.used, model.roles, strict=True)
        if role in ("state_take_usd", "gross_wages_usd")
    ]
    return pl.DataFrame(
        rows,
        schema={"observation_id": pl.String, "implied_usd_per_worker_month": pl.Float64},
        orient="row",
    ).with_columns(
        highest_pay_usd_per_month=pl.lit(highest),
        is_plausible=pl.col("implied_usd_per_worker_month") <= highest,
    )
