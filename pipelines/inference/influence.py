"""The headline without each figure, root and class; and what each prior does to it.

Draws are reweighted by what is left out, with Pareto-smoothed weights (Vehtari and others 2024,
Journal of Machine Learning Research 25); where the weights' tail says not to believe them (k above
0.7), the model is sampled anew without it.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl

from pipelines.inference.diagnostics import HIGHEST_K
from pipelines.inference.estimate import Fit, outcomes
from pipelines.inference.joint import Outcome

# figures whose weights fail are left out in earnest when they seem to move a year by so many widths
_WORTH_A_REFIT = 0.25
_MOST_REFITS = 3
# transitions that a refit keeps; of a short fit fewer
_REFIT_DRAWS = 32
# a slope below it is not worth a look (Kallioinen and others)
_LEAST_SENSITIVITY = 0.05
_LEVELS = np.array([0.05, 0.5, 0.95])


def smoothed(log_weights: np.ndarray) -> tuple[np.ndarray, float]:
    """Pareto-smoothed weights that add to 1, (draws,), and the shape k of their tail."""
    from arviz_stats.base import array_stats  # loading it takes seconds

    spread = np.ptp(log_weights)
    if spread < 1e-9:
        return np.full(len(log_weights), 1 / len(log_weights)), 0.0
    with np.errstate(divide="ignore", invalid="ignore"):
        # psislw takes log likelihoods of what is left out: the negative of log weights
        log_w, k = array_stats.psislw(-log_weights)
    if not np.isfinite(log_w).all():
        # a tail of equal weights has no shape to fit, and needs no smoothing
        log_w, k = log_weights, 0.0
    weights = np.exp(log_w - np.max(log_w))
    return weights / weights.sum(), float(k)


def weighing(income: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """From weights (draws,) that add to 1 to 5, 50 and 95% points of every year, (3, years).

    Args:
        income: (draws, years); sorted once, however many weights follow.
    """
    order = np.argsort(income, axis=0, kind="stable")
    ordered = np.take_along_axis(income, order, axis=0)

    def quantiles(weights: np.ndarray) -> np.ndarray:
        years = zip(np.cumsum(weights[order], axis=0).T, ordered.T, strict=True)
        return np.stack([np.interp(_LEVELS, share, values) for share, values in years], axis=1)

    return quantiles


def influence(fitted: Fit, headline: dict[str, str]) -> pl.DataFrame:
    """Every stream's headline without each of its figures, each root and each class.

    Args:
        headline: stream to measure.

    Returns:
        stream, year, what (figure, root, class), name; q05, q50, q95 of what is left; shift_usd:
        the median as published less that left; shift_in_widths: its size over the width of the 90%
        interval left; pareto_k; method: psis or refit.
    """
    joint = fitted.joint
    log_sites = joint.density.log_sites(fitted.theta)
    parts = []
    for stream, measure in headline.items():
        reweighted = weighing(fitted.annual(stream, measure))
        of = joint.read.filter(pl.col("stream") == stream)
        places = of.select("site", "at").iter_rows()
        log_rows = np.stack([log_sites[f"{stream}/{site}"][:, at] for site, at in places], axis=1)
        for what, key in (("figure", "observation_id"), ("root", "root_id"), ("class", "class")):
            names = of[key].to_numpy()
            for name in np.unique(names):
                weights, k = smoothed(-log_rows[:, names == name].sum(axis=1))
                about = {"what": what, "name": str(name), "pareto_k": k, "method": "psis"}
                parts.append(_points(fitted, stream, reweighted(weights), **about))
    now = _headline_points(fitted, fitted.outcomes, headline)

    def shifted(left: pl.DataFrame) -> pl.DataFrame:
        shift = pl.col("q50_now") - pl.col("q50")
        width = (pl.col("q95") - pl.col("q05")).clip(1e-9)
        return left.join(now, on=["stream", "year"], suffix="_now", maintain_order="left").select(
            left.columns, shift_usd=shift, shift_in_widths=shift.abs() / width
        )

    table = shifted(pl.concat(parts))
    # those whose weights fail and that seem to matter most
    doubtful = (
        table.filter(
            pl.col("what") == "figure",
            pl.col("pareto_k") > HIGHEST_K,
            pl.col("shift_in_widths") > _WORTH_A_REFIT,
        )
        .group_by("name")
        .agg(pl.col("shift_in_widths").max())
        .sort("shift_in_widths", "name", descending=[True, False])["name"]
    )
    for name in doubtful.head(_MOST_REFITS):
        about = {"what": "figure", "name": name, "pareto_k": 0.0, "method": "refit"}
        left = _headline_points(fitted, without(fitted, [name]), headline, **about)
        left = left.join(table, on=["stream", "name"], how="semi", maintain_order="left")
        table = pl.concat([table.join(left, on=["stream", "name"], how="anti"), shifted(left)])
    return table.sort("stream", "what", "name", "year")


def _points(fitted: Fit, stream: str, points: np.ndarray, **about: Any) -> pl.DataFrame:
    """stream, year, ``about`` and the ``points`` (3, years) as q05, q50, q95."""
    grain = {"stream": stream, "year": fitted.joint.years(stream).astype(np.int64)}
    return pl.DataFrame(grain | about | dict(zip(("q05", "q50", "q95"), points, strict=True)))


def _headline_points(
    fitted: Fit, found: Mapping[str, Outcome], headline: dict[str, str], **about: Any
) -> pl.DataFrame:
    """`_points` of every stream's headline by year in some worlds."""
    evidence, parts = fitted.joint.evidence, []
    for stream, measure in headline.items():
        annual = found[stream].annual(measure, evidence[stream].months)
        parts.append(_points(fitted, stream, np.quantile(annual, _LEVELS, axis=0), **about))
    return pl.concat(parts)


def without(fitted: Fit, ids: list[str], *, seed: int = 7) -> dict[str, Outcome]:
    """Outcomes by stream with these figures hidden, sampled anew from where the fit stands."""
    sampler = fitted.sampler
    draws = max(8, min(_REFIT_DRAWS, fitted.effort.draws // 2))
    effort = replace(fitted.effort, draws=draws, rounds=1)
    samples = sampler.sample(
        seed=seed, data=fitted.joint.hidden(ids), start=fitted.samples, effort=effort
    )
    theta = samples.thinned(sampler.chains * effort.draws)
    return outcomes(fitted.joint, theta, seed)


def readings(fitted: Fit, headline: dict[str, str], leave: dict[str, str]) -> pl.DataFrame:
    """The headline as one kind of source reads the world: stream, year, reading, q05, q50, q95.

    Args:
        leave: reading to the class it leaves out, as "without desk" to "desk".
    """
    read = fitted.joint.read
    found = {"all": fitted.outcomes} | {
        reading: without(fitted, read.filter(pl.col("class") == klass)["observation_id"].to_list())
        for reading, klass in leave.items()
    }
    return pl.concat(
        [_headline_points(fitted, worlds, headline, reading=name) for name, worlds in found.items()]
    )


def power_scaled(
    fitted: Fit, headline: dict[str, str], alphas: tuple[float, ...] = (0.5, 0.8, 1.25, 2.0)
) -> pl.DataFrame:
    """What the headline would be with a prior, or all figures, given more or less say.

    A density raised to a power is the same statement stronger or weaker; draws are reweighted by it
    (power-scaling: Kallioinen and others 2023, Statistics and Computing 34:57). A prior here is a
    latent site of the model's text; ``likelihood`` is all figures of the stream at once. Sites of
    more than a few parameters have weights that cannot be trusted, which ``is_reliable`` says.

    Returns:
        stream, year, prior, alpha; median_ratio, q05_ratio, q95_ratio to the published quantile;
        method, pareto_k, is_reliable; sensitivity (slope of a distance per doubling), the same of
        years mixed up as sensitivity_noise, and is_sensitive.
    """
    density = fitted.joint.density
    log_sites = density.log_sites(fitted.theta)
    parts = []
    for stream, measure in headline.items():
        income = fitted.annual(stream, measure)
        now, reweighted = np.quantile(income, _LEVELS, axis=0), weighing(income)
        own, prior = f"{stream}/", (f"{stream}/", f"root/{stream}.", f"class/{stream}.")
        logs_of = {
            name: values.reshape(len(income), -1).sum(axis=1) for name, values in log_sites.items()
        }
        sites = {
            name.removeprefix(own): logs
            for name, logs in logs_of.items()
            if name in density.latent and name.startswith(prior)
        }
        said = [name for name in density.observed if name.startswith(own)]
        sites["likelihood"] = np.sum([logs_of[name] for name in logs_of if name in said], axis=0)
        shuffled = np.random.default_rng(0).permutation(len(income))
        for name, logs in sites.items():
            weak, strong = (smoothed((alpha - 1) * logs)[0] for alpha in (_WEAKER, _STRONGER))
            slope = np.array([_sense(of_year, weak, strong) for of_year in income.T])
            # what a prior without bearing on the year reaches by chance: years mixed up
            noise = _sense(income[shuffled, -1], weak, strong)
            about = {
                "prior": name,
                "method": "psis",
                "sensitivity": slope,
                "sensitivity_noise": noise,
                "is_sensitive": slope >= max(_LEAST_SENSITIVITY, noise),
            }
            for alpha in alphas:
                weights, k = smoothed((alpha - 1) * logs)
                ratios = reweighted(weights) / np.maximum(now, 1e-9)
                weighed = {"alpha": alpha, "pareto_k": k, "is_reliable": k <= HIGHEST_K}
                parts.append(_points(fitted, stream, ratios, **about, **weighed))
    return pl.concat(parts).rename({"q05": "q05_ratio", "q50": "median_ratio", "q95": "q95_ratio"})


_WEAKER, _STRONGER = 0.8, 1.25


def _sense(income: np.ndarray, weak: np.ndarray, strong: np.ndarray) -> float:
    """Slope of the cumulative Jensen-Shannon distance per doubling of strength."""
    from arviz_stats.base import array_stats  # loading it takes seconds

    found = array_stats.power_scale_sense(
        income[None, :], weak[None, :], strong[None, :], _WEAKER, _STRONGER
    )
    return float(np.asarray(found).squeeze())
