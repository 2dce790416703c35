"""From a joint density to what is published: draws, and everything that stands beside a number."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from pipelines.inference.diagnostics import HIGHEST_RHAT, LEAST_ESS, diagnose, troubles
from pipelines.inference.joint import Joint, Outcome
from pipelines.inference.sampler import Effort, Sampler, Samples
from pipelines.inference.windows import month_end, window_matrix


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

    def years(self, stream: str) -> np.ndarray:
        """Calendar years of a stream's months, sorted."""
        return self.joint.years(stream)

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

    def is_enough(kept: np.ndarray) -> bool:
        if kept[..., 0].size < draws:
            return False
        judged.append(diagnose_samples(joint, kept))
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


def diagnose_samples(joint: Joint, theta: np.ndarray) -> pl.DataFrame:
    """Convergence of every measure and year; theta is (chains, draws, size)."""
    chains, each, size = theta.shape
    return pl.concat(
        [
            diagnose(
                stream,
                measure,
                joint.years(stream),
                outcome.annual(measure, joint.evidence[stream].months).reshape(chains, each, -1),
            )
            for stream, outcome in outcomes(joint, theta.reshape(-1, size), 0).items()
            for measure in outcome.measures
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
    one, ids = joint.evidence[stream], {"observation_id": pl.String}
    rows = one.rows.filter(
        pl.col("measure").is_in([*outcome.measures, *outcome.series]),
        pl.col("value_log").is_finite(),
        pl.col("window_end_on") >= one.months[0],
        pl.col("window_start_on") <= month_end(one.months[-1]),
    )
    columns = ("concept_q05", "concept_q50", "concept_q95", "posterior_quantile")
    concepts = [pl.DataFrame(schema=ids | dict.fromkeys(columns, pl.Float64))]
    for (measure,), of in rows.group_by(["measure"]):
        windows = window_matrix(of["window_start_on"], of["window_end_on"], one.months)
        values = outcome.over(str(measure), windows)
        points = [
            *np.quantile(values, [0.05, 0.5, 0.95], axis=0),
            (values < np.exp(of["value_log"].to_numpy())).mean(axis=0),
        ]
        concepts.append(
            of.select(
                "observation_id", *(pl.Series(*told) for told in zip(columns, points, strict=True))
            )
        )
    below = joint.sites_of(stream, joint.density.below(fitted.theta))
    said = [pl.DataFrame(schema=ids | {"predictive_quantile": pl.Float64})]
    for (site,), of in one.rows.filter(pl.col("site").is_in(list(below))).group_by(["site"]):
        chance = below[str(site)].mean(axis=0)[of["at"].to_numpy()]
        said.append(of.select("observation_id", pl.Series("predictive_quantile", chance)))
    return (
        one.rows.select("observation_id")
        .join(pl.concat(concepts), on="observation_id", how="left")
        .join(pl.concat(said), on="observation_id", how="left")
        .sort("observation_id")
    )


def speaking(rows: pl.DataFrame) -> pl.DataFrame:
    """Figures that say how much of a component there was; a part or more than the whole do not."""
    return rows.filter(
        pl.col("reason_not_used").is_null(),
        pl.col("component").is_not_null(),
        pl.col("role").is_in(["whole", "record"]),
    )


def spoken_years(rows: pl.DataFrame) -> pl.DataFrame:
    """Which root speaks of which component in which year: component, year, root_id."""
    return (
        speaking(rows)
        .select(
            "component",
            "root_id",
            year=pl.int_ranges(
                pl.col("window_start_on").dt.year().cast(pl.Int64),
                pl.col("window_end_on").dt.year().cast(pl.Int64) + 1,
            ),
        )
        .explode("year")
        .unique()
        .sort("component", "year", "root_id")
    )


def components(fitted: Fit, stream: str, measure: str) -> pl.DataFrame:
    """How much of a year's uncertainty each component holds, and on what evidence it stands.

    Income is regressed on all components at once; a component's share is the covariance of its
    term with income over income's variance, so shares add up to what components explain.

    Returns:
        stream, year, component, variance_share, low_usd, high_usd (income over the central 80% of
        the component, the others at their means), grade (this_year, within_two_years, none) and
        n_roots that speak of that component in that year.
    """
    outcome, years = fitted.outcomes[stream], fitted.years(stream)
    income = fitted.annual(stream, measure)
    spoken = spoken_years(fitted.joint.evidence[stream].rows)
    names = list(outcome.components)
    rows = []
    for at, year in enumerate(years):
        y = income[:, at]
        x = np.stack([outcome.components[name][:, at] for name in names], axis=1)
        x = x - x.mean(axis=0)
        logs = np.log(np.maximum(y, 1e-9))
        weights, *_ = np.linalg.lstsq(x, logs - logs.mean(), rcond=None)
        for place, name in enumerate(names):
            term = weights[place] * x[:, place]
            low, high = np.exp(logs.mean() + np.quantile(term, [0.1, 0.9]))
            of = spoken.filter(pl.col("component") == name)
            near = (of["year"] - int(year)).abs().min()
            grade = "none"
            if isinstance(near, int):
                grade = "this_year" if near == 0 else "within_two_years" if near <= 2 else "none"
            rows.append(
                {
                    "stream": stream,
                    "year": int(year),
                    "component": name,
                    "variance_share": float(
                        np.cov(term, logs)[0, 1] / max(logs.var(ddof=1), 1e-12)
                    ),
                    "low_usd": float(low),
                    "high_usd": float(high),
                    "grade": grade,
                    "n_roots": of.filter(pl.col("year") == int(year))["root_id"].n_unique(),
                }
            )
    return pl.DataFrame(rows)


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
    income, years = fitted.annual(stream, measure), fitted.years(stream)
    generator = np.random.default_rng(seed)
    n_bins, n = 20, len(income) - len(income) % 20
    now = np.subtract(*np.quantile(income, [0.95, 0.05], axis=0))
    rows = []
    for row in obtainable.iter_rows(named=True):
        name = series_of.get(row["quantity"], row["quantity"])
        local = f"{name} {row.get('counterpart_iso3')}"
        name = local if local in outcome.series or local in outcome.measures else name
        if name not in outcome.series and name not in outcome.measures:
            continue
        window = window_matrix(
            pl.Series([row["window_start_on"]]), pl.Series([row["window_end_on"]]), one.months
        )
        if not window.any():
            continue
        truth = np.log(outcome.over(name, window)[:, 0])
        answer = truth + generator.normal(0, row["error_sd_log"], len(truth))
        bins = np.argsort(answer, kind="stable")[:n].reshape(n_bins, -1)
        touched = {month.year for month, share in zip(one.months, window[0], strict=True) if share}
        for at, year in enumerate(years):
            if year in touched:
                left = np.subtract(*np.quantile(income[bins, at], [0.95, 0.05], axis=1)).mean()
                rows.append((stream, int(year), row["datum"], float(left / now[at])))
    return (
        pl.DataFrame(
            rows,
            schema={
                "stream": pl.String,
                "year": pl.Int64,
                "datum": pl.String,
                "expected_width_ratio": pl.Float64,
            },
            orient="row",
        )
        .with_columns(
            rank=pl.col("expected_width_ratio").rank("ordinal").over("year").cast(pl.Int64)
        )
        .sort("year", "rank")
    )
