"""The plain labor estimate: workers by host, times pay, times the state's share.

It stays beside every later model as the comparator. Per draw and host, one of the origins that
speak of a month is believed, the same choice all through; between such months the path is
interpolated in logs with the error of an AR(1) path tied at both ends. Hosts move together
through factors drawn once per draw: who counts as a worker, what counts as pay, the share the
state takes, the months that are paid.
"""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
from scipy.special import expit, logit

from pipelines import draws as algebra
from pipelines.estimates import labor_figures as labor
from pipelines.estimates.labor_world import (
    LaborDraws,
    World,
    is_far_from_counts,
    judge_figures,
    long_frame,
    support,
)

ANCHORED_BY_FIGURE = dt.date(2019, 7, 1), dt.date(2020, 6, 30)
# a floor or ceiling anchors the path only where no total lies this near
BOUND_REACH_MONTHS = 6
Arguments = dict[str, tuple[float, ...]]


def estimate_labor_baseline(
    observations: pl.DataFrame,
    *,
    draws: int,
    seed: int,
    through: dt.date,
    priors: pl.DataFrame | None = None,
) -> LaborDraws:
    """Draw workers, pay and the state's take by host and month, by plain rules.

    Args:
        observations: the ledger (``facts.observations``); rows not ``is_used`` are passed over.
        draws: joint draws.
        seed: same seed, same numbers.
        through: the last month estimated.
        priors: table of ``labor_priors.csv``; None takes the project's own.

    Returns:
        Draws from 2009-01 through ``through`` for every host, with the fate of every figure.

    Raises:
        ValueError: no pay or no share of pay is stated for any host or the world.
    """
    figures = labor.read_labor_figures(
        observations, "labor", first=labor.FIRST_MONTH, through=through
    )
    world, used, reasons = draw_world(figures, labor.prior_arguments(priors), draws, seed)
    monthly, annual = support(figures, used, is_far_from_counts(world, figures, used))
    return LaborDraws(
        long_frame(world, figures.months),
        judge_figures(world, figures, used, reasons),
        monthly,
        annual,
    )


def draw_world(
    figures: labor.LaborFigures, stated: Arguments, draws: int, seed: int
) -> tuple[World, set[int], dict[int, str]]:
    """The plain world of the given figures, the rows used, and why others were not."""
    readings = read_values(figures, stated, draws, seed, "labor")
    used: set[int] = set()
    reasons: dict[int, str] = {}
    share = _shares(figures, readings, stated, draws, seed, used, reasons)
    wage = _wages(figures, readings, share, stated, draws, seed, used, reasons)
    headcount = _headcounts(figures, readings, stated, draws, seed, used, reasons)
    paid = algebra.named_generator(seed, "labor.paid_fraction").beta(
        *algebra.beta_of_mean(*stated["paid_fraction"]), size=draws
    )
    months = len(figures.months)
    return (
        World(
            labor.HOSTS,
            headcount,
            wage,
            np.repeat(share[:, :, None], months, axis=2),
            paid,
        ),
        used,
        reasons,
    )


def read_values(
    figures: labor.LaborFigures, stated: Arguments, draws: int, seed: int, stream: str
) -> np.ndarray:
    """Every figure in every draw, (draws, figures), in logs (shares in logits)."""
    frame = figures.frame
    read = np.zeros((draws, frame.height))
    kind_read = pl.when("is_part").then(pl.lit("lower_bound")).otherwise("kind")
    kind_read = pl.when(pl.col("quantity") == "headcount").then(kind_read).otherwise("kind")
    columns = ("row", "observation_id", "quantity", kind_read.alias("kind"), "value", "low", "high")
    readable = frame.filter(pl.col("reason").is_null()).select(columns)
    for row, name, quantity, kind, value, low, high in readable.iter_rows():
        error = algebra.named_generator(seed, f"{stream}.{name}").normal(size=draws)
        is_share = quantity == "state_share"
        centre = float(logit(np.clip(value, 0.01, 0.99))) if is_share else float(np.log(value))
        sd = stated["stated_error_sd"][0]
        if not is_share and round(value) % 10:
            sd = stated["counted_error_sd"][0]
        if kind == "lower_bound":
            read[:, row] = centre + stated["above_floor_sd"][0] * np.abs(error)
        elif kind == "upper_bound":
            read[:, row] = centre - stated["below_ceiling_sd"][0] * np.abs(error)
        else:
            if low is not None and high is not None and 0 < low < high:
                if is_share:
                    ends = logit(np.clip([low, high], 0.01, 0.99))
                    centre, sd = float(ends.mean()), max(float(np.ptp(ends)) / 2.563, sd)
                else:
                    centre, sd = algebra.lognormal_of_range(low, high, mass=stated["range_mass"][0])
            read[:, row] = centre + sd * error
    return read


def pooled_path(
    rows: list[tuple[int, int, str]],
    readings: np.ndarray,
    *,
    size: int,
    step_sd: np.ndarray,
    persistence: float,
    pick: np.ndarray,
    generator: np.random.Generator,
    pinned: dict[int, np.ndarray] | None = None,
) -> np.ndarray:
    """A path through the figures, (draws, size), in the unit of ``readings``.

    Args:
        rows: (figure row, month index, origin) of each figure that anchors the path.
        step_sd: (size,) standard deviation of a month's change.
        persistence: of the AR(1) error between anchors.
        pick: (draws,) uniforms; a draw believes one of a month's origins.
        pinned: month index to (draws,) values known otherwise.
    """
    anchors = dict(pinned or {})
    for month in sorted({month for _, month, _ in rows}):
        here = [(row, origin) for row, at, origin in rows if at == month]
        origins = sorted({origin for _, origin in here})
        chosen = np.minimum((pick * len(origins)).astype(int), len(origins) - 1)
        value = np.zeros(readings.shape[0])
        for number, origin in enumerate(origins):
            mine = readings[:, [row for row, name in here if name == origin]].mean(axis=1)
            value = np.where(chosen == number, mine, value)
        anchors[month] = value
    if not anchors:
        raise ValueError("a path needs at least one figure")
    known = np.array(sorted(anchors))
    level = np.stack([anchors[month] for month in known.tolist()], axis=1)
    walk = ar1(step_sd, persistence, (readings.shape[0], size), generator)
    grid = np.arange(size)
    right = np.clip(np.searchsorted(known, grid), 0, known.size - 1)
    left = np.where(known[right] <= grid, right, np.maximum(right - 1, 0))
    span = np.where(known[right] > known[left], known[right] - known[left], 1)
    share = np.clip((grid - known[left]) / span, 0, 1)
    gap = level - walk[:, known]
    return walk + gap[:, left] * (1 - share) + gap[:, right] * share


def ar1(
    step_sd: np.ndarray, persistence: float, shape: tuple[int, int], generator: np.random.Generator
) -> np.ndarray:
    """An AR(1) path of zero mean, (draws, size), started from its stationary spread."""
    from scipy.signal import lfilter

    steps = generator.normal(size=shape) * step_sd
    steps[:, 0] /= np.sqrt(1 - persistence**2)
    return lfilter([1.0], [1.0, -persistence], steps, axis=1)


def _rows(figures: labor.LaborFigures, quantity: str, host: str) -> pl.DataFrame:
    return figures.frame.filter(
        pl.col("reason").is_null(), pl.col("quantity") == quantity, pl.col("host") == host
    )


def _headcounts(
    figures: labor.LaborFigures,
    readings: np.ndarray,
    stated: Arguments,
    draws: int,
    seed: int,
    used: set[int],
    reasons: dict[int, str],
) -> np.ndarray:
    """(draws, hosts, months)."""
    size = len(figures.months)
    months = np.array(figures.months, dtype="datetime64[M]")
    is_shut = (months >= np.datetime64(labor.BORDER_SHUT, "M")) & (
        months < np.datetime64(labor.BORDER_OPEN, "M")
    )
    step_sd = np.where(is_shut, stated["shut_change_sd"][0], stated["monthly_change_sd"][0])
    factor = algebra.named_generator(seed, "labor.headcount_factor").normal(
        0, stated["headcount_factor_sd"][0], size=(draws, 1)
    )
    first, last = (figures.index(day) for day in ANCHORED_BY_FIGURE)
    before, after = figures.index(labor.REPATRIATION_START), figures.index(labor.REPATRIATION_END)
    paths = np.empty((draws, len(labor.HOSTS), size))
    for at, host in enumerate(labor.HOSTS):
        anchors, kept = _count_anchors(figures, host, reasons)
        pinned: dict[int, np.ndarray] = {}
        if not anchors:
            level, spread = algebra.lognormal_of_range(*stated["other_hosts_headcount"])
            draw = algebra.named_generator(seed, f"labor.level.{host}").normal(size=draws)
            pinned[figures.index(dt.date(2014, 7, 1))] = level + spread * draw
        options = {
            "size": size,
            "step_sd": step_sd,
            "persistence": stated["persistence"][0],
            "pick": algebra.named_generator(seed, "labor.headcount_origin").uniform(size=draws),
        }
        reaches_past = size - 1 > after
        if reaches_past and not any(first <= month <= last for _, month, _ in anchors):
            early = [anchor for anchor in anchors if anchor[1] <= before + 2] or anchors
            past = pooled_path(
                early,
                readings,
                pinned=pinned,
                generator=algebra.named_generator(seed, f"labor.walk.{host}"),
                **options,
            )
            remaining = stated.get(f"remaining_share_{host}", stated["remaining_share"])
            drawn = algebra.named_generator(seed, f"labor.remaining.{host}").beta(
                *remaining, size=draws
            )
            pinned = {
                **pinned,
                before: past[:, before],
                after: past[:, before] + np.log(drawn),
            }
        paths[:, at] = pooled_path(
            anchors,
            readings,
            pinned=pinned,
            generator=algebra.named_generator(seed, f"labor.walk.{host}"),
            **options,
        )
        used |= kept
        paths[:, at] += factor
    for row in figures.frame.filter(
        pl.col("reason").is_null(), pl.col("quantity") == "headcount", pl.col("host") == "WLD"
    )["row"]:
        reasons[row] = "a world total; the plain estimate adds up hosts and is compared with it"
    return np.exp(paths)


def _count_anchors(
    figures: labor.LaborFigures, host: str, reasons: dict[int, str]
) -> tuple[list[tuple[int, int, str]], set[int]]:
    """Figures that anchor a host's headcount: totals, and floors and ceilings far from any."""
    frame = _rows(figures, "headcount", host)
    if host == "OTH":
        # countries counted one by one are parts of the rest of the world
        for row in frame.filter("is_part")["row"]:
            reasons[row] = "one country of the other hosts, whose level is a stated range"
        frame = frame.filter(~pl.col("is_part"))
    is_bound = pl.col("kind").is_in(["lower_bound", "upper_bound"]) | pl.col("is_part")
    totals = frame.filter(~is_bound)
    months = totals["middle"].to_numpy()
    chosen = totals.select("row", "middle", "origin_id").rows()
    for row, middle, origin in frame.filter(is_bound).select("row", "middle", "origin_id").rows():
        if months.size and np.abs(months - middle).min() <= BOUND_REACH_MONTHS:
            reasons[row] = "a floor or ceiling beside totals stated for the same months"
        else:
            chosen.append((row, middle, origin))
    return chosen, {row for row, _, _ in chosen}


def _shares(
    figures: labor.LaborFigures,
    readings: np.ndarray,
    stated: Arguments,
    draws: int,
    seed: int,
    used: set[int],
    reasons: dict[int, str],
) -> np.ndarray:
    """(draws, hosts): one factor for all hosts, one smaller departure for each."""
    frame = figures.frame.filter(
        pl.col("reason").is_null(),
        pl.col("quantity") == "state_share",
        ~pl.col("kind").is_in(["lower_bound", "upper_bound"]),
    )
    if frame.is_empty():
        raise ValueError("no figure states what share of pay the state takes; cannot estimate take")
    for row in figures.frame.filter(
        pl.col("reason").is_null(),
        pl.col("quantity") == "state_share",
        pl.col("kind").is_in(["lower_bound", "upper_bound"]),
    )["row"]:
        reasons[row] = "a bound on the share; the plain estimate pools stated shares"
    used |= set(frame["row"])
    # each origin once: what it says over all its figures
    by_origin = [
        readings[:, group["row"].to_numpy()].mean(axis=1)
        for _, group in frame.sort("origin_id").group_by("origin_id", maintain_order=True)
    ]
    centre = np.mean(by_origin, axis=0)
    common = algebra.named_generator(seed, "labor.state_share").normal(size=draws)
    shares = np.empty((draws, len(labor.HOSTS)))
    for at, host in enumerate(labor.HOSTS):
        own = frame.filter(pl.col("host") == host)
        departure = 0.0
        if own.height:
            mean = readings[:, own["row"].to_numpy()].mean(axis=1) - centre
            departure = mean * own.height / (own.height + 2)
        alone = algebra.named_generator(seed, f"labor.state_share.{host}").normal(size=draws)
        shares[:, at] = (
            centre
            + departure
            + stated["share_spread_sd"][0] * common
            + stated["host_share_sd"][0] * alone
        )
    return expit(shares)


def _wages(
    figures: labor.LaborFigures,
    readings: np.ndarray,
    share: np.ndarray,
    stated: Arguments,
    draws: int,
    seed: int,
    used: set[int],
    reasons: dict[int, str],
) -> np.ndarray:
    """(draws, hosts, months): quoted pay; a quota owed per worker counts as pay times share."""
    size = len(figures.months)
    factor = algebra.named_generator(seed, "labor.wage_factor").normal(
        0, stated["wage_factor_sd"][0], size=(draws, 1)
    )
    step_sd = np.full(size, stated["wage_change_sd"][0])
    is_bound = pl.col("kind").is_in(["lower_bound", "upper_bound"])
    world = _rows(figures, "gross_wage", "WLD").filter(pl.col("sector") == "all", ~is_bound)
    paths = np.empty((draws, len(labor.HOSTS), size))
    values = readings.copy()
    for at, host in enumerate(labor.HOSTS):
        quoted = _rows(figures, "gross_wage", host).filter(~is_bound)
        fees = _rows(figures, "fee", host).filter(~is_bound)
        own = pl.concat([quoted, fees])
        # what is owed per worker is pay times share: the draw's share gives the pay
        values[:, fees["row"].to_numpy()] -= np.log(share[:, [at]])
        if own.is_empty():
            own = world
        if own.is_empty():
            raise ValueError(f"no figure states pay in {host} or in the world; cannot price labor")
        used |= set(own["row"])
        paths[:, at] = pooled_path(
            own.select("row", "middle", "origin_id").rows(),
            values,
            size=size,
            step_sd=step_sd,
            persistence=stated["persistence"][0],
            pick=algebra.named_generator(seed, "labor.wage_origin").uniform(size=draws),
            generator=algebra.named_generator(seed, f"labor.wage_walk.{host}"),
        )
    unread = figures.frame.filter(
        pl.col("reason").is_null(), pl.col("quantity").is_in(["gross_wage", "fee"])
    )
    for row in unread["row"]:
        reasons.setdefault(row, "a bound, or pay over all hosts where hosts state their own")
    return np.exp(paths + factor[:, :, None])
