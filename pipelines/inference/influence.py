"""The headline without each figure, root and class; and what each prior does to it.

Draws are reweighted by what is left out, with Pareto-smoothed weights (Vehtari and others 2024,
Journal of Machine Learning Research 25); where the weights' tail says not to believe them (k above
0.7), the model is sampled anew without it.
"""

from __future__ import annotations

from dataclasses import replace

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


class Weighted:
    """Yearly quantiles of draws under many weights; sorted once.

    Args:
        income: (draws, years).
    """

    def __init__(self, income: np.ndarray) -> None:
        self._order = np.argsort(income, axis=0, kind="stable")
        self._sorted = np.take_along_axis(income, self._order, axis=0)

    def quantiles(self, weights: np.ndarray) -> np.ndarray:
        """5, 50 and 95% points of every year, (3, years); weights (draws,) add to 1."""
        cumulated = np.cumsum(weights[self._order], axis=0)
        return np.stack(
            [
                np.interp(_LEVELS, share, values)
                for share, values in zip(cumulated.T, self._sorted.T, strict=True)
            ],
            axis=1,
        )


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
    read = joint.read
    parts = []
    for stream, measure in headline.items():
        income, years = fitted.annual(stream, measure), fitted.years(stream)
        of = read.filter(pl.col("stream") == stream)
        log_rows = np.stack(
            [
                log_sites[f"{stream}/{site}"][:, at]
                for site, at in of.select("site", "at").iter_rows()
            ],
            axis=1,
        )
        now, reweighted = np.quantile(income, _LEVELS, axis=0), Weighted(income)
        for what, key in (("figure", "observation_id"), ("root", "root_id"), ("class", "class")):
            names = of[key].to_numpy()
            for name in np.unique(names):
                weights, k = smoothed(-log_rows[:, names == name].sum(axis=1))
                left = reweighted.quantiles(weights)
                parts.append(_rows(stream, years, what, str(name), now, left, k))
    table = pl.concat(parts)
    return _refitted(fitted, headline, table)


def _rows(
    stream: str,
    years: np.ndarray,
    what: str,
    name: str,
    now: np.ndarray,
    left: np.ndarray,
    k: float,
    method: str = "psis",
) -> pl.DataFrame:
    shift = now[1] - left[1]
    return pl.DataFrame(
        {
            "stream": stream,
            "year": years.astype(np.int64),
            "what": what,
            "name": name,
            **dict(zip(("q05", "q50", "q95"), left, strict=True)),
            "shift_usd": shift,
            "shift_in_widths": np.abs(shift) / np.maximum(left[2] - left[0], 1e-9),
            "pareto_k": k,
            "method": method,
        }
    )


def _refitted(fitted: Fit, headline: dict[str, str], table: pl.DataFrame) -> pl.DataFrame:
    """Sample anew without the figures whose weights fail and that seem to matter most."""
    doubtful = (
        table.filter(
            pl.col("what") == "figure",
            pl.col("pareto_k") > HIGHEST_K,
            pl.col("shift_in_widths") > _WORTH_A_REFIT,
        )
        .group_by("name")
        .agg(pl.col("shift_in_widths").max())
        .sort("shift_in_widths", "name", descending=[True, False])["name"]
        .head(_MOST_REFITS)
        .to_list()
    )
    for name in doubtful:
        found = without(fitted, [name])
        for stream, measure in headline.items():
            now = np.quantile(fitted.annual(stream, measure), _LEVELS, axis=0)
            left = np.quantile(
                found[stream].annual(measure, fitted.joint.evidence[stream].months), _LEVELS, axis=0
            )
            fresh = _rows(stream, fitted.years(stream), "figure", name, now, left, 0.0, "refit")
            mine = (pl.col("name") == name) & (pl.col("stream") == stream)
            if not table.filter(mine).is_empty():
                table = pl.concat([table.filter(~mine), fresh])
    return table.sort("stream", "what", "name", "year")


def without(fitted: Fit, ids: list[str], *, seed: int = 7) -> dict[str, Outcome]:
    """Outcomes by stream with these figures hidden, sampled anew from where the fit stands."""
    sampler = fitted.sampler
    effort = replace(
        fitted.effort, draws=max(8, min(_REFIT_DRAWS, fitted.effort.draws // 2)), rounds=1
    )
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
    parts = []
    found = {"all": fitted.outcomes} | {
        reading: without(
            fitted, fitted.joint.read.filter(pl.col("class") == klass)["observation_id"].to_list()
        )
        for reading, klass in leave.items()
    }
    for reading, by_stream in found.items():
        for stream, measure in headline.items():
            annual = by_stream[stream].annual(measure, fitted.joint.evidence[stream].months)
            points = zip(("q05", "q50", "q95"), np.quantile(annual, _LEVELS, axis=0), strict=True)
            years = fitted.years(stream).astype(np.int64)
            parts.append(
                pl.DataFrame({"stream": stream, "year": years, "reading": reading, **dict(points)})
            )
    return pl.concat(parts)


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
        income, years = fitted.annual(stream, measure), fitted.years(stream)
        now, reweighted = np.quantile(income, _LEVELS, axis=0), Weighted(income)
        sites = {
            name.removeprefix(f"{stream}/"): values.reshape(len(income), -1).sum(axis=1)
            for name, values in log_sites.items()
            if name in density.latent
            and (
                name.startswith(f"{stream}/")
                or name.startswith((f"root/{stream}.", f"class/{stream}."))
            )
        }
        sites["likelihood"] = np.sum(
            [
                values.reshape(len(income), -1).sum(axis=1)
                for name, values in log_sites.items()
                if name in density.observed and name.startswith(f"{stream}/")
            ],
            axis=0,
        )
        for name, logs in sites.items():
            weak, _ = smoothed((_WEAKER - 1) * logs)
            strong, _ = smoothed((_STRONGER - 1) * logs)
            slope = [_sense(income[:, at], weak, strong) for at in range(len(years))]
            # what a prior without bearing on the year reaches by chance: years mixed up
            shuffled = np.random.default_rng(0).permutation(len(income))
            noise = _sense(income[shuffled, -1], weak, strong)
            for alpha in alphas:
                weights, k = smoothed((alpha - 1) * logs)
                ratio = reweighted.quantiles(weights) / np.maximum(now, 1e-9)
                parts.append(
                    pl.DataFrame(
                        {
                            "stream": stream,
                            "year": years.astype(np.int64),
                            "prior": name,
                            "alpha": alpha,
                            "median_ratio": ratio[1],
                            "q05_ratio": ratio[0],
                            "q95_ratio": ratio[2],
                            "method": "psis",
                            "pareto_k": k,
                            "is_reliable": k <= HIGHEST_K,
                            "sensitivity": slope,
                            "sensitivity_noise": noise,
                            "is_sensitive": np.array(slope) >= max(_LEAST_SENSITIVITY, noise),
                        }
                    )
                )
    return pl.concat(parts)


_WEAKER, _STRONGER = 0.8, 1.25


def _sense(income: np.ndarray, weak: np.ndarray, strong: np.ndarray) -> float:
    """Slope of the cumulative Jensen-Shannon distance per doubling of strength."""
    from arviz_stats.base import array_stats  # loading it takes seconds

    found = array_stats.power_scale_sense(
        income[None, :], weak[None, :], strong[None, :], _WEAKER, _STRONGER
    )
    return float(np.asarray(found).squeeze())
