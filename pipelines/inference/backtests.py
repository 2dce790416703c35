"""A stream's density against figures it was not shown, and against a record it was cut off from.

Hidden figures weigh nothing in the one compiled density; it is sampled again from where the full
fit stood and asked what such a source would have said. Plain rules stand beside it, each with its
own errors. The record-stop asks another question: not what sources say but what was earned.
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import polars as pl
from scipy.special import expit, logit

from pipelines.draws import named_generator
from pipelines.inference.folds import Fold
from pipelines.inference.joint import Evidence, Joint, Outcome
from pipelines.inference.sampler import Effort, Sampler, Samples
from pipelines.inference.scores import era_of, score_case
from pipelines.inference.suites import CASES_SCHEMA
from pipelines.inference.windows import middle_of, month_end, window_matrix
from pipelines.warehouse import select_from

MODEL = "density"
# the full fit, from which all refits start with a third of the warm-up
FULL = Effort(warmup=300, draws=40)
REFIT = Effort(warmup=90, draws=32)
CHAINS = 32
DRAWS = 1_000
# December of each: the years after it to STOP_THROUGH are hidden
STOPS = tuple(dt.date(year, 12, 31) for year in range(2011, 2016))
STOP_THROUGH = dt.date(2016, 12, 1)
REPLICATES = 6
# a rule with fewer figures to go on knows nothing of its own errors
FEWEST_SHOWN = 3
IGNORANT_SD = 1.0

# the ledger with what is made up
STOPPED = Path(__file__).with_name("stopped.sql")

# the stream's own ``evidence`` with everything but the ledger and the record's end filled in
Reader = Callable[..., Evidence]
# a plain estimate without some figures: (hidden ids, draws, seed); None where it cannot be made
Plain = Callable[[Sequence[str], int, int], Outcome | None]


class StopError(ValueError):
    """A made-up row cannot be made; the message says which and why."""


@dataclass(frozen=True)
class Bench:
    """A stream's density, sampled with all its figures in sight once somebody asks.

    Attributes:
        evidence: of one stream.
        observations: the ledger it was read from.
        seed: same seed, same draws.
        full, refit: how long to sample, with how many ``chains``.
    """

    evidence: Evidence
    observations: pl.DataFrame
    seed: int
    full: Effort = FULL
    refit: Effort = REFIT
    chains: int = CHAINS

    @cached_property
    def joint(self) -> Joint:
        """The density of this stream alone."""
        return Joint([self.evidence])

    @cached_property
    def sampler(self) -> Sampler:
        """Its transitions."""
        return Sampler(self.joint.density, self.chains)

    @cached_property
    def fitted(self) -> Samples:
        """The full fit."""
        return self.sampler.sample(seed=self.seed, effort=self.full)

    @cached_property
    def figures(self) -> pl.DataFrame:
        """The evidence's rows as `figures_of` describes them."""
        return figures_of(self.evidence, self.observations)

    @cached_property
    def truth(self) -> dict[str, np.ndarray]:
        """Monthly medians of every measure and series with all in sight, (months,)."""
        sites = self.joint.density.outputs(_thinned(self.fitted))
        outcome = self.evidence.finish(self.joint.sites_of(self.evidence.stream, sites), self.seed)
        monthly = {**outcome.series, **outcome.measures}
        return {name: np.median(values, axis=0) for name, values in monthly.items()}


def figures_of(evidence: Evidence, observations: pl.DataFrame) -> pl.DataFrame:
    """The evidence's rows, as backtests need them.

    Returns:
        Besides, ``counterpart_iso3``, ``stated`` (own unit), ``middle`` (date), ``era``, and for
        rows that are read ``value`` (the scored scale) and ``log_size`` (the window's months, in
        logs, where amounts add up over it).
    """
    stated = pl.coalesce("central", (pl.col("low") * pl.col("high")).sqrt(), "low", "high")
    told = observations.select("observation_id", "counterpart_iso3", stated=stated)
    sites = []
    for name, site in evidence.data.items():
        if isinstance(site, dict) and "value" in site:
            of = pl.DataFrame({"value": site["value"], "at": np.arange(len(site["value"]))})
            size = np.ones(of.height)
            # weights over months, more than one in all: an amount that adds up over its window
            if "window" in site and site["window"].shape[1] <= len(evidence.months):
                sums = site["window"].sum(axis=1)
                size = np.maximum(sums, 1e-9) if sums.max() > 1 + 1e-9 else size
            sites.append(of.with_columns(site=pl.lit(name), log_size=np.log(size)))
    return (
        evidence.rows.join(told, on="observation_id", how="left", maintain_order="left")
        .join(pl.concat(sites), on=["site", "at"], how="left", maintain_order="left")
        .with_columns(middle_of().alias("middle"), era_of(middle_of()))
    )


def predicted(bench: Bench, hidden: frozenset[str], *, seed: int) -> dict[str, np.ndarray]:
    """What every source would say, given all figures but the hidden ones: site to (draws, rows)."""
    data = bench.joint.hidden(hidden)
    samples = bench.sampler.sample(seed=seed, effort=bench.refit, data=data, start=bench.fitted)
    theta = _thinned(samples)
    said = bench.joint.density.predict(theta, seed, data)
    return bench.joint.sites_of(bench.evidence.stream, said)


def _thinned(samples: Samples) -> np.ndarray:
    return samples.thinned(min(DRAWS, samples.theta.shape[0] * samples.theta.shape[1]))


def score_fold(bench: Bench, fold: Fold, *, seed: int) -> pl.DataFrame:
    """Refit without the hidden figures; score the density and the plain rules on the scored ones.

    Returns:
        ``stream, test, fold, model, observation_id, root_id, era, quantity`` and the columns of
        `score_case`; scores in logs, or in logits where the figure is a share.
    """
    generator = named_generator(seed, f"{bench.evidence.stream}.{fold.test}.{fold.name}")
    said = predicted(bench, fold.hidden, seed=int(generator.integers(2**31)))
    targets = _targets(bench, fold)
    shown = bench.figures.filter(
        pl.col("site").is_not_null(),
        pl.col("role") == "whole",
        ~pl.col("observation_id").is_in(list(fold.hidden)),
    )
    places = targets.select("site", "at").rows()
    samples = {MODEL: np.stack([said[site][:, at] for site, at in places])}
    samples |= plain_rules(shown, targets, DRAWS, generator)
    parts = []
    for model, drawn in samples.items():
        # a rule that is shown nothing of the kind says nothing, and is not scored on it
        said_any = np.flatnonzero(np.isfinite(drawn).all(axis=1))
        parts.append(_cases(bench, fold, model, targets[said_any], drawn[said_any]))
    return pl.concat(parts)


def score_plain(bench: Bench, fold: Fold, estimate: Plain, *, seed: int) -> pl.DataFrame:
    """Score the stream's plain estimate on the same figures, as far as it holds what they measure.

    What it says of a figure's concept and window carries the figure's own error, as the density's
    prediction does.

    Returns:
        As `score_fold`, model ``plain``; no row where the estimate cannot be made without the
        hidden figures.
    """
    generator = named_generator(seed, f"{bench.evidence.stream}.plain.{fold.test}.{fold.name}")
    outcome = estimate(sorted(fold.hidden), DRAWS, int(generator.integers(2**31)))
    if outcome is None:
        return CASES_SCHEMA.to_frame()
    held = [*outcome.measures, *outcome.series]
    targets = _targets(bench, fold).filter(pl.col("measure").is_in(held))
    parts = [CASES_SCHEMA.to_frame()]
    for (measure,), of in targets.group_by(["measure"], maintain_order=True):
        windows = window_matrix(of["window_start_on"], of["window_end_on"], bench.evidence.months)
        said = outcome.over(str(measure), windows).T
        value, stated = of["value"].to_numpy(), np.exp(of["value_log"].to_numpy())
        is_share = of["quantity"].str.ends_with("share").to_numpy()[:, None]
        # shares are scored in logits; a figure's scale may differ by a factor of its own
        scale = (value - np.log(stated))[:, None]
        kept = np.clip(said, 0.02, 0.98)
        scored = np.where(is_share, logit(kept), np.log(np.maximum(said, 1e-9)) + scale)
        noise = generator.normal(size=said.shape) * of["error_log"].to_numpy()[:, None]
        parts.append(_cases(bench, fold, "plain", of, scored + noise))
    return pl.concat(parts)


def _targets(bench: Bench, fold: Fold) -> pl.DataFrame:
    return pl.DataFrame({"observation_id": list(fold.scored)}).join(
        bench.figures, on="observation_id", how="left", maintain_order="left"
    )


def _cases(
    bench: Bench, fold: Fold, model: str, targets: pl.DataFrame, drawn: np.ndarray
) -> pl.DataFrame:
    """Scores of one model's samples (targets, draws), columns of ``CASES_SCHEMA``."""
    of = {"stream": bench.evidence.stream, "test": fold.test, "fold": fold.name, "model": model}
    told = targets.select("observation_id", "root_id", "era", "quantity")
    scored = score_case(drawn, targets["value"].to_numpy(), _unit_of(targets))
    return scored.select(*(pl.lit(one).alias(name) for name, one in of.items()), *told, pl.all())


def _unit_of(targets: pl.DataFrame) -> Callable[[np.ndarray], np.ndarray]:
    """From the scored scale to each figure's own unit: shares by what was done to them.

    A bound is scored beside what it states, by its room; in its own unit it is what it states.
    """
    value, stated = targets["value"].to_numpy(), targets["stated"].to_numpy()
    is_share = targets["quantity"].str.ends_with("share").to_numpy()
    rest = np.log1p(-np.where(is_share, np.minimum(stated, 0.95), 0.0))
    is_rest = is_share & np.isclose(value, rest, atol=1e-3)
    odds = logit(np.where(is_share, np.clip(stated, 0.02, 0.98), 0.5))

    def to_unit(scored: np.ndarray) -> np.ndarray:
        off = scored - value
        ratio = np.exp(np.where(is_share, 0.0, off))
        cheaper = -np.expm1(np.where(is_rest, scored, 0.0))
        return np.select([is_rest, is_share], [cheaper, expit(odds + off)], ratio * stated)

    return to_unit


def plain_rules(
    shown: pl.DataFrame, targets: pl.DataFrame, draws: int, generator: np.random.Generator
) -> dict[str, np.ndarray]:
    """Last value and log interpolation, each with the errors it makes where it is shown the rest.

    A rule goes by figures of the same quantity and place, or of the same quantity where those are
    fewer than three. Its errors leave out the whole root that spoke: an echo is no test. Where it
    is shown none it says nothing.

    Args:
        shown, targets: ``site, quantity, counterpart_iso3, root_id, middle, value, log_size``.

    Returns:
        Per rule, (targets, draws) on the scored scale; not a number where it says nothing.
    """
    out = {rule: np.full((targets.height, draws), np.nan) for rule in _RULES}
    columns = ("site", "quantity", "counterpart_iso3", "middle", "log_size")
    for at, (site, quantity, place, middle, size) in enumerate(targets.select(*columns).rows()):
        like = shown.filter(pl.col("site") == site, pl.col("quantity") == quantity)
        there = like.filter(pl.col("counterpart_iso3").eq_missing(place))
        like = (there if there.height >= FEWEST_SHOWN else like).sort("middle", "observation_id")
        days = like["middle"].to_physical().to_numpy().astype(float)
        logs = (like["value"] - like["log_size"]).to_numpy()
        roots = like["root_id"].to_numpy()
        when = float((middle - dt.date(1970, 1, 1)).days)
        if not logs.size:
            continue
        for rule, apply in _RULES.items():
            errors = [
                logs[row] - apply(days[roots != root], logs[roots != root], days[row])
                for row, root in enumerate(roots)
                if (roots != root).any()
            ]
            if len(errors) < FEWEST_SHOWN:
                centre = logs.mean()
                noise = generator.normal(0, IGNORANT_SD, draws)
            else:
                centre = apply(days, logs, when)
                noise = generator.choice(errors, draws) + generator.normal(0, 0.02, draws)
            out[rule][at] = centre + noise + size
    return out


def _last(days: np.ndarray, logs: np.ndarray, when: float) -> float:
    earlier = np.flatnonzero(days < when)
    return float(logs[earlier[-1]] if earlier.size else logs[0])


def _interpolate(days: np.ndarray, logs: np.ndarray, when: float) -> float:
    known, place = np.unique(days, return_inverse=True)
    return float(np.interp(when, known, np.bincount(place, logs) / np.bincount(place)))


_RULES = {"last_value": _last, "log_interpolation": _interpolate}


# -- the record, stopped -------------------------------------------------------------------------
def stopped(
    observations: pl.DataFrame,
    kinds: pl.DataFrame,
    truth: Mapping[str, np.ndarray],
    months: list[dt.date],
    stop: dt.date,
    generator: np.random.Generator,
) -> pl.DataFrame:
    """The ledger as if the record had stopped: what is left of it, and what is made from the truth.

    Args:
        observations: the ledger.
        kinds: the stream's ``record_stop.csv``: ``rule`` keep (quotes of this quantity and class
            stay) or make (rows like ``like``: every ``every`` months a window of ``months`` months
            whose ``measure``, divided by ``per``, is seen by a share between ``seen_low`` and
            ``seen_high``, with errors common to the class, to the root and its own).
        truth: monthly measures, on ``months``.
        stop: last day on record.
        generator: of this replicate.

    Raises:
        StopError: no figure of the name in ``like`` stands in the ledger.
    """
    made = []
    of_class = {name: generator.normal() for name in sorted(observations["class"].unique())}
    for number, kind in enumerate(kinds.filter(pl.col("rule") == "make").iter_rows(named=True)):
        like = observations.filter(pl.col("observation_id") == kind["like"])
        if like.height != 1:
            raise StopError(
                f"record_stop.csv makes rows like {kind['like']}, which the ledger does not have; "
                "name another figure of that kind"
            )
        seen = generator.uniform(kind["seen_low"], kind["seen_high"])
        root = generator.standard_t(4) * kind["root_sd"]
        shared = of_class[like["class"][0]] * kind["class_sd"]
        first = next(at for at, month in enumerate(months) if month > stop)
        last = months.index(STOP_THROUGH) + 1
        starts = range(first + 12 * (number % 2), last - kind["months"] + 1, kind["every"])
        for start in starts:
            inside = slice(start, start + kind["months"])
            error = shared + root + generator.standard_t(4) * kind["error_sd"]
            value = truth[kind["measure"]][inside].sum() / kind["per"] * seen * np.exp(error)
            window = months[start], month_end(months[inside][-1])
            made.append((kind["like"], f"made-{number}", *window, float(f"{value:.3g}")))
    columns = ("like_id", "root", "start_on", "end_on", "value")
    frames = {
        "ledger": observations,
        "kinds": kinds,
        "made": pl.DataFrame(made, schema=columns, orient="row"),
    }
    return select_from(STOPPED, frames, stop=stop, last=month_end(STOP_THROUGH))


def stop_folds() -> list[Fold]:
    """One fold a stop; its replicates share what is compiled."""
    return [Fold("record_stop", str(stop.year), frozenset(), (str(stop),)) for stop in STOPS]


def score_stop(
    read: Reader,
    kinds: pl.DataFrame,
    bench: Bench,
    fold: Fold,
    *,
    seed: int,
) -> pl.DataFrame:
    """Stop the record, infer what followed, score yearly income against what customs said.

    Args:
        read: the stream's evidence, of ``(observations, last_recorded=, through=)``.
        kinds: see `stopped`; rows with ``rule`` score name the measures scored.
        bench: whose fit to the whole record is the truth.
        fold: of `stop_folds`.

    Returns:
        As `score_fold`: one case a replicate, year and measure; a stop and year is one root.
    """
    stop = dt.date.fromisoformat(fold.scored[0])
    truth, months = bench.truth, bench.evidence.months
    scored = kinds.filter(pl.col("rule") == "score")["measure"].to_list()
    year_of = np.array([month.year for month in months])
    parts: list[pl.DataFrame] = []
    for replicate in range(REPLICATES):
        generator = named_generator(seed, f"record_stop.{stop}.{replicate}")
        ledger = stopped(bench.observations, kinds, truth, months, stop, generator)
        evidence = read(ledger, last_recorded=stop, through=STOP_THROUGH)
        joint = Joint([evidence])
        if replicate == 0:
            density = joint.density
            sampler = Sampler(density, bench.chains)
            samples = start = sampler.sample(seed=seed, effort=bench.full)
        else:
            samples = sampler.sample(
                seed=seed + replicate, effort=bench.refit, data=joint.data, start=start
            )
        theta = _thinned(samples)
        sites = joint.sites_of(evidence.stream, density.outputs(theta, joint.data))
        drawn = evidence.finish(sites, seed + replicate).measures
        own = np.array([month.year for month in evidence.months])
        years = range(stop.year + 1, STOP_THROUGH.year + 1)
        cells = [(measure, year) for measure in scored for year in years]
        income = np.stack([drawn[name][:, own == year].sum(axis=1) for name, year in cells])
        real = np.array([truth[name][year_of == year].sum() for name, year in cells])
        of = pl.DataFrame(cells, schema=["quantity", "year"], orient="row")
        targets = of.with_columns(
            observation_id=pl.format(f"{{}} {{}} after {stop.year}, {replicate}", *of.columns),
            root_id=pl.format(f"{stop.year} {{}}", "year"),
            value=np.log(real),
            stated=real,
            era=pl.lit("before_ban"),
        )
        parts.append(_cases(bench, fold, MODEL, targets, np.log(income)))
    return pl.concat(parts)
