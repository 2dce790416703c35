"""From a joint density to what is published: draws, and everything that stands beside a number."""

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from pipelines.inference.diagnostics import HIGHEST_RHAT, LEAST_ESS, diagnose, troubles
from pipelines.inference.joint import Joint, Outcome
from pipelines.inference.sampler import Effort, Sampler, Samples
from pipelines.inference.windows import month_end, window_matrix

# stream and measure to values by chain, draw and year
Yearly = dict[tuple[str, str], np.ndarray]


@dataclass(frozen=True)
class Fit:
    """A sampled joint posterior.

    Attributes:
        joint: the density and its figures.
        samples: every kept transition.
        theta: (draws, size), thinned: row i is world i of every stream.
        outcomes: by stream.
        diagnostics: a row a stream, measure and year.
        sampler, effort: compiled, and how long it sampled, for further fits of the same density.
    """

    joint: Joint
    samples: Samples
    theta: np.ndarray
    outcomes: dict[str, Outcome]
    diagnostics: pl.DataFrame
    sampler: Sampler
    effort: Effort

    def annual(self, stream: str, measure: str) -> np.ndarray:
        """A measure by calendar year, (draws, years)."""
        return self.outcomes[stream].annual(measure, self.joint.evidence[stream].months)


def fit(
    joint: Joint,
    *,
    draws: int,
    seed: int,
    effort: Effort | None = None,
    least_ess: float = LEAST_ESS,
    highest_rhat: float = HIGHEST_RHAT,
) -> Fit:
    """Sample all streams until every year has its effective draws, and say what came of it.

    Args:
        joint: density of the streams.
        draws: worlds returned.
        seed: same seed, same numbers.
        effort: how long to sample.
        least_ess, highest_rhat: of every year and measure; short of them sampling goes on.
    """
    sampler, effort = Sampler(joint.density), effort or Effort()
    # both are compiled while what looks at chains is loaded, which takes seconds too
    sampler.prepare()
    joint.density.prepare()
    importlib.import_module("arviz_stats.base")
    judged: list[pl.DataFrame] = []
    rounds: list[Yearly] = []

    def is_enough(kept: np.ndarray) -> bool:
        if kept[..., 0].size < draws:
            return False
        # what was said of earlier rounds is not worked out again
        done = sum(next(iter(of.values())).shape[1] for of in rounds)
        rounds.append(yearly(joint, kept[:, done:], len(rounds)))
        judged.append(diagnosed(joint, rounds))
        return not troubles(judged[-1], 0, least=least_ess, highest=highest_rhat)

    samples = sampler.sample(seed=seed, effort=effort, is_enough=is_enough)
    theta = samples.thinned(draws)
    return Fit(joint, samples, theta, outcomes(joint, theta, seed), judged[-1], sampler, effort)


def outcomes(joint: Joint, theta: np.ndarray, seed: int) -> dict[str, Outcome]:
    """What worlds with these latents say, by stream."""
    sites = joint.density.outputs(theta)
    return {
        name: one.finish(joint.sites_of(name, sites), seed) for name, one in joint.evidence.items()
    }


def yearly(joint: Joint, theta: np.ndarray, seed: int) -> Yearly:
    """Every stream's measures by year, (chains, draws, years), of latents (chains, draws, size)."""
    chains, each, size = theta.shape
    return {
        (stream, measure): outcome.annual(measure, joint.evidence[stream].months).reshape(
            chains, each, -1
        )
        for stream, outcome in outcomes(joint, theta.reshape(-1, size), seed).items()
        for measure in outcome.measures
    }


def diagnosed(joint: Joint, rounds: Sequence[Yearly]) -> pl.DataFrame:
    """Convergence of every stream, measure and year over all rounds of draws."""
    return pl.concat(
        [
            diagnose(
                stream,
                measure,
                joint.years(stream),
                np.concatenate([of[stream, measure] for of in rounds], axis=1),
            )
            for stream, measure in rounds[0]
        ]
    )


def places(fitted: Fit, stream: str) -> pl.DataFrame:
    """Where every figure of a stream falls in the published draws of its own concept and window.

    Returns:
        observation_id, concept_q05, concept_q50, concept_q95, posterior_quantile (share of worlds
        below the figure), predictive_quantile (chance that such a source would have said less).
        Figures without a concept that draws hold have nulls.
    """
    joint, outcome = fitted.joint, fitted.outcomes[stream]
    one = joint.evidence[stream]
    rows = one.rows.with_row_index("row")
    held = rows.filter(
        pl.col("measure").is_in([*outcome.measures, *outcome.series]),
        pl.col("value_log").is_finite(),
        pl.col("window_end_on") >= one.months[0],
        pl.col("window_start_on") <= month_end(one.months[-1]),
    )
    points = np.full((rows.height, 5), np.nan)
    for (measure,), of in held.group_by(["measure"]):
        windows = window_matrix(of["window_start_on"], of["window_end_on"], one.months)
        values = outcome.over(str(measure), windows)
        points[of["row"], :3] = np.quantile(values, [0.05, 0.5, 0.95], axis=0).T
        points[of["row"], 3] = (values < np.exp(of["value_log"].to_numpy())).mean(axis=0)
    for site, chance in joint.sites_of(stream, joint.density.below(fitted.theta)).items():
        of = rows.filter(pl.col("site") == site)
        points[of["row"], 4] = chance.mean(axis=0)[of["at"]]
    names = ("concept_q05", "concept_q50", "concept_q95", "posterior_quantile")
    told = pl.DataFrame(points, schema=[*names, "predictive_quantile"]).fill_nan(None)
    return rows.select("observation_id").hstack(told).sort("observation_id")


def component_shares(fitted: Fit, stream: str, measure: str) -> pl.DataFrame:
    """How much of a year's uncertainty each component holds.

    Income is regressed on all components at once; a component's share is the covariance of its
    term with income over income's variance, so shares add up to what components explain.

    Returns:
        stream, year, component, variance_share, low_usd, high_usd (income over the central 80% of
        the component, the others at their means).
    """
    components = fitted.outcomes[stream].components
    rows = []
    for at, year in enumerate(fitted.joint.years(stream)):
        logs = np.log(np.maximum(fitted.annual(stream, measure)[:, at], 1e-9))
        x = np.stack([of[:, at] for of in components.values()], axis=1)
        x = x - x.mean(axis=0)
        weights, *_ = np.linalg.lstsq(x, logs - logs.mean(), rcond=None)
        for name, term in zip(components, (weights * x).T, strict=True):
            low, high = np.exp(logs.mean() + np.quantile(term, [0.1, 0.9]))
            share = np.cov(term, logs)[0, 1] / max(logs.var(ddof=1), 1e-12)
            rows.append((stream, int(year), name, float(share), float(low), float(high)))
    columns = ("stream", "year", "component", "variance_share", "low_usd", "high_usd")
    return pl.DataFrame(rows, schema=columns, orient="row")


def value_of_information(
    fitted: Fit,
    stream: str,
    measure: str,
    obtainable: pl.DataFrame,
    series_of: Mapping[str, str],
    seed: int,
) -> pl.DataFrame:
    """Expected width of a year's 90% interval once a datum is known, over its width now.

    Each world tells what the datum would say there; worlds with like answers are what would be
    left, so the width within bins of the answer, averaged, is the width expected.

    Args:
        obtainable: datum, quantity, counterpart_iso3, window_start_on, window_end_on, error_sd_log.
        series_of: quantity to the series or measure that would answer; "<series> <iso3>" where
            the stream has one of that country.
    """
    one, outcome = fitted.joint.evidence[stream], fitted.outcomes[stream]
    income, years = fitted.annual(stream, measure), fitted.joint.years(stream)
    generator = np.random.default_rng(seed)
    n_bins, n = 20, len(income) - len(income) % 20
    now = np.subtract(*np.quantile(income, [0.95, 0.05], axis=0))
    held = {*outcome.series, *outcome.measures}
    rows = []
    for row in obtainable.iter_rows(named=True):
        name = series_of.get(row["quantity"], row["quantity"])
        local = f"{name} {row.get('counterpart_iso3')}"
        name = local if local in held else name
        window = window_matrix(
            pl.Series([row["window_start_on"]]), pl.Series([row["window_end_on"]]), one.months
        )
        if name not in held or not window.any():
            continue
        truth = np.log(outcome.over(name, window)[:, 0])
        answer = truth + generator.normal(0, row["error_sd_log"], len(truth))
        bins = np.argsort(answer, kind="stable")[:n].reshape(n_bins, -1)
        touched = {month.year for month, share in zip(one.months, window[0], strict=True) if share}
        for at, year in enumerate(years):
            if year in touched:
                left = np.subtract(*np.quantile(income[bins, at], [0.95, 0.05], axis=1)).mean()
                rows.append((stream, int(year), row["datum"], float(left / now[at])))
    ratio = "expected_width_ratio"
    schema = {"stream": pl.String, "year": pl.Int64, "datum": pl.String, ratio: pl.Float64}
    return (
        pl.DataFrame(rows, schema=schema, orient="row")
        .with_columns(rank=pl.col(ratio).rank("ordinal").over("year").cast(pl.Int64))
        .sort("year", "rank")
    )
