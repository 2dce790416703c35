"""The plain coal estimate: windows spread over months, gaps interpolated in logs.

It stays beside every later model as the comparator. Per draw: every figure is read once with
its own error, one error per origin shared by all its figures; windows are resolved from the
shortest to the longest, a longer one spreading only what its shorter parts leave; months no
window reaches are interpolated in logs with the error of an AR(1) path tied at the known ends.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.signal import lfilter

from pipelines import draws as algebra
from pipelines.estimates import coal_windows as windows

MONTH_HALF_COVERED = 0.5


@dataclass(frozen=True)
class CoalDraws:
    """What a coal estimator returns.

    Attributes:
        draws: draw, month, tonnes, price_usd_per_t, gross_fob_usd, net_usd.
        destinations: draw, year, destination_iso3, share (sums to 1 within draw and year; XXX is
            every destination not named).
        figures: observation_id, is_used, reason_not_used, for every coal row given.
        support_monthly: month, n_origins, is_prior_driven.
        support_annual: year, n_origins, is_prior_driven, is_partial_year.
    """

    draws: pl.DataFrame
    destinations: pl.DataFrame
    figures: pl.DataFrame
    support_monthly: pl.DataFrame
    support_annual: pl.DataFrame


class _Ledger:
    """Which figures were used, and why the others were not."""

    def __init__(self, figures: windows.CoalFigures) -> None:
        self.ids = figures.frame["observation_id"].to_list()
        self.reasons: dict[str, str | None] = dict(figures.unused.iter_rows())
        self.used: set[int] = set()

    def use(self, row: int) -> None:
        self.used.add(row)

    def skip(self, row: int, reason: str) -> None:
        self.reasons.setdefault(self.ids[row], reason)

    def frame(self) -> pl.DataFrame:
        for row in self.used:
            self.reasons[self.ids[row]] = None
        for name in self.ids:
            self.reasons.setdefault(name, "no rule of the plain estimate reads this kind of figure")
        ordered = sorted(self.reasons)
        reasons = pl.Series([self.reasons[name] for name in ordered], dtype=pl.String)
        return pl.DataFrame(
            {"observation_id": pl.Series(ordered, dtype=pl.String), "reason_not_used": reasons}
        ).select(
            "observation_id",
            is_used=pl.col("reason_not_used").is_null(),
            reason_not_used="reason_not_used",
        )


def estimate_coal_baseline(
    observations: pl.DataFrame,
    *,
    draws: int,
    seed: int,
    through: dt.date,
    priors: pl.DataFrame | None = None,
) -> CoalDraws:
    """Draw monthly tonnage, price and income of coal exports by plain rules.

    Args:
        observations: the ledger (``facts.observations``); rows not ``is_used`` are passed over.
        draws: joint draws.
        seed: same seed, same numbers.
        through: the last month estimated.
        priors: table of ``coal_priors.csv``; None takes the project's own.

    Returns:
        Draws from 2009-01 through ``through``, with the fate of every coal figure.

    Raises:
        ValueError: no tonnage figure or no price figure at all can be read.
    """
    stated = windows.prior_arguments(windows.reference_priors() if priors is None else priors)
    figures = windows.read_coal_figures(observations, through)
    ledger = _Ledger(figures)
    readings = _read_values(figures, stated, draws, seed)
    rounded = (figures.windows >= MONTH_HALF_COVERED).astype(float)

    price = _price(figures, readings, rounded, stated, draws, seed, ledger)
    tonnes, is_direct = _tonnage(figures, readings, rounded, price, stated, draws, seed, ledger)
    income, is_paid = _income(figures, readings, rounded, tonnes, price, stated, ledger)

    cost = algebra.beta_of_mean(*stated["net_cost_share"])
    cost_share = algebra.named_generator(seed, "coal.net_cost_share").beta(*cost, size=(draws, 1))
    frame = algebra.to_long(
        figures.months,
        tonnes=tonnes,
        price_usd_per_t=income / tonnes,
        gross_fob_usd=income,
        net_usd=income * (1 - cost_share),
    )
    destinations, split_rows = destination_draws(figures, stated, draws, seed)
    ledger.used |= split_rows
    monthly, annual = support(figures, ledger.used, is_direct | is_paid)
    return CoalDraws(frame, destinations, ledger.frame(), monthly, annual)


def support(
    figures: windows.CoalFigures, used: set[int], is_direct: np.ndarray
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Origins behind each month and year, and whether the prior rather than a figure speaks.

    A month is prior-driven when no total, exact or a range, covers it: it is then interpolated,
    or rests on a lower bound alone. A year is prior-driven when more than half its months are.
    """
    frame, months = figures.frame, figures.months
    speaks = frame["quantity"].is_in(["export_t", "export_usd", "price_usd_per_t", "shipments"])
    rows = [row for row in sorted(used) if speaks[row]]
    origin = frame["origin_id"].to_numpy()
    year = np.array([month.year for month in months])
    covers = figures.windows > 0

    def count(columns: np.ndarray) -> int:
        return len({origin[row] for row in rows if covers[row][columns].any()})

    monthly = pl.DataFrame(
        {
            "month": months,
            "n_origins": [count(np.array([t])) for t in range(len(months))],
            "is_prior_driven": ~is_direct,
        }
    )
    years = sorted(set(year.tolist()))
    annual = pl.DataFrame(
        {
            "year": years,
            "n_origins": [count(np.flatnonzero(year == y)) for y in years],
            "is_prior_driven": [bool((~is_direct[year == y]).mean() > 0.5) for y in years],
            "is_partial_year": [bool((year == y).sum() < 12) for y in years],
        }
    )
    return monthly, annual


def _read_values(
    figures: windows.CoalFigures, stated: dict[str, tuple[float, ...]], draws: int, seed: int
) -> np.ndarray:
    """Every figure's value in every draw, (draws, figures), on the scope of all coal, world."""
    frame = figures.frame
    log = np.log(frame["value"].to_numpy())[None, :] + np.zeros((draws, 1))
    low, high = frame["low"].to_numpy(), frame["high"].to_numpy()
    is_range = np.isfinite(np.nan_to_num(low, nan=np.inf)) & np.isfinite(
        np.nan_to_num(high, nan=np.inf)
    )
    recorded = frame["is_recorded"].to_numpy()
    sd = np.where(recorded, stated["recorded_error_sd"][0], stated["unrecorded_error_sd"][0])
    is_price = frame["quantity"].to_numpy() == "price_usd_per_t"
    sd = np.where(is_price & ~recorded, stated["price_quote_sd"][0], sd)
    for row in np.flatnonzero(is_range):
        sd[row] = algebra.lognormal_of_range(low[row], high[row], mass=stated["range_mass"][0])[1]
    names = frame["observation_id"].to_list()
    for row, name in enumerate(names):
        # drawn by the figure's own name: adding one figure moves no other figure's error
        log[:, row] += sd[row] * algebra.named_generator(seed, f"coal.{name}").normal(size=draws)
    bias_sd = stated["origin_bias_sd"][0]
    for origin in frame["origin_id"].unique().to_list():
        rows = np.flatnonzero((frame["origin_id"].to_numpy() == origin) & ~recorded)
        if rows.size:
            shared = algebra.named_generator(seed, f"coal.origin.{origin}").normal(size=(draws, 1))
            log[:, rows] += bias_sd * shared
    is_total = frame["quantity"].is_in(["export_t", "export_usd"]).to_numpy() & recorded
    from_china = frame["counterpart_iso3"].to_numpy() == "CHN"
    anthracite = frame["sector"].to_numpy() == "HS270111"
    for name, rows in (
        ("scope_anthracite_to_all", is_total & from_china & anthracite),
        ("scope_china_to_world", is_total & from_china & ~anthracite),
    ):
        mean, spread = stated[name]
        factor = algebra.named_generator(seed, f"coal.{name}").normal(mean, spread, (draws, 1))
        log[:, rows] += factor
    return np.exp(log)


def _order(figures: windows.CoalFigures, rounded: np.ndarray, rows: np.ndarray) -> list[int]:
    """Shortest window first; for one window all coal first, the world, the least rounded."""
    frame = figures.frame
    value = frame["value"].to_numpy()
    # a number ending in zeros was rounded: the power of ten dividing it measures how much
    digits = [len(f"{v:.0f}".rstrip("0")) for v in value]
    origin = frame["origin_id"].to_numpy()
    series = {name: int((origin == name).sum()) for name in set(origin)}
    return sorted(
        rows.tolist(),
        key=lambda r: (
            rounded[r].sum(),
            frame["kind"][r] not in ("exact", "usd_total", "interval"),
            frame["sector"][r] == "HS270111",
            -series[origin[r]],
            -digits[r],
            frame["observation_id"][r],
        ),
    )


def _national(figures: windows.CoalFigures) -> np.ndarray:
    """Rows on coal alone, to the world or (nearly all of it) to China."""
    frame = figures.frame
    return (
        frame["counterpart_iso3"].is_in(["WLD", "CHN"]) & frame["sector"].str.starts_with("HS2701")
    ).to_numpy()


def _anchor_weights(anchors: np.ndarray, size: int) -> np.ndarray:
    """Linear interpolation from anchor months to all months, flat beyond the ends."""
    grid = np.arange(size)
    weights = np.empty((size, anchors.size))
    for column in range(anchors.size):
        unit = np.zeros(anchors.size)
        unit[column] = 1.0
        weights[:, column] = np.interp(grid, anchors, unit)
    return weights


def _interpolated(
    log_known: np.ndarray,
    is_known: np.ndarray,
    change_sd: float,
    persistence: float,
    generator: np.random.Generator,
) -> np.ndarray:
    """Fill unknown months in logs; the error is an AR(1) path tied at the known months."""
    anchors = np.flatnonzero(is_known)
    weights = _anchor_weights(anchors, is_known.size)
    # stationary, so a long silence widens the interval to a bound and no further
    steps = generator.normal(0, change_sd, log_known.shape)
    walk = lfilter([1.0], [1.0, -persistence], steps, axis=1)
    filled = (log_known[:, anchors] - walk[:, anchors]) @ weights.T + walk
    return np.where(is_known[None, :], log_known, filled)


def _price(
    figures: windows.CoalFigures,
    readings: np.ndarray,
    rounded: np.ndarray,
    stated: dict[str, tuple[float, ...]],
    draws: int,
    seed: int,
    ledger: _Ledger,
) -> np.ndarray:
    """Monthly price, (draws, months): unit values and quotes, one origin per draw where several."""
    frame = figures.frame
    size = len(figures.months)
    points: list[tuple[str, np.ndarray, np.ndarray, bool]] = []
    national = _national(figures)
    quantity = frame["quantity"].to_numpy()
    kind = frame["kind"].to_numpy()
    is_quote = (quantity == "price_usd_per_t") & national & (kind != "lower_bound")
    for row in np.flatnonzero(is_quote):
        cover = figures.windows[row] > 0
        points.append(
            (frame["origin_id"][int(row)], cover, readings[:, row], frame["is_recorded"][int(row)])
        )
        ledger.use(int(row))
    key = ["window_start_on", "window_end_on", "counterpart_iso3", "sector", "origin_id"]
    totals = frame.filter(pl.Series(national), pl.col("kind").is_in(["exact", "usd_total"]))
    pairs = totals.filter(pl.col("quantity") == "export_t").join(
        totals.filter(pl.col("quantity") == "export_usd"), on=key, suffix="_usd"
    )
    for row_t, row_usd, origin, is_recorded in pairs.select(
        "row", "row_usd", "origin_id", "is_recorded"
    ).iter_rows():
        cover = figures.windows[row_t] > 0
        points.append((origin, cover, readings[:, row_usd] / readings[:, row_t], is_recorded))
    if not points:
        raise ValueError(
            "no coal price or pair of value and tonnage can be read; cannot price coal"
        )
    log = np.zeros((draws, size))
    is_known = np.zeros(size, dtype=bool)
    # one uniform per draw: a draw that believes an origin believes it in every month
    pick = algebra.named_generator(seed, "coal.price_origin").uniform(size=draws)
    for month in range(size):
        here = [point for point in points if point[1][month]]
        if not here:
            continue
        if any(point[3] for point in here):
            shortest = min(point[1].sum() for point in here if point[3])
            here = [point for point in here if point[3] and point[1].sum() == shortest]
        origins = sorted({point[0] for point in here})
        chosen = np.minimum((pick * len(origins)).astype(int), len(origins) - 1)
        for number, origin in enumerate(origins):
            mine = np.mean([np.log(point[2]) for point in here if point[0] == origin], axis=0)
            log[:, month] = np.where(chosen == number, mine, log[:, month])
        is_known[month] = True
    generator = algebra.named_generator(seed, "coal.price_walk")
    return np.exp(
        _interpolated(
            log, is_known, stated["price_change_sd"][0], stated["persistence"][0], generator
        )
    )


def _tonnage(
    figures: windows.CoalFigures,
    readings: np.ndarray,
    rounded: np.ndarray,
    price: np.ndarray,
    stated: dict[str, tuple[float, ...]],
    draws: int,
    seed: int,
    ledger: _Ledger,
) -> tuple[np.ndarray, np.ndarray]:
    """Monthly tonnes, (draws, months), and which months a total covers directly."""
    frame = figures.frame
    size = len(figures.months)
    quantity, kind = frame["quantity"].to_numpy(), frame["kind"].to_numpy()
    national = _national(figures)
    total_kinds = np.isin(kind, ["exact", "interval", "usd_total"])
    is_tonnage = (quantity == "export_t") & national & total_kinds
    if not is_tonnage.any():
        raise ValueError("no coal tonnage figure can be read; cannot estimate tonnage")
    jitter = algebra.named_generator(seed, "coal.within_window").normal(size=(draws, size))
    days = np.array([_days(month) for month in figures.months])
    weight = days * np.exp(stated["within_window_sd"][0] * jitter)
    leak_mean, leak_sd = stated["leak_t_per_month"]
    leak = algebra.named_generator(seed, "coal.leak").lognormal(leak_mean, leak_sd, (draws, 1))
    tonnes = np.zeros((draws, size))
    is_known = np.zeros(size, dtype=bool)

    def settle(rows: np.ndarray, values: np.ndarray, unit: np.ndarray) -> None:
        """Spread what each window leaves; ``unit`` is 1 for tonnes, the price for money."""
        for row in _order(figures, rounded, rows):
            inside = rounded[row] > 0
            free = inside & ~is_known
            if not inside.any():
                ledger.skip(row, "window shorter than half a month")
                continue
            if not free.any():
                ledger.skip(row, "its months are already settled by shorter or fuller figures")
                continue
            settled = inside & is_known
            rest = values[:, row] - (tonnes * unit)[:, settled].sum(axis=1)
            rest = rest / unit[:, free].mean(axis=1)
            # parts may exceed a rounded whole: what is left is then the known trickle
            rest = np.maximum(rest, leak[:, 0] * free.sum())
            share = weight[:, free] / weight[:, free].sum(axis=1, keepdims=True)
            tonnes[:, free] = rest[:, None] * share
            is_known[free] = True
            ledger.use(row)

    settle(np.flatnonzero(is_tonnage), readings, np.ones_like(price))
    # a money total where no tonnage is stated: divided by the price of the same draw
    is_money = (quantity == "export_usd") & national & total_kinds
    settle(np.flatnonzero(is_money), readings, price)
    is_direct = is_known.copy()
    # a floor counts what was seen; it stands for what was seen over the share detected
    is_floor = (quantity == "export_t") & national & (kind == "lower_bound")
    detected = algebra.named_generator(seed, "coal.detected").beta(
        *stated["detected_share"], size=(draws, 1)
    )
    for row in _order(figures, rounded, np.flatnonzero(is_floor)):
        inside = rounded[row] > 0
        free = inside & ~is_known
        if not free.any():
            ledger.skip(row, "a lower bound over months that fuller figures already settle")
            continue
        share = weight[:, free] / weight[:, inside].sum(axis=1, keepdims=True)
        tonnes[:, free] = readings[:, [row]] / detected * share
        is_known[free] = True
        ledger.use(row)
    log = np.log(np.where(is_known[None, :], tonnes, 1.0))
    generator = algebra.named_generator(seed, "coal.tonnage_walk")
    filled = _interpolated(
        log, is_known, stated["monthly_change_sd"][0], stated["persistence"][0], generator
    )
    return np.exp(filled), is_direct


def _days(month: dt.date) -> int:
    following = (month.replace(day=28) + dt.timedelta(days=4)).replace(day=1)
    return (following - month).days


def _income(
    figures: windows.CoalFigures,
    readings: np.ndarray,
    rounded: np.ndarray,
    tonnes: np.ndarray,
    price: np.ndarray,
    stated: dict[str, tuple[float, ...]],
    ledger: _Ledger,
) -> tuple[np.ndarray, np.ndarray]:
    """Monthly gross income: tonnes at the price, held to customs values where they exist."""
    frame = figures.frame
    income = tonnes * price
    is_known = np.zeros(len(figures.months), dtype=bool)
    is_money = (
        (frame["quantity"] == "export_usd")
        & frame["is_recorded"]
        & frame["kind"].is_in(["exact", "usd_total"])
    ).to_numpy() & _national(figures)
    for row in _order(figures, rounded, np.flatnonzero(is_money)):
        inside = rounded[row] > 0
        free = inside & ~is_known
        if not inside.any():
            ledger.skip(row, "window shorter than half a month")
            continue
        if not free.any():
            ledger.skip(row, "its months are already settled by shorter or fuller figures")
            continue
        rest = readings[:, row] - income[:, inside & is_known].sum(axis=1)
        raw = income[:, free]
        # where the parts exceed the whole, tonnes at the going price stand
        rest = np.where(rest > 0.02 * readings[:, row], rest, raw.sum(axis=1))
        income[:, free] = raw * (rest / raw.sum(axis=1))[:, None]
        is_known[free] = True
        ledger.use(row)
    return income, is_known


def destination_draws(
    figures: windows.CoalFigures,
    stated: dict[str, tuple[float, ...]],
    draws: int,
    seed: int,
) -> tuple[pl.DataFrame, set[int]]:
    """Split of each year's exports among destinations, Dirichlet around what figures state.

    Returns:
        draw, year, destination_iso3, share (summing to 1); and the rows of figures used.
    """
    used: set[int] = set()
    frame = figures.frame
    years = sorted({month.year for month in figures.months})
    shares = frame.filter(pl.col("quantity") == "destination_share")
    partners = frame.filter(
        pl.col("quantity") == "export_usd", ~pl.col("counterpart_iso3").is_in(["WLD"])
    ).with_columns(year=pl.col("window_start_on").dt.year())
    parts: list[pl.DataFrame] = []
    for year in years:
        recorded = year <= windows.LAST_RECORDED_DAY.year
        named = shares.filter(
            pl.col("window_start_on").dt.year() <= year, pl.col("window_end_on").dt.year() >= year
        )
        stated_share = {
            iso: (value + 1) / 2 if kind == "lower_bound" else value
            for iso, value, kind in named.select("counterpart_iso3", "value", "kind").iter_rows()
            if 0 < value < 1
        }
        for row in named["row"]:
            used.add(row)
        china = stated_share.get(
            "CHN", 0.985 if recorded else stated["destination_china_unrecorded"][0]
        )
        flows = partners.filter(pl.col("year") == year)
        others = flows.filter(pl.col("counterpart_iso3") != "CHN")
        base = flows.filter(pl.col("counterpart_iso3") == "CHN")["value"].max()
        split = {"CHN": china}
        if isinstance(base, float):
            for iso, value in (
                others.group_by("counterpart_iso3")
                .agg(pl.col("value").max())
                .sort("counterpart_iso3")
                .iter_rows()
            ):
                split[iso] = min(china * value / base, (1 - china) * 0.9)
            for row in others["row"]:
                used.add(row)
        split["XXX"] = max(1 - sum(split.values()), 0.1 * (1 - china))
        alpha = np.array(list(split.values()))
        size = stated[
            "destination_concentration" if recorded else "destination_concentration_unrecorded"
        ][0]
        drawn = algebra.named_generator(seed, f"coal.destination.{year}").dirichlet(
            size * alpha / alpha.sum(), size=draws
        )
        parts.append(
            algebra.to_long(list(split), period="destination_iso3", share=drawn).with_columns(
                year=pl.lit(year, pl.Int64)
            )
        )
    return pl.concat(parts).select("draw", "year", "destination_iso3", "share"), used
