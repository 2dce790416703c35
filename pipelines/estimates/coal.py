"""Coal income by the Bayesian model: figures in, joint draws and their credentials out."""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.special import expit

from pipelines import draws as algebra
from pipelines.estimates import coal_model, coal_windows, prior_sensitivity, sampler
from pipelines.estimates.baseline_coal import destination_draws, support
from pipelines.estimates.coal_model import SCOPES, CoalModel

MODEL = "state_space"
CHAINS = 16
WARMUP = 250
# transitions kept for each draw returned: thinning makes 4,000 draws worth more
KEPT_PER_DRAW = 2
LEAST_CONTRACTION = 0.2


@dataclass(frozen=True)
class Effort:
    """How long to sample."""

    chains: int = CHAINS
    warmup: int = WARMUP
    kept_per_draw: int = KEPT_PER_DRAW
    # transitions a chain makes whatever the draws asked for, so that convergence can be judged
    least: int = 150
    # effective draws of every year below which sampling goes on; 0 takes what one round gives
    least_ess: int = sampler.WANTED_ESS


@dataclass(frozen=True)
class CoalFit:
    """A sampled posterior.

    Attributes:
        model: the log density and its data.
        samples: every kept transition.
        theta: (draws, size), thinned.
        log_tonnes, log_price: (draws, months).
    """

    model: CoalModel
    samples: sampler.Samples
    theta: np.ndarray
    log_tonnes: np.ndarray
    log_price: np.ndarray


@dataclass(frozen=True)
class CoalPosterior:
    """What the model says, and on what ground.

    Attributes:
        draws: draw, month, tonnes, price_usd_per_t, gross_fob_usd, net_usd.
        destinations: draw, year, destination_iso3, share.
        figures: observation_id, is_used, reason_not_used, posterior_quantile, model_q05,
            model_q95 (the model's own 90% interval for such a figure, in its unit).
        support_monthly, support_annual: n_origins and is_prior_driven by period.
        diagnostics: name, rhat, ess_bulk, ess_tail of every reported month and year.
        n_divergent: divergent transitions.
        contraction: year, prior_sd_log, posterior_sd_log, contraction (1 - their ratio).
        sensitivity: stream, year, input, variance_share, low_usd, high_usd.
        prior_sensitivity: gross FOB income with each prior stronger and weaker
            (`prior_sensitivity.power_scale`).
        value_of_information: stream, year, datum, expected_width_ratio, rank.
    """

    draws: pl.DataFrame
    destinations: pl.DataFrame
    figures: pl.DataFrame
    support_monthly: pl.DataFrame
    support_annual: pl.DataFrame
    diagnostics: pl.DataFrame
    n_divergent: int
    contraction: pl.DataFrame
    sensitivity: pl.DataFrame
    prior_sensitivity: pl.DataFrame
    value_of_information: pl.DataFrame


def fit_coal(
    figures: coal_windows.CoalFigures,
    priors: dict[str, tuple[float, ...]],
    *,
    draws: int,
    seed: int,
    effort: Effort | None = None,
    progress: Callable[[float], None] | None = None,
) -> CoalFit:
    """Sample the posterior of monthly tonnage and price.

    Args:
        figures: usable figures on their grid.
        priors: arguments by parameter.
        draws: joint draws returned.
        seed: same seed, same draws.
        effort: chains, warm-up and thinning.
        progress: told the share done.
    """
    model = CoalModel(figures, priors)
    return fit_model(model, draws=draws, seed=seed, effort=effort, progress=progress)


def fit_model(
    model: CoalModel,
    *,
    draws: int,
    seed: int,
    effort: Effort | None = None,
    progress: Callable[[float], None] | None = None,
) -> CoalFit:
    """Sample one model; as :func:`fit_coal`."""
    effort = effort or Effort()
    start, is_free = model.start()
    mode = sampler.find_mode(model, start, is_free)
    each = max(-(-draws * effort.kept_per_draw // effort.chains), effort.least)
    samples = sampler.sample(
        model,
        sampler.whiten(model, mode),
        chains=effort.chains,
        warmup=effort.warmup,
        draws=each,
        generator=algebra.named_generator(seed, "coal.sampler"),
        progress=progress,
        is_enough=lambda kept: (
            effort.least_ess == 0
            or not sampler.troubles(_diagnose(model, kept), 0, least=effort.least_ess)
        ),
    )
    every = samples.flat(samples.draws.shape[0] * samples.draws.shape[1])
    theta = every[np.linspace(0, len(every) - 1, draws).round().astype(int)]
    return CoalFit(model, samples, theta, model.log_tonnes(theta), model.log_price(theta))


def estimate_coal(
    observations: pl.DataFrame,
    priors: pl.DataFrame,
    *,
    draws: int,
    seed: int,
    through: dt.date,
    obtainable: pl.DataFrame | None = None,
    effort: Effort | None = None,
    progress: Callable[[float], None] | None = None,
) -> CoalPosterior:
    """Draw monthly coal tonnage, price and income, with everything that vouches for them.

    Args:
        observations: the ledger (``facts.observations``); rows not ``is_used`` are passed over.
        priors: table of ``coal_priors.csv``.
        draws: joint draws.
        seed: same seed, same numbers.
        through: last month estimated; months past the last figure are a nowcast, carried by the
            model alone.
        obtainable: table of ``obtainable_data.csv``, for the value of information.
        effort: how long to sample.
        progress: told the share done.

    Raises:
        ValueError: no tonnage figure or no price can be read.
    """
    stated = coal_windows.prior_arguments(priors)
    figures = coal_windows.read_coal_figures(observations, through)
    fit = fit_coal(figures, stated, draws=draws, seed=seed, effort=effort, progress=progress)
    model = fit.model
    tonnes, price = np.exp(fit.log_tonnes), np.exp(fit.log_price)
    cost = algebra.beta_of_mean(*stated["net_cost_share"])
    cost_share = algebra.named_generator(seed, "coal.net_cost_share").beta(*cost, size=(draws, 1))
    gross = tonnes * price
    frame = algebra.to_long(
        figures.months,
        tonnes=tonnes,
        price_usd_per_t=price,
        gross_fob_usd=gross,
        net_usd=gross * (1 - cost_share),
    )
    used = {row for row, role in enumerate(model.roles) if role not in coal_model.NOT_READ}
    destinations, split_rows = destination_draws(figures, stated, draws, seed)
    prior_theta = simulate_prior(model, draws, algebra.named_generator(seed, "coal.prior"))
    contraction = _contraction(model, fit, prior_theta)
    is_known_year = dict(
        contraction.select("year", pl.col("contraction") >= LEAST_CONTRACTION).iter_rows()
    )
    covered = _covered(model)
    monthly, annual = support(figures, used, covered)
    # flagged when no total covers most of the year, or when figures barely narrowed the prior
    annual = annual.with_columns(
        is_prior_driven=pl.col("is_prior_driven")
        | pl.col("year").replace_strict(is_known_year, return_dtype=pl.Boolean).not_()
    )
    judged = judge_figures(fit, figures, algebra.named_generator(seed, "coal.predictive"))
    return CoalPosterior(
        draws=frame,
        destinations=destinations,
        figures=_figure_use(figures, model, used | split_rows, judged),
        support_monthly=monthly,
        support_annual=annual,
        diagnostics=diagnose(fit),
        n_divergent=fit.samples.n_divergent,
        contraction=contraction,
        sensitivity=_sensitivity(model, fit, gross),
        prior_sensitivity=prior_sensitivity.power_scale(
            "coal",
            model.years,
            gross @ model.year_weights.T,
            prior_sensitivity.coal_parts(model, fit.theta),
        ),
        value_of_information=_value_of_information(
            model, fit, gross, obtainable, algebra.named_generator(seed, "coal.datum")
        ),
    )


def diagnose(fit: CoalFit) -> pl.DataFrame:
    """Convergence of every month's tonnage and price and every year's tonnage and income."""
    return _diagnose(fit.model, fit.samples.draws)


def _diagnose(model: CoalModel, kept: np.ndarray) -> pl.DataFrame:
    chains, each, size = kept.shape
    flat = kept.reshape(-1, size)
    log_t, log_p = model.log_tonnes(flat), model.log_price(flat)
    tonnes = np.exp(log_t)
    yearly_t = np.log(tonnes @ model.year_weights.T)
    yearly_x = np.log((tonnes * np.exp(log_p)) @ model.year_weights.T)
    values = np.concatenate([log_t, log_p, yearly_t, yearly_x], axis=1)
    names = [f"{what} {month:%Y-%m}" for what in ("tonnes", "price") for month in model.months]
    names += [f"{what} {year}" for what in ("tonnes", "income") for year in model.years]
    return sampler.diagnose(values.reshape(chains, each, -1), names)


def simulate_prior(model: CoalModel, n: int, generator: np.random.Generator) -> np.ndarray:
    """Draws from the prior in the model's own coordinates, (n, size).

    The ceiling is part of the prior: four times as many worlds are drawn and resampled by the
    weight it gives them.
    """
    from scipy.special import log_ndtr

    prior, layout = model.priors, model.layout
    many = 4 * n
    theta = np.zeros((many, layout.size))

    def normal(name: str, mean: float, sd: float) -> np.ndarray:
        width = layout[name].stop - layout[name].start
        drawn = generator.normal(mean, sd, (many, width))
        theta[:, layout[name]] = drawn
        return drawn

    steps = generator.normal(model.level_mean, model.level_sd, (many, model.level_mean.size))
    level = steps @ np.linalg.inv(model.level_step).T
    theta[:, layout["level"]] = level
    normal("slow", 0.0, 1.0)
    base = normal("price_level", *prior["price_level_log"])
    beta = normal("pass_through", *prior["price_pass_through"])
    log_s = np.stack(
        [generator.normal(*prior[name], size=many) for name in coal_model.ERAS], axis=1
    )
    theta[:, layout["log_innovation"]] = log_s
    log_sp = normal("log_price_innovation", *prior["price_innovation_sd"])
    n_rec, size = model.n_recorded, len(model.months)
    keep = prior["tonnage_persistence"][0]
    u = np.empty((many, n_rec))
    u[:, 0] = generator.normal(size=many)
    for t in range(1, n_rec):
        scale = np.exp(log_s[:, model.era[t]])
        u[:, t] = keep * u[:, t - 1] + scale * generator.normal(size=many)
    x = model.base_path(theta)[:, :n_rec] + u
    keep = prior["price_persistence"][0]
    d = np.empty((many, n_rec))
    d[:, 0] = generator.normal(0, coal_model.FIRST_PRICE_SD, many)
    for t in range(1, n_rec):
        d[:, t] = keep * d[:, t - 1] + np.exp(log_sp[:, 0]) * generator.normal(size=many)
    start = layout["log_tonnes"].start
    theta[:, start : start + n_rec] = model.grouped(x)
    theta[:, start + n_rec : start + size] = generator.normal(size=(many, size - n_rec))
    start = layout["log_price"].start
    theta[:, start : start + n_rec] = base + beta * model.reference[:n_rec] + d
    theta[:, start + n_rec : start + size] = generator.normal(size=(many, size - n_rec))
    for at, name in enumerate(SCOPES):
        theta[:, layout["scope"].start + at] = generator.normal(*prior[name], size=many)
    if model.bias_sd.size:
        theta[:, layout["bias"]] = generator.normal(0, model.bias_sd, (many, model.bias_sd.size))
    normal("quote_bias", 0.0, prior["quote_origin_sd"][0])
    share = generator.beta(*prior["detected_share"], size=(many, len(model.seen_keys)))
    theta[:, layout["logit_seen"]] = np.log(share) - np.log1p(-share)
    normal("log_watched", *prior["watched_share_log"])
    lot = normal("log_lot", *prior["lot_size_log_t"])
    width = layout["log_lot_figure"].stop - layout["log_lot_figure"].start
    theta[:, layout["log_lot_figure"]] = lot + generator.normal(
        0, prior["lot_size_log_t"][1], (many, width)
    )
    yearly = np.log(np.exp(model.log_tonnes(theta)) @ model.year_weights.T)
    weight = log_ndtr((model.ceiling - yearly) / model.ceiling_sd).sum(axis=1)
    chance = np.exp(weight - weight.max())
    return theta[generator.choice(many, size=n, p=chance / chance.sum())]


def with_made_up_figures(
    model: CoalModel, theta: np.ndarray, generator: np.random.Generator
) -> CoalModel:
    """The same model with every figure replaced by one the world ``theta`` would utter.

    Raises:
        ValueError: the ledger holds one-sided figures, which cannot be simulated.
    """
    if (model.u_role == "floor_usd").any() or model.lot_is_floor.any():
        raise ValueError("leave one-sided money totals and lots out before simulating figures")
    made, prior, layout = copy.copy(model), model.priors, model.layout
    one = theta[None, :]
    tonnes = np.exp(model.log_tonnes(one)[0])
    price = np.exp(model.log_price(one)[0])
    zero = np.zeros(1)
    scope = np.concatenate([theta[layout["scope"]], zero])
    bias = np.concatenate([theta[layout["bias"]], zero])
    quote = np.concatenate([theta[layout["quote_bias"]], zero])
    m = np.log(model.t_weights @ tonnes)
    log_seen = np.concatenate([-np.logaddexp(0.0, -theta[layout["logit_seen"]]), zero])
    watched = np.concatenate([theta[layout["log_watched"]], zero])
    lots = np.concatenate([theta[layout["log_lot_figure"]], zero])
    student = generator.standard_t(coal_model.NU, m.size)
    exact = m - scope[model.t_scope] + bias[model.t_bias] + model.t_error * student
    floor = m + log_seen[model.t_seen]
    floor = floor + generator.normal(0, prior["unrecorded_error_sd"][0], m.size)
    made.t_log = np.where(model.t_role == "tonnes", exact, floor)
    mu = np.exp(m + log_seen[model.t_seen] + watched[model.t_watched] - lots[model.t_lot])
    phi = model.t_dispersion
    made.t_value = generator.poisson(generator.gamma(phi, mu / phi)).astype(float)
    k = np.log(model.u_weights @ (tonnes * price))
    student = generator.standard_t(coal_model.NU, k.size)
    shift = np.where(model.u_role == "chapter", prior["chapter_excess"][0], 0.0)
    exact = k - scope[model.u_scope] + bias[model.u_bias] + shift + model.u_error * student
    assumed = np.log(model.u_weights @ tonnes) + generator.normal(
        *prior["assumed_price_log"], size=k.size
    )
    is_own = generator.uniform(size=k.size) < prior["own_price_weight"][0]
    mixed = np.where(is_own, k, assumed) + bias[model.u_bias]
    mixed = mixed + model.u_error * generator.normal(size=k.size)
    made.u_log = np.where(model.u_role == "usd_mixed", mixed, exact)
    student = generator.standard_t(coal_model.NU, model.p_rows.size)
    made.p_log = model.p_weights @ np.log(price) + quote[model.p_bias] + model.p_error * student
    made.lot_log = theta[layout["log_lot"]] + model.lot_error * generator.normal(
        size=model.lot_rows.size
    )
    return made


def headline_logs(model: CoalModel, theta: np.ndarray) -> dict[str, np.ndarray]:
    """What is reported, in logs: tonnage and income of every year, and the scalar parameters."""
    log_t, log_p = model.log_tonnes(theta), model.log_price(theta)
    tonnes = np.log(np.exp(log_t) @ model.year_weights.T)
    income = np.log(np.exp(log_t + log_p) @ model.year_weights.T)
    out = {}
    for at, year in enumerate(model.years):
        out[f"tonnes {year}"], out[f"income {year}"] = tonnes[:, at], income[:, at]
    for name in ("price_level", "pass_through", "log_price_innovation", "log_lot"):
        out[name] = theta[:, model.layout[name].start]
    for at, name in enumerate(coal_model.ERAS):
        out[name] = theta[:, model.layout["log_innovation"].start + at]
    return out


def predict(
    fit: CoalFit, asked: CoalModel, generator: np.random.Generator
) -> dict[int, np.ndarray]:
    """What the fit expects figures of ``asked`` to say, in their own unit.

    An origin the fit knows keeps its bias; an unknown one gets a fresh one from the prior, and so
    do the share an observer saw and the size of a lot.

    Returns:
        Row of ``asked.figures`` to (draws,) predictive values.
    """
    prior, layout, theta = asked.priors, fit.model.layout, fit.theta
    n = theta.shape[0]
    tonnes = np.exp(fit.log_tonnes)
    income = tonnes * np.exp(fit.log_price)
    scope = np.concatenate([theta[:, layout["scope"]], np.zeros((n, 1))], axis=1)

    def offsets(keys: list[object], known: list[object], name: str, sd: np.ndarray) -> np.ndarray:
        """(n, keys): the fit's own offset where it has one, else a fresh one."""
        out = generator.normal(0, 1, (n, len(keys))) * sd
        for at, key in enumerate(keys):
            if key in known:
                out[:, at] = theta[:, layout[name].start + known.index(key)]
        return np.concatenate([out, np.zeros((n, 1))], axis=1)

    bias = offsets(asked.bias_keys, fit.model.bias_keys, "bias", asked.bias_sd)
    quote = offsets(
        asked.quote_keys,
        fit.model.quote_keys,
        "quote_bias",
        np.full(len(asked.quote_keys), prior["quote_origin_sd"][0]),
    )
    watched = offsets(
        asked.watched_keys,
        fit.model.watched_keys,
        "log_watched",
        np.full(len(asked.watched_keys), prior["watched_share_log"][1]),
    )
    for at, key in enumerate(asked.watched_keys):
        if key not in fit.model.watched_keys:
            watched[:, at] += prior["watched_share_log"][0]
    lot = theta[:, layout["log_lot"].start]
    lot_sd = prior["lot_size_log_t"][1]
    out: dict[int, np.ndarray] = {}
    student = generator.standard_t(coal_model.NU, (n, asked.t_rows.size + asked.u_rows.size))
    for at, row in enumerate(asked.t_rows):
        m = np.log(tonnes @ asked.t_weights[at])
        role = asked.t_role[at]
        if role == "tonnes":
            log = m - scope[:, asked.t_scope[at]] + bias[:, asked.t_bias[at]]
            out[int(row)] = np.exp(log + asked.t_error[at] * student[:, at])
            continue
        seen = np.log(generator.beta(*prior["detected_share"], size=n))
        if role == "floor_t":
            noise = generator.normal(0, prior["unrecorded_error_sd"][0], n)
            out[int(row)] = np.exp(m + seen + noise)
            continue
        part = seen if role == "count" else watched[:, asked.t_watched[at]]
        mu = np.exp(m + part - lot - generator.normal(0, lot_sd, n))
        phi = asked.t_dispersion[at]
        out[int(row)] = generator.poisson(generator.gamma(phi, mu / phi)).astype(float)
    for at, row in enumerate(asked.u_rows):
        weight, role = asked.u_weights[at], asked.u_role[at]
        k = np.log(income @ weight)
        noise = asked.u_error[at] * student[:, asked.t_rows.size + at]
        shift = prior["chapter_excess"][0] if role == "chapter" else 0.0
        log = k - scope[:, asked.u_scope[at]] + bias[:, asked.u_bias[at]] + shift + noise
        if role in ("usd_mixed", "floor_usd"):
            noise = asked.u_error[at] * generator.normal(size=n)
            own = k + bias[:, asked.u_bias[at]] + noise
            assumed = generator.normal(*prior["assumed_price_log"], size=n)
            other = np.log(tonnes @ weight) + assumed + bias[:, asked.u_bias[at]] + noise
            is_own = generator.uniform(size=n) < prior["own_price_weight"][0]
            log = np.where(is_own, own, other) if role == "usd_mixed" else own
        out[int(row)] = np.exp(log)
    student = generator.standard_t(coal_model.NU, (n, asked.p_rows.size))
    for at, row in enumerate(asked.p_rows):
        log = fit.log_price @ asked.p_weights[at] + quote[:, asked.p_bias[at]]
        out[int(row)] = np.exp(log + asked.p_error[at] * student[:, at])
    for at, row in enumerate(asked.lot_rows):
        out[int(row)] = np.exp(lot + asked.lot_error[at] * generator.normal(size=n))
    return out


def judge_figures(
    fit: CoalFit, figures: coal_windows.CoalFigures, generator: np.random.Generator
) -> pl.DataFrame:
    """Where each figure falls in the model: observation_id, posterior_quantile, model_q05, q95.

    A lower bound conflicts only when it lies above what the model expects, an upper bound only
    below, so their quantile is that of the bound in the predictive distribution all the same.
    """
    predicted = predict(fit, fit.model, generator)
    ids = figures.frame["observation_id"].to_list()
    value = figures.frame["value"].to_list()
    rows = sorted(predicted)
    return pl.DataFrame(
        {
            "observation_id": pl.Series([ids[row] for row in rows], dtype=pl.String),
            "posterior_quantile": pl.Series(
                [
                    float((predicted[row] < value[row]).mean())
                    + 0.5 * float((predicted[row] == value[row]).mean())
                    for row in rows
                ],
                dtype=pl.Float64,
            ),
            "model_q05": pl.Series(
                [float(np.quantile(predicted[row], 0.05)) for row in rows], dtype=pl.Float64
            ),
            "model_q95": pl.Series(
                [float(np.quantile(predicted[row], 0.95)) for row in rows], dtype=pl.Float64
            ),
        }
    )


def _figure_use(
    figures: coal_windows.CoalFigures, model: CoalModel, used: set[int], judged: pl.DataFrame
) -> pl.DataFrame:
    reasons = [
        None if row in used else coal_model.NOT_READ[role] for row, role in enumerate(model.roles)
    ]
    read = pl.DataFrame(
        {
            "observation_id": figures.frame["observation_id"],
            "reason_not_used": pl.Series(reasons, dtype=pl.String),
        }
    )
    return (
        pl.concat([read, figures.unused])
        .with_columns(is_used=pl.col("reason_not_used").is_null())
        .join(judged, on="observation_id", how="left")
        .sort("observation_id")
        .select(
            "observation_id",
            "is_used",
            "reason_not_used",
            "posterior_quantile",
            "model_q05",
            "model_q95",
        )
    )


def _covered(model: CoalModel) -> np.ndarray:
    """Months inside the window of a total, exact or a range."""
    direct = [
        model.t_weights[model.t_role == "tonnes"],
        model.u_weights[np.isin(model.u_role, ["usd", "usd_mixed"])],
    ]
    return np.asarray((np.concatenate(direct) > 0).any(axis=0))


def _contraction(model: CoalModel, fit: CoalFit, prior_theta: np.ndarray) -> pl.DataFrame:
    def spread(log_t: np.ndarray, log_p: np.ndarray) -> np.ndarray:
        yearly = np.log(np.exp(log_t + log_p) @ model.year_weights.T)
        # half the central 68%: one wild prior world must not set the scale
        low, high = np.quantile(yearly, [0.16, 0.84], axis=0)
        return (high - low) / 2

    before = spread(model.log_tonnes(prior_theta), model.log_price(prior_theta))
    after = spread(fit.log_tonnes, fit.log_price)
    return pl.DataFrame(
        {
            "year": model.years.astype(np.int64),
            "prior_sd_log": before,
            "posterior_sd_log": after,
            "contraction": 1 - after / before,
        }
    )


def explained(outcome: np.ndarray, inputs: np.ndarray) -> np.ndarray:
    """E[outcome | inputs] by regression on the draws (Strong & Oakley 2014).

    One input: a cubic in its ranks' normal scores and itself; several: linear with squares.
    """
    columns = [np.ones_like(outcome)]
    for column in inputs.T:
        z = (column - column.mean()) / max(float(column.std()), 1e-12)
        z = np.clip(z, -4, 4)
        columns += [z, z**2] + ([z**3] if inputs.shape[1] == 1 else [])
    design = np.stack(columns, axis=1)
    weights, *_ = np.linalg.lstsq(design, outcome, rcond=None)
    return design @ weights


def _sensitivity(model: CoalModel, fit: CoalFit, gross: np.ndarray) -> pl.DataFrame:
    """Share of each year's income variance that knowing one input would take away."""
    layout, theta = model.layout, fit.theta
    income = gross @ model.year_weights.T
    tonnes = np.exp(fit.log_tonnes) @ model.year_weights.T
    whole = {
        "origin errors": theta[:, layout["bias"]],
        "price quote errors": theta[:, layout["quote_bias"]],
        "share of shipments seen": expit(theta[:, layout["logit_seen"]]),
        "share of ships watched": theta[:, layout["log_watched"]],
        "lot size": theta[:, layout["log_lot"]],
    }
    rows = []
    for at, year in enumerate(model.years):
        outcome = income[:, at]
        variance = float(outcome.var())
        inputs = {
            "tonnage": np.log(tonnes[:, [at]]),
            "price": np.log(income[:, [at]] / tonnes[:, [at]]),
        } | {name: values for name, values in whole.items() if values.shape[1]}
        for name, values in inputs.items():
            fitted = explained(outcome, values)
            low, high = np.quantile(fitted, [0.1, 0.9])
            share = float(fitted.var()) / variance
            rows.append(("coal", int(year), name, share, float(low), float(high)))
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
    model: CoalModel,
    fit: CoalFit,
    gross: np.ndarray,
    obtainable: pl.DataFrame | None,
    generator: np.random.Generator,
) -> pl.DataFrame:
    """Expected width of a year's 90% interval once a datum is known, over its width now.

    Each draw tells what the datum would say there; draws with like answers are what would be
    left, so the width within bins of the answer, averaged, is the width expected.
    """
    schema = {
        "stream": pl.String,
        "year": pl.Int64,
        "datum": pl.String,
        "expected_width_ratio": pl.Float64,
        "rank": pl.Int64,
    }
    if obtainable is None or obtainable.is_empty():
        return pl.DataFrame(schema=schema)
    wanted = obtainable.filter(pl.col("stream") == "coal")
    income = gross @ model.year_weights.T
    n = income.shape[0]
    n_bins = 20
    rows = []
    for datum, quantity, start, end, error in wanted.select(
        "datum", "quantity", "window_start_on", "window_end_on", "error_sd_log"
    ).iter_rows():
        window = coal_windows.window_matrix([start], [end], model.months)[0]
        if not window.any():
            continue
        tonnes = np.log(np.exp(fit.log_tonnes) @ window)
        price = fit.log_price @ (window / window.sum())
        truth = {
            "export_t": tonnes,
            "vessel_calls": tonnes,
            "price_usd_per_t": price,
            "export_usd": np.log(gross @ window),
        }[quantity]
        answer = truth + generator.normal(0, error, n)
        bins = np.argsort(answer, kind="stable").reshape(n_bins, -1) if n % n_bins == 0 else None
        if bins is None:
            bins = np.argsort(answer, kind="stable")[: n - n % n_bins].reshape(n_bins, -1)
        for at, year in enumerate(model.years):
            if not (window * model.year_weights[at]).any():
                continue
            now = np.subtract(*np.quantile(income[:, at], [0.95, 0.05]))
            left = np.subtract(*np.quantile(income[bins, at], [0.95, 0.05], axis=1)).mean()
            rows.append(("coal", int(year), datum, float(left / now), 0))
    table = pl.DataFrame(rows, schema=schema, orient="row")
    return table.with_columns(
        rank=pl.col("expected_width_ratio").rank("ordinal").over("year").cast(pl.Int64)
    ).sort("year", "rank")
