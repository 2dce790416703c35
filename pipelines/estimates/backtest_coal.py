"""Coal estimators against figures they were not shown.

Four tests: leave one origin out, leave one year out, forward (freeze each January, predict the
year), rewind (hide what customs said from January 2015 to January 2017, leave only what exists
after the ban). Every model predicts the held-out figures themselves, with the same error of
statement, and is scored on the logarithm, since the spread of these numbers is multiplicative.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
from scipy.stats import chisquare

from pipelines import draws as algebra
from pipelines.estimates import coal, coal_windows, scores
from pipelines.estimates.backtest import Fold, Progress, key_of, rank_worlds, run_resumable
from pipelines.estimates.baseline_coal import estimate_coal_baseline
from pipelines.estimates.coal_model import CoalModel

SCORED = ("tonnes", "usd", "usd_mixed", "price")
# what customs said of these months is hidden in the rewind test
REWIND = (dt.date(2015, 1, 1), dt.date(2017, 1, 31))
REFIT = coal.Effort(chains=16, warmup=160, kept_per_draw=1, least=60, least_ess=0)
REFIT_DRAWS = 960
COMPARATORS = ("last_value", "log_interpolation", "range_midpoint", "baseline")


def folds_of(observations: pl.DataFrame, through: dt.date) -> list[Fold]:
    """Every fold of the four tests, in a fixed order."""
    figures = coal_windows.read_coal_figures(observations, through)
    model = CoalModel(figures, coal_windows.prior_arguments(coal_windows.reference_priors()))
    frame = figures.frame.with_columns(role=pl.Series(model.roles)).filter(
        ~pl.col("role").is_in(["reference", "share", "other"])
    )
    middle = (
        pl.col("window_start_on") + (pl.col("window_end_on") - pl.col("window_start_on")) / 2
    ).cast(pl.Date)
    frame = frame.with_columns(middle=middle)
    is_scored = pl.col("role").is_in(SCORED) & ~pl.col("kind").is_in(["lower_bound", "upper_bound"])

    def fold(test: str, name: str, hidden: pl.DataFrame, scored: pl.DataFrame) -> Fold:
        return Fold(
            test,
            name,
            frozenset(hidden["observation_id"]),
            tuple(scored.filter(is_scored)["observation_id"].sort()),
        )

    out: list[Fold] = []
    for origin in frame["origin_id"].unique().sort():
        hidden = frame.filter(pl.col("origin_id") == origin)
        out.append(fold("leave_one_origin_out", origin, hidden, hidden))
    for year in frame["middle"].dt.year().unique().sort():
        hidden = frame.filter(pl.col("middle").dt.year() == year)
        out.append(fold("leave_one_year_out", str(year), hidden, hidden))
    for year in range(2011, through.year + 1):
        hidden = frame.filter(pl.col("window_end_on") >= dt.date(year, 1, 1))
        ahead = hidden.filter(
            pl.col("window_start_on") >= dt.date(year, 1, 1),
            pl.col("window_end_on") <= dt.date(year, 12, 31),
        )
        out.append(fold("forward", str(year), hidden, ahead))
    states_totals = (
        frame.filter(pl.col("role").is_in(["tonnes", "usd", "chapter"]))["origin_id"]
        .unique()
        .to_list()
    )
    hidden = frame.filter(
        pl.col("window_start_on") >= REWIND[0],
        pl.col("window_start_on") <= REWIND[1],
        pl.col("origin_id").is_in(states_totals),
        pl.col("is_recorded"),
        pl.col("window_end_on") <= dt.date(2017, 3, 31),
    )
    out.append(fold("rewind", "2015-01 to 2017-01", hidden, hidden))
    return [one for one in out if one.scored]


def comparator_draws(
    train: pl.DataFrame, targets: pl.DataFrame, draws: int, generator: np.random.Generator
) -> dict[str, np.ndarray]:
    """Plain rules made probabilistic by their own past log errors.

    Args:
        train: figures shown: ``quantity, middle, log_rate``.
        targets: figures to predict: the same and ``log_size`` (rate to figure).
        draws: predictive draws.

    Returns:
        Per rule, (targets, draws) logs of the figure.
    """
    out = {rule: np.empty((targets.height, draws)) for rule in COMPARATORS[:3]}
    for at, (quantity, middle, size) in enumerate(
        targets.select("quantity", "middle", "log_size").iter_rows()
    ):
        shown = train.filter(pl.col("quantity") == quantity).sort("middle", "log_rate")
        days = shown["middle"].to_physical().to_numpy().astype(float)
        logs = shown["log_rate"].to_numpy()
        when = float((middle - dt.date(1970, 1, 1)).days)
        for rule, apply in _RULES.items():
            if logs.size < 3:
                centre = logs.mean() if logs.size else 0.0
                noise = generator.normal(0, 1.0, draws)
            else:
                centre = apply(days, logs, when)
                errors = np.array(
                    [
                        logs[i] - apply(np.delete(days, i), np.delete(logs, i), days[i])
                        for i in range(logs.size)
                    ]
                )
                noise = generator.choice(errors, draws) + generator.normal(0, 0.02, draws)
            out[rule][at] = centre + noise + size
    return out


def _last(days: np.ndarray, logs: np.ndarray, when: float) -> float:
    earlier = np.flatnonzero(days < when)
    return float(logs[earlier[-1]] if earlier.size else logs[0])


def _interpolate(days: np.ndarray, logs: np.ndarray, when: float) -> float:
    known, place = np.unique(days, return_inverse=True)
    mean = np.bincount(place, logs) / np.bincount(place)
    return float(np.interp(when, known, mean))


def _midpoint(days: np.ndarray, logs: np.ndarray, when: float) -> float:
    near = np.abs(days - when) <= 366
    if not near.any():
        near = np.abs(days - when) == np.abs(days - when).min()
    return float((logs[near].min() + logs[near].max()) / 2)


_RULES = {"last_value": _last, "log_interpolation": _interpolate, "range_midpoint": _midpoint}


def score_fold(
    observations: pl.DataFrame, priors: pl.DataFrame, fold: Fold, *, seed: int, through: dt.date
) -> pl.DataFrame:
    """Refit without the hidden figures and score every model on the scored ones.

    Returns:
        ``stream, test, fold, model, observation_id`` and the columns of
        :func:`scores.score_case`; logs.
    """
    stated = coal_windows.prior_arguments(priors)
    asked = CoalModel(coal_windows.read_coal_figures(observations, through), stated)
    shown = observations.filter(~pl.col("observation_id").is_in(list(fold.hidden)))
    figures = coal_windows.read_coal_figures(shown, through)
    generator = algebra.named_generator(seed, f"coal.backtest.{fold.test}.{fold.name}")
    fit = coal.fit_coal(figures, stated, draws=REFIT_DRAWS, seed=seed, effort=REFIT)
    plain = estimate_coal_baseline(
        shown, draws=REFIT_DRAWS, seed=seed, through=through, priors=priors
    ).draws.sort("draw", "month")
    shape = (REFIT_DRAWS, len(figures.months))
    fresh = coal.simulate_prior(asked, REFIT_DRAWS, generator)
    as_fit = replace(
        fit,
        model=asked,
        theta=fresh,
        log_tonnes=np.log(plain["tonnes"].to_numpy().reshape(shape)),
        log_price=np.log(plain["price_usd_per_t"].to_numpy().reshape(shape)),
    )
    ids = asked.figures.frame["observation_id"].to_list()
    rows = [ids.index(name) for name in fold.scored]
    outcomes = np.log(asked.figures.frame["value"].to_numpy()[rows])
    predictive = {
        coal.MODEL: _stack(coal.predict(fit, asked, generator), rows),
        "baseline": _stack(coal.predict(as_fit, asked, generator), rows),
    }
    table = _rates(asked)
    targets = table.filter(pl.col("row").is_in(rows)).sort(
        pl.col("row").replace_strict(rows, list(range(len(rows))), return_dtype=pl.Int64)
    )
    train = table.filter(
        ~pl.col("observation_id").is_in(list(fold.hidden)), pl.col("is_comparable")
    )
    predictive |= comparator_draws(train, targets, REFIT_DRAWS, generator)
    return pl.concat(
        scores.score_case(samples, outcomes).select(
            pl.lit("coal").alias("stream"),
            pl.lit(fold.test).alias("test"),
            pl.lit(fold.name).alias("fold"),
            pl.lit(model).alias("model"),
            pl.Series("observation_id", list(fold.scored)),
            pl.all(),
        )
        for model, samples in predictive.items()
    )


def _stack(predicted: dict[int, np.ndarray], rows: list[int]) -> np.ndarray:
    return np.log(np.stack([predicted[row] for row in rows]))


def _rates(model: CoalModel) -> pl.DataFrame:
    """Figures as daily rates (totals) or levels (prices) at mid-window."""
    days = (pl.col("window_end_on") - pl.col("window_start_on")).dt.total_days() + 1
    return (
        model.figures.frame.with_columns(role=pl.Series(model.roles))
        .filter(pl.col("role").is_in(SCORED))
        .with_columns(
            middle=(
                pl.col("window_start_on")
                + (pl.col("window_end_on") - pl.col("window_start_on")) / 2
            ).cast(pl.Date),
            log_size=pl.when(pl.col("quantity") == "price_usd_per_t")
            .then(0.0)
            .otherwise(days.cast(pl.Float64).log()),
            is_comparable=~pl.col("kind").is_in(["lower_bound", "upper_bound"]),
        )
        .with_columns(log_rate=pl.col("value").log() - pl.col("log_size"))
        .select(
            "row", "observation_id", "quantity", "middle", "log_rate", "log_size", "is_comparable"
        )
    )


def run_backtests(
    observations: pl.DataFrame,
    priors: pl.DataFrame,
    *,
    seed: int,
    through: dt.date,
    store: Path,
    code: str,
    progress: Progress | None = None,
) -> pl.DataFrame:
    """Score every fold, keeping each in ``store`` so that a stopped suite resumes.

    Args:
        observations: the ledger.
        priors: table of ``coal_priors.csv``.
        seed: same seed, same scores.
        through: last month of the grid.
        store: a folder; one Parquet file a fold, named by the hash of what made it.
        code: what identifies the code, so that a changed model is scored anew.
        progress: told folds done, folds in all and the fold's name.

    Returns:
        Scored cases of all folds, as :func:`score_fold`.
    """
    coal_only = observations.filter(pl.col("stream") == "coal")
    return run_resumable(
        folds_of(observations, through),
        lambda fold: score_fold(observations, priors, fold, seed=seed, through=through),
        key=key_of(coal_only, priors, seed, through, code, REFIT, REFIT_DRAWS),
        prefix="coal",
        store=store,
        progress=progress,
    )


def calibrate(
    observations: pl.DataFrame,
    priors: pl.DataFrame,
    *,
    worlds: int,
    seed: int,
    through: dt.date,
    effort: coal.Effort = REFIT,
    draws: int = 320,
    store: Path | None = None,
    code: str = "",
    progress: Progress | None = None,
) -> pl.DataFrame:
    """Simulation-based calibration (Talts et al. 2018): ranks of the truth in its posterior.

    Worlds are drawn from the prior, figures of the real ledger's shape are made up in each, and
    the sampler is run on them. If both are right, ranks are uniform.

    Args:
        observations: the ledger.
        priors: table of ``coal_priors.csv``.
        worlds: how many are made up.
        seed: same seed, same ranks.
        through: last month of the grid.
        effort: how long each world is sampled.
        draws: posterior draws a truth is ranked among.
        store: where ranked worlds are kept, so that a stopped calibration resumes.
        code: what identifies the code.
        progress: told worlds done, worlds in all and the world's name.

    Returns:
        ``world, quantity, rank`` with rank the share of posterior draws below the truth.
    """
    stated = coal_windows.prior_arguments(priors)
    # a one-sided bound has no story of how it came about, so it cannot be simulated
    two_sided = observations.filter(
        ~(
            pl.col("kind").is_in(["lower_bound", "upper_bound"])
            & pl.col("quantity").is_in(["export_usd", "cargo_t_per_shipment"])
        )
    )
    figures = coal_windows.read_coal_figures(two_sided, through)
    template = CoalModel(figures, stated)
    truths = coal.simulate_prior(template, worlds, algebra.named_generator(seed, "coal.sbc.truth"))

    def rank(world: int) -> pl.DataFrame:
        truth = truths[world]
        generator = algebra.named_generator(seed, f"coal.sbc.{world}")
        model = coal.with_made_up_figures(template, truth, generator)
        fit = coal.fit_model(model, draws=draws, seed=seed + world, effort=effort)
        return ranks_of(
            world,
            coal.headline_logs(model, fit.theta),
            coal.headline_logs(model, truth[None, :]),
        )

    return rank_worlds(
        worlds,
        rank,
        key=key_of(two_sided, priors, seed, through, code, worlds, draws, effort),
        prefix="coal",
        store=store,
        progress=progress,
    )


def ranks_of(world: int, drawn: dict[str, np.ndarray], true: dict[str, np.ndarray]) -> pl.DataFrame:
    """Share of posterior draws below the truth: world, quantity, rank."""
    return pl.DataFrame(
        {
            "world": world,
            "quantity": list(drawn),
            "rank": [float((drawn[name] < true[name][0]).mean()) for name in drawn],
        }
    )


def uniformity(ranks: pl.DataFrame, *, bins: int = 10) -> pl.DataFrame:
    """Whether ranks fill the unit interval evenly: quantity, p_value of a chi-squared test."""
    rows = []
    for (quantity,), group in ranks.group_by("quantity", maintain_order=True):
        shares = group["rank"].to_numpy()
        n_bins = max(2, min(bins, shares.size // 6))
        counts = np.histogram(shares, bins=n_bins, range=(0, 1))[0]
        rows.append((quantity, float(chisquare(counts).pvalue)))
    return pl.DataFrame(rows, schema=["quantity", "p_value"], orient="row").sort("p_value")
