"""The coal model: one log density over monthly tonnage and price, with its gradient by hand.

Notation as in README.md beside this file. Parameters sit in one vector; `Layout` names its
parts. Everything is batched over the first axis, so chains, and the columns of a Hessian, cost
one call.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.linalg import block_diag
from scipy.special import expit, log_ndtr, ndtri

from pipelines.estimates.coal_windows import LAST_RECORDED_DAY, CoalFigures

# first month of each regime; a change of level is allowed there and nowhere else
REGIMES: tuple[tuple[str, dt.date], ...] = (
    ("free", dt.date(2009, 1, 1)),
    ("suspension", dt.date(2017, 3, 1)),
    ("grace", dt.date(2017, 8, 1)),
    ("halt", dt.date(2017, 10, 1)),
    ("ban", dt.date(2018, 1, 1)),
    ("closure", dt.date(2020, 2, 1)),
    ("reopening", dt.date(2023, 1, 1)),
)
# the month China's suspension cut short
CUT_SHORT = dt.date(2017, 2, 1)
# each era has its own monthly volatility of tonnage
ERAS = ("halting_innovation_sd", "recorded_innovation_sd", "unrecorded_innovation_sd")
FIRST_HALTING_MONTH = dt.date(2009, 9, 1)
LAST_HALTING_MONTH = dt.date(2010, 7, 1)
# what a narrower customs figure leaves out, by parameter
SCOPES = ("scope_anthracite_to_all", "scope_china_to_world", "scope_anthracite_to_all_2009")
# the slow part of tonnage moves in steps of this length
SLOW_STEP_MONTHS = 6
# spread of the first month's price around its level
FIRST_PRICE_SD = 0.4
NU = 4.0  # degrees of freedom of figures' errors: heavy enough for a misprint

NOT_READ = {
    "chapter_elsewhere": "chapter 27 to a small partner: more than coal, and a sliver of it",
    "small_partner": "one small destination; it informs destination shares alone",
    "count_recorded": "counts breaches beside a recorded trade, not shipments in all",
    "nested": "a part of a longer count by the same origin over the same months",
    "restates": "a ratio to a world price that restates the price the same origin gives",
    "share": "a share among destinations; read by the destination split alone",
    "other": "no part of the coal model reads this kind of figure",
}


def roles_of(figures: CoalFigures) -> list[str]:
    """How each figure enters the model, or a key of `NOT_READ`."""
    frame = figures.frame
    roles: list[str] = []
    longest: dict[tuple[str, str], list[tuple[dt.date, dt.date, int]]] = {}
    columns = frame.select(
        "quantity",
        "kind",
        "counterpart_iso3",
        "sector",
        "is_recorded",
        "window_start_on",
        "window_end_on",
        "origin_id",
        "row",
    )
    rows = list(columns.iter_rows())
    for quantity, _, _, _, _, start, end, origin, row in rows:
        longest.setdefault((quantity, origin), []).append((start, end, row))
    for quantity, kind, iso, sector, is_recorded, start, end, origin, row in rows:
        is_national = iso in ("WLD", "CHN")
        is_coal = sector.startswith("HS2701")
        nested = any(
            s <= start and end <= e and (s, e) != (start, end)
            for s, e, other in longest[(quantity, origin)]
            if other != row
        )
        if quantity in ("export_t", "export_usd") and not is_national:
            role = "small_partner" if is_coal else "chapter_elsewhere"
        elif quantity == "export_t" and is_coal:
            role = {"lower_bound": "floor_t"}.get(kind, "tonnes")
        elif quantity == "export_usd" and is_coal:
            bounded = kind in ("lower_bound", "upper_bound")
            role = "floor_usd" if bounded else "usd" if is_recorded else "usd_mixed"
        elif quantity == "export_usd" and sector == "HS27" and iso == "CHN" and is_recorded:
            role = "chapter"
        elif quantity == "price_usd_per_t" and is_coal and is_national:
            role = "price" if kind != "lower_bound" else "other"
        elif quantity in ("shipments", "vessel_calls", "loadings"):
            if start <= LAST_RECORDED_DAY:
                role = "count_recorded"
            elif nested:
                role = "nested"
            else:
                role = "berth" if quantity == "vessel_calls" else "count"
        elif quantity == "cargo_t_per_shipment":
            role = "lot"
        elif quantity == "discount_share":
            role = "restates"
        elif quantity == "destination_share":
            role = "share"
        elif quantity == "reference_price_usd_per_t":
            role = "reference"
        else:
            role = "other"
        roles.append(role)
    return roles


@dataclass(frozen=True)
class Layout:
    """Where each parameter sits in the vector."""

    slices: dict[str, slice]
    size: int

    @classmethod
    def of(cls, **sizes: int) -> Layout:
        slices, at = {}, 0
        for name, size in sizes.items():
            slices[name] = slice(at, at + size)
            at += size
        return cls(slices, at)

    def __getitem__(self, name: str) -> slice:
        return self.slices[name]

    def names(self) -> list[str]:
        out: list[str] = []
        for name, where in self.slices.items():
            size = where.stop - where.start
            out += [name] if size == 1 else [f"{name}[{i}]" for i in range(size)]
        return out


def _slow_path(size: int, keep: float) -> np.ndarray:
    """What each half-year's shock leaves in each month: AR(1) at knots, straight between them."""
    if size == 0:
        return np.zeros((0, 0))
    knots = np.arange(0, size + SLOW_STEP_MONTHS, SLOW_STEP_MONTHS)
    lag = np.arange(knots.size)[:, None] - np.arange(knots.size)[None, :]
    at_knots = np.where(lag >= 0, keep ** np.maximum(lag, 0.0), 0.0)
    return np.stack([np.interp(np.arange(size), knots, column) for column in at_knots.T], axis=1)


def _index(keys: Sequence[object]) -> tuple[np.ndarray, list[object]]:
    known = sorted({key for key in keys if key is not None}, key=str)
    place = {key: at for at, key in enumerate(known)}
    return np.array([place.get(key, -1) for key in keys], dtype=int), known


def _student(r: np.ndarray, scale: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Log density up to a constant, and its derivative in r."""
    q = NU * scale**2 + r**2
    return -0.5 * (NU + 1) * np.log(q) + 0.5 * NU * np.log(scale**2), -(NU + 1) * r / q


def _rounding_sd(values: np.ndarray) -> np.ndarray:
    """Standard deviation of the log error a printed number's trailing zeros allow."""
    digits = np.array([len(f"{value:.0f}".rstrip("0")) for value in values])
    whole = np.floor(np.log10(np.maximum(values, 1))) + 1
    unit = 10.0 ** (whole - digits)
    return np.where(values >= 100, 0.5 * unit / values, 0.0)


class CoalModel:
    """Log posterior of tonnage and price given figures.

    Args:
        figures: usable figures on the month grid.
        priors: arguments by parameter.

    Attributes:
        layout: parameters by name; ``log_tonnes`` and ``log_price`` have one entry a month.
        roles: how each figure entered.
    """

    def __init__(self, figures: CoalFigures, priors: dict[str, tuple[float, ...]]) -> None:
        self.figures, self.priors = figures, priors
        self.roles = roles_of(figures)
        frame = figures.frame
        self.months = figures.months
        size = len(self.months)
        month = np.array(self.months, dtype="datetime64[D]")
        starts = np.array([start for _, start in REGIMES], dtype="datetime64[D]")
        self.regime = np.searchsorted(starts, month, side="right") - 1
        # a month of few trading days says more of the pace than its total does
        self.log_open = np.where(
            month == np.datetime64(CUT_SHORT), np.log(priors["open_share_february_2017"][0]), 0.0
        )
        self.is_unrecorded = (month > np.datetime64(LAST_RECORDED_DAY)).astype(int)
        is_settled = (
            (month < np.datetime64(FIRST_HALTING_MONTH))
            | (month > np.datetime64(LAST_HALTING_MONTH))
        ).astype(int)
        self.era = is_settled + self.is_unrecorded
        self.reference = self._log_reference()

        role = np.array(self.roles)
        value = frame["value"].to_numpy().astype(float)
        low, high = (frame[c].cast(pl.Float64).to_numpy() for c in ("low", "high"))
        recorded = frame["is_recorded"].to_numpy()
        origin = frame["origin_id"].to_list()
        weights = figures.windows.copy()
        # a customs year cut short by the ban: nothing is recorded after it
        weights[np.ix_(recorded, self.is_unrecorded.astype(bool))] = 0.0

        is_range = np.isfinite(low) & np.isfinite(high) & (low < high)
        z = float(ndtri(0.5 + priors["range_mass"][0] / 2))
        with np.errstate(invalid="ignore", divide="ignore"):
            range_sd = np.where(is_range, (np.log(high) - np.log(low)) / (2 * z), 0.0)
        stated_sd = np.where(
            recorded, priors["recorded_error_sd"][0], priors["unrecorded_error_sd"][0]
        )
        anchor = self._anchor_origin()
        is_second_hand = recorded & np.array([name != anchor for name in origin], dtype=bool)
        stated_sd = np.where(is_second_hand, priors["secondary_error_sd"][0], stated_sd)
        error = np.sqrt(stated_sd**2 + _rounding_sd(value) ** 2 + range_sd**2)
        states_totals = {
            name for name, r in zip(origin, self.roles, strict=True) if r in ("tonnes", "usd")
        }
        scope_of = {("CHN", True): 0, ("CHN", False): 1}
        scope = np.array(
            [
                scope_of.get((iso, sector == "HS270111"), -1)
                for iso, sector in frame.select("counterpart_iso3", "sector").iter_rows()
            ]
        )
        scope = np.where(recorded, scope, -1)
        in_2009 = (frame["window_start_on"].dt.year() == 2009).to_numpy()
        scope = np.where((scope == 0) & in_2009, 2, scope)

        def rows(*wanted: str) -> np.ndarray:
            return np.flatnonzero(np.isin(role, wanted))

        # tonnage windows
        self.t_rows = rows("tonnes", "floor_t", "count", "berth")
        self.t_weights = weights[self.t_rows]
        self.t_role = role[self.t_rows]
        self.t_log = np.log(value[self.t_rows])
        self.t_value = value[self.t_rows]
        self.t_error = error[self.t_rows]
        self.t_scope = np.where(self.t_role == "tonnes", scope[self.t_rows], -1)
        # money windows
        self.u_rows = rows("usd", "usd_mixed", "floor_usd", "chapter")
        self.u_weights = weights[self.u_rows]
        self.u_role = role[self.u_rows]
        self.u_log = np.log(value[self.u_rows])
        self.u_error = np.where(
            self.u_role == "chapter", priors["chapter_excess"][1], error[self.u_rows]
        )
        self.u_scope = np.where(self.u_role == "chapter", 1, scope[self.u_rows])
        # one bias per origin and era, for tonnage and money alike; the anchor has none
        bias_key = [
            (origin[row], bool(recorded[row]))
            if role[row] in ("tonnes", "usd", "usd_mixed", "floor_usd")
            and not (recorded[row] and origin[row] == anchor)
            else None
            for row in np.concatenate([self.t_rows, self.u_rows])
        ]
        bias_at, self.bias_keys = _index(bias_key)
        self.t_bias, self.u_bias = bias_at[: self.t_rows.size], bias_at[self.t_rows.size :]
        sd_of = {True: priors["recorded_origin_sd"][0], False: priors["origin_bias_sd"][0]}
        self.bias_sd = np.array(
            [sd_of[era] for _, era in sorted(set(filter(None, bias_key)), key=str)]
        )
        # prices
        self.p_rows = rows("price")
        inside = figures.windows[self.p_rows]
        self.p_weights = inside / inside.sum(axis=1, keepdims=True)
        self.p_log = np.log(value[self.p_rows])
        is_quote = np.array([origin[row] not in states_totals for row in self.p_rows], dtype=bool)
        self.p_error = np.sqrt(
            np.where(is_quote, priors["price_quote_sd"][0], 0.03) ** 2 + range_sd[self.p_rows] ** 2
        )
        quote_key = [
            origin[row] if quote else None for row, quote in zip(self.p_rows, is_quote, strict=True)
        ]
        self.p_bias, self.quote_keys = _index(quote_key)
        # what share an observer saw: one per origin and window
        seen = [
            (origin[row], frame["window_start_on"][int(row)], frame["window_end_on"][int(row)])
            if role[row] in ("floor_t", "count")
            else None
            for row in self.t_rows
        ]
        self.t_seen, self.seen_keys = _index(seen)
        watched = [origin[row] if role[row] == "berth" else None for row in self.t_rows]
        self.t_watched, self.watched_keys = _index(watched)
        self.lot_rows = rows("lot")
        self.lot_log = np.log(value[self.lot_rows])
        self.lot_error = np.sqrt(priors["lot_spread_sd"][0] ** 2 + range_sd[self.lot_rows] ** 2)
        self.lot_is_floor = (frame["kind"].to_numpy() == "lower_bound")[self.lot_rows]
        self.t_is_count = np.isin(self.t_role, ["count", "berth"])
        self.t_lot, lot_keys = _index(
            [
                int(row) if counted else None
                for row, counted in zip(self.t_rows, self.t_is_count, strict=True)
            ]
        )
        self.t_dispersion = np.where(
            self.t_role == "berth",
            priors["berth_count_dispersion"][0],
            priors["count_dispersion"][0],
        )
        # calendar years for the ceiling
        years = np.array([m.year for m in self.months])
        self.years = np.unique(years)
        self.year_weights = (years[None, :] == self.years[:, None]).astype(float)
        ceilings = [
            priors["ceiling_recorded_log_t"] if y < 2018 else priors["ceiling_unrecorded_log_t"]
            for y in self.years
        ]
        self.ceiling = np.array([c[0] for c in ceilings])
        self.ceiling_sd = np.array([c[1] for c in ceilings])

        self._level_prior()
        self._group_months()
        # the slow part starts anew when the record ends: the trade that went on was another
        n, keep = self.n_recorded, priors["slow_persistence"][0]
        self.slow_path = block_diag(
            priors["slow_step_sd"][0] * _slow_path(n, keep),
            priors["slow_step_sd_unrecorded"][0] * _slow_path(size - n, keep),
        )
        self.layout = Layout.of(
            log_tonnes=size,
            log_price=size,
            level=len(REGIMES),
            slow=self.slow_path.shape[1],
            price_level=1,
            pass_through=1,
            log_innovation=len(ERAS),
            log_price_innovation=1,
            scope=len(SCOPES),
            bias=len(self.bias_keys),
            quote_bias=len(self.quote_keys),
            logit_seen=len(self.seen_keys),
            log_watched=len(self.watched_keys),
            log_lot=1,
            log_lot_figure=len(lot_keys),
        )

    def _group_months(self) -> None:
        """Disjoint groups of months whose total a recorded figure all but fixes.

        A fixed sum of exponentials is a thin curved shell that a sampler creeps along. In each
        group the last month's coordinate is therefore the log of the group's total and the others
        are log ratios to the last month: a change of variables with unit Jacobian that makes the
        shell flat. Shortest windows first, a longer one keeps the months left over.
        """
        size = int((self.is_unrecorded == 0).sum())
        group = np.arange(size)
        is_free = np.ones(size, dtype=bool)
        sharp = np.concatenate(
            [
                self.t_weights[(self.t_error < 0.05) & (self.t_role == "tonnes"), :size],
                self.u_weights[(self.u_error < 0.05) & (self.u_role == "usd"), :size],
            ]
        )
        for window in sharp[np.argsort(sharp.sum(axis=1), kind="stable")]:
            inside = np.flatnonzero((window > 0.99) & is_free)
            if inside.size:
                group[inside] = inside[-1]
                is_free[inside] = False
        self.group_last, self.group_of = np.unique(group, return_inverse=True)
        self.is_last = np.zeros(size, dtype=bool)
        self.is_last[self.group_last] = True
        self.membership = np.zeros((self.group_last.size, size))
        self.membership[self.group_of, np.arange(size)] = 1.0
        self.n_recorded = size
        # after the record ends months are standard normal shocks, so that their common scale
        # moves freely; impulse[t, k] is what shock k leaves in month t
        after = np.arange(len(self.months) - size)
        lag = after[:, None] - after[None, :]
        self.impulse, self.decay = {}, {}
        for name in ("tonnage_persistence", "price_persistence"):
            keep = self.priors[name][0]
            self.impulse[name] = np.where(lag >= 0, keep ** np.maximum(lag, 0.0), 0.0)
            self.decay[name] = keep ** (after + 1.0)

    def log_tonnes(self, theta: np.ndarray) -> np.ndarray:
        """Log tonnes by month, (batch, months)."""
        return self._tonnes_path(theta)[0]

    def log_price(self, theta: np.ndarray) -> np.ndarray:
        """Log price in USD/t by month, (batch, months)."""
        return self._price_path(theta)[0]

    def _tonnes_path(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        layout, n = self.layout, self.n_recorded
        own = theta[:, layout["log_tonnes"]]
        level = self.base_path(theta)
        recorded, share = self._ungroup(own[:, :n])
        scale = np.exp(theta[:, [layout["log_innovation"].stop - 1]])
        shocks = scale * (own[:, n:] @ self.impulse["tonnage_persistence"].T)
        last = recorded[:, [n - 1]] - level[:, [n - 1]]
        after = level[:, n:] + self.decay["tonnage_persistence"] * last + shocks
        return np.concatenate([recorded, after], axis=1), share, shocks

    def base_path(self, theta: np.ndarray) -> np.ndarray:
        """Regime level, slow part and days of trade of log tonnes, (batch, months)."""
        layout = self.layout
        slow = theta[:, layout["slow"]] @ self.slow_path.T
        return theta[:, layout["level"]][:, self.regime] + slow + self.log_open

    def _pull_base(self, grad: np.ndarray, g_base: np.ndarray) -> None:
        layout = self.layout
        _scatter(grad[:, layout["level"]], self.regime, g_base)
        grad[:, layout["slow"]] += g_base @ self.slow_path

    def _price_path(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        layout, n = self.layout, self.n_recorded
        own = theta[:, layout["log_price"]]
        trend = theta[:, layout["price_level"]] + theta[:, layout["pass_through"]] * self.reference
        scale = np.exp(theta[:, layout["log_price_innovation"]])
        shocks = scale * (own[:, n:] @ self.impulse["price_persistence"].T)
        last = own[:, [n - 1]] - trend[:, [n - 1]]
        after = trend[:, n:] + self.decay["price_persistence"] * last + shocks
        return np.concatenate([own[:, :n], after], axis=1), shocks

    def _pull_back(
        self,
        theta: np.ndarray,
        grad: np.ndarray,
        g_x: np.ndarray,
        g_p: np.ndarray,
        share: np.ndarray,
        shocks: np.ndarray,
        price_shocks: np.ndarray,
    ) -> None:
        """Carry gradients in monthly log tonnes and price back to the parameters."""
        layout, n = self.layout, self.n_recorded
        last = layout["log_innovation"].stop - 1
        scale = np.exp(theta[:, [last]])
        late = g_x[:, n:]
        own = grad[:, layout["log_tonnes"]]
        own[:, n:] += scale * (late @ self.impulse["tonnage_persistence"])
        grad[:, last] += (late * shocks).sum(axis=1)
        to_last = late @ self.decay["tonnage_persistence"]
        g_base = np.zeros_like(g_x)
        g_base[:, n:] = late
        g_base[:, n - 1] -= to_last
        early = g_x[:, :n].copy()
        early[:, -1] += to_last
        own[:, :n] += self._regroup_gradient(early, share)
        self._pull_base(grad, g_base)
        scale = np.exp(theta[:, layout["log_price_innovation"]])
        late = g_p[:, n:]
        own = grad[:, layout["log_price"]]
        own[:, n:] += scale * (late @ self.impulse["price_persistence"])
        grad[:, layout["log_price_innovation"]] += (late * price_shocks).sum(axis=1, keepdims=True)
        to_last = late @ self.decay["price_persistence"]
        own[:, :n] += g_p[:, :n]
        own[:, n - 1] += to_last
        grad[:, layout["price_level"]] += (late.sum(axis=1) - to_last)[:, None]
        grad[:, layout["pass_through"]] += (
            late @ self.reference[n:] - to_last * self.reference[n - 1]
        )[:, None]

    def _ungroup(self, grouped: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        ratio = np.where(self.is_last, 0.0, np.clip(grouped, -30, 30))
        part = np.exp(ratio)
        total = part @ self.membership.T
        base = grouped[:, self.group_last] - np.log(total)
        return base[:, self.group_of] + ratio, part / total[:, self.group_of]

    def _regroup_gradient(self, g_x: np.ndarray, share: np.ndarray) -> np.ndarray:
        whole = (g_x @ self.membership.T)[:, self.group_of]
        return np.where(self.is_last, whole, g_x - share * whole)

    def grouped(self, log_tonnes: np.ndarray) -> np.ndarray:
        """Coordinates of log tonnes by recorded month, last axis months; undoes `_ungroup`."""
        last = log_tonnes[..., self.group_last][..., self.group_of]
        total = np.log(np.exp(log_tonnes) @ self.membership.T)
        return np.where(self.is_last, total[..., self.group_of], log_tonnes - last)

    def _anchor_origin(self) -> str | None:
        """The origin with most recorded totals: the record others are compared with."""
        frame = self.figures.frame
        totals = [
            (name, is_recorded)
            for name, is_recorded, role in zip(
                frame["origin_id"], frame["is_recorded"], self.roles, strict=True
            )
            if role in ("tonnes", "usd")
        ]
        names = sorted(name for name, is_recorded in totals if is_recorded)
        return max(sorted(set(names)), key=names.count) if names else None

    def _log_reference(self) -> np.ndarray:
        """World price in logs, centred: yearly figures meet at mid-window, flat beyond."""
        frame = self.figures.frame.filter(pl.Series(self.roles) == "reference")
        if frame.is_empty():
            return np.zeros(len(self.months))
        middle = (
            frame.with_columns(
                middle=pl.col("window_start_on")
                + (pl.col("window_end_on") - pl.col("window_start_on")) / 2,
                is_year=(pl.col("window_end_on") - pl.col("window_start_on")).dt.total_days() > 27,
            )
            .filter("is_year")
            .group_by("middle")
            .agg(pl.col("value").log().mean())
            .sort("middle")
        )
        if middle.is_empty():
            return np.zeros(len(self.months))
        days = middle["middle"].cast(pl.Date).to_physical().to_numpy().astype(float)
        grid = pl.Series(self.months).to_physical().to_numpy() + 14.0
        log = np.interp(grid, days, middle["value"].to_numpy())
        return log - log.mean()

    def start(self) -> tuple[np.ndarray, np.ndarray]:
        """A starting vector and which coordinates a climb to the mode may move."""
        prior, layout = self.priors, self.layout
        theta = np.zeros(layout.size)
        levels = self._level_prior()[0]
        theta[layout["level"]] = levels
        n = self.n_recorded
        theta[layout["log_tonnes"].start : layout["log_tonnes"].start + n] = self.grouped(
            levels[self.regime[:n]]
        )
        theta[layout["price_level"]] = prior["price_level_log"][0]
        theta[layout["pass_through"]] = prior["price_pass_through"][0]
        theta[layout["log_price"].start : layout["log_price"].start + n] = (
            prior["price_level_log"][0] + 0.5 * self.reference[:n]
        )
        theta[layout["log_innovation"]] = [prior[name][0] for name in ERAS]
        theta[layout["log_price_innovation"]] = prior["price_innovation_sd"][0]
        theta[layout["scope"]] = [prior[name][0] for name in SCOPES]
        theta[layout["logit_seen"]] = np.log(
            prior["detected_share"][0] / prior["detected_share"][1]
        )
        theta[layout["log_watched"]] = prior["watched_share_log"][0]
        theta[layout["log_lot"]] = prior["lot_size_log_t"][0]
        theta[layout["log_lot_figure"]] = prior["lot_size_log_t"][0]
        is_free = np.ones(layout.size, dtype=bool)
        for name in ("log_innovation", "log_price_innovation"):
            is_free[layout[name]] = False
        return theta, is_free

    def _level_prior(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Means, standard deviations and the step matrix D of D @ level."""
        prior = self.priors
        named = [
            prior["free_level_log_t"],
            prior["suspension_level_log_t"],
            prior["grace_level_log_t"],
            prior["halt_level_log_t"],
            prior["ban_level_log_t"],
            prior["closure_level_step"],
            prior["reopening_level_step"],
        ]
        mean, sd = (np.array([row[k] for row in named]) for k in (0, 1))
        step = np.eye(len(REGIMES))
        step[5, 4] = step[6, 5] = -1.0
        level = mean.copy()
        level[5] = level[4] + mean[5]
        level[6] = level[5] + mean[6]
        self.level_mean, self.level_sd, self.level_step = mean, sd, step
        return level, sd, step

    def __call__(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Log posterior up to a constant, (batch,), and its gradient, (batch, size)."""
        prior, layout = self.priors, self.layout
        grad = np.zeros_like(theta)
        x, share, shocks = self._tonnes_path(theta)
        p, price_shocks = self._price_path(theta)
        g_path, g_price = np.zeros_like(x), np.zeros_like(p)
        value = self._states(theta, x, p, grad, g_path, g_price)

        tonnes = np.exp(np.clip(x, -20, 25))
        income = tonnes * np.exp(np.clip(p, -10, 15))
        bias = theta[:, layout["bias"]]
        scope = theta[:, layout["scope"]]
        # -- windows of tonnes -----------------------------------------------------------
        total = tonnes @ self.t_weights.T
        m = np.log(total)
        g_m = np.zeros_like(m)
        is_exact = self.t_role == "tonnes"
        value += self._totals(
            is_exact, self.t_log, self.t_error, self.t_scope, self.t_bias, m, g_m, bias, scope, grad
        )
        seen = theta[:, layout["logit_seen"]]
        log_seen = -np.logaddexp(0.0, -seen)
        a, b = prior["detected_share"]
        value += (a * log_seen - b * np.logaddexp(0.0, seen)).sum(axis=1)
        grad[:, layout["logit_seen"]] += a - (a + b) * expit(seen)
        is_floor = self.t_role == "floor_t"
        if is_floor.any():
            at = self.t_seen[is_floor]
            r = self.t_log[is_floor] - m[:, is_floor] - log_seen[:, at]
            scale = prior["unrecorded_error_sd"][0]
            value += -0.5 * (r / scale).__pow__(2).sum(axis=1)
            g = r / scale**2
            g_m[:, is_floor] += g
            _scatter(grad[:, layout["logit_seen"]], at, g * expit(-seen[:, at]))
        lot = theta[:, layout["log_lot"]]
        lots = theta[:, layout["log_lot_figure"]]
        spread = prior["lot_size_log_t"][1]
        value += -0.5 * (((lot[:, 0] - prior["lot_size_log_t"][0]) / spread) ** 2)
        grad[:, layout["log_lot"]] += -(lot - prior["lot_size_log_t"][0]) / spread**2
        # the mean lot of a window varies less than single cargoes do
        r = lots - lot
        value += -0.5 * ((r / spread) ** 2).sum(axis=1)
        grad[:, layout["log_lot_figure"]] += -r / spread**2
        grad[:, layout["log_lot"]] += (r / spread**2).sum(axis=1, keepdims=True)
        if self.t_is_count.any():
            counted = np.flatnonzero(self.t_is_count)
            watched = theta[:, layout["log_watched"]]
            mean, sd = prior["watched_share_log"]
            value += -0.5 * (((watched - mean) / sd) ** 2).sum(axis=1)
            grad[:, layout["log_watched"]] += -(watched - mean) / sd**2
            log_mu = m[:, counted] - lots[:, self.t_lot[counted]]
            by_seen = self.t_seen[counted] >= 0
            at_seen = self.t_seen[counted][by_seen]
            at_watched = self.t_watched[counted][~by_seen]
            log_mu[:, by_seen] += log_seen[:, at_seen]
            log_mu[:, ~by_seen] += watched[:, at_watched]
            n, phi = self.t_value[counted], self.t_dispersion[counted]
            # negative binomial with mean mu and size phi
            both = np.logaddexp(log_mu, np.log(phi))
            value += (n * log_mu - (n + phi) * both).sum(axis=1)
            g = n - (n + phi) * np.exp(log_mu - both)
            g_m[:, counted] += g
            _scatter(grad[:, layout["log_lot_figure"]], self.t_lot[counted], -g)
            _scatter(
                grad[:, layout["logit_seen"]], at_seen, g[:, by_seen] * expit(-seen[:, at_seen])
            )
            _scatter(grad[:, layout["log_watched"]], at_watched, g[:, ~by_seen])
        if self.lot_rows.size:
            r = (self.lot_log - lot) / self.lot_error
            floor = self.lot_is_floor
            value += -0.5 * (r[:, ~floor] ** 2).sum(axis=1) + log_ndtr(-r[:, floor]).sum(axis=1)
            g = np.where(floor, _mills(-r), r) / self.lot_error
            grad[:, layout["log_lot"]] += g.sum(axis=1, keepdims=True)
        # -- windows of money ------------------------------------------------------------
        paid = income @ self.u_weights.T
        k = np.log(paid)
        g_k = np.zeros_like(k)
        is_total = np.isin(self.u_role, ["usd", "chapter"])
        shift = np.where(self.u_role == "chapter", prior["chapter_excess"][0], 0.0)
        value += self._totals(
            is_total,
            self.u_log - shift,
            self.u_error,
            self.u_scope,
            self.u_bias,
            k,
            g_k,
            bias,
            scope,
            grad,
        )
        is_floor = self.u_role == "floor_usd"
        if is_floor.any():
            scale = self.u_error[is_floor]
            at = self.u_bias[is_floor]
            offset = _take(bias, at)
            r = (k[:, is_floor] + offset - self.u_log[is_floor]) / scale
            value += log_ndtr(r).sum(axis=1)
            g = _mills(r) / scale
            g_k[:, is_floor] += g
            _scatter(grad[:, layout["bias"]], at, g)
        is_mixed = self.u_role == "usd_mixed"
        mixed_tonnes = np.zeros_like(x)
        if is_mixed.any():
            at = self.u_bias[is_mixed]
            offset = _take(bias, at)
            scale = self.u_error[is_mixed]
            weights = self.u_weights[is_mixed]
            sold = tonnes @ weights.T
            log_p, sd_p = prior["assumed_price_log"]
            wide = np.sqrt(scale**2 + sd_p**2)
            own = self.u_log[is_mixed] - k[:, is_mixed] - offset
            assumed = self.u_log[is_mixed] - np.log(sold) - log_p - offset
            omega = prior["own_price_weight"][0]
            log_own = np.log(omega) - np.log(scale) - 0.5 * (own / scale) ** 2
            log_assumed = np.log1p(-omega) - np.log(wide) - 0.5 * (assumed / wide) ** 2
            both = np.logaddexp(log_own, log_assumed)
            value += both.sum(axis=1)
            odds = np.exp(log_own - both)
            g_own, g_assumed = odds * own / scale**2, (1 - odds) * assumed / wide**2
            g_k[:, is_mixed] += g_own
            _scatter(grad[:, layout["bias"]], at, g_own + g_assumed)
            mixed_tonnes = tonnes * ((g_assumed / sold) @ weights)
        # -- capacity --------------------------------------------------------------------
        yearly = tonnes @ self.year_weights.T
        r = (self.ceiling - np.log(yearly)) / self.ceiling_sd
        value += log_ndtr(r).sum(axis=1)
        g_year = -_mills(r) / self.ceiling_sd
        # -- back to months --------------------------------------------------------------
        g_x = (
            tonnes * ((g_m / total) @ self.t_weights + (g_year / yearly) @ self.year_weights)
            + mixed_tonnes
        )
        g_income = income * ((g_k / paid) @ self.u_weights)
        g_path += g_x + g_income
        g_price += g_income
        # -- prices ----------------------------------------------------------------------
        quote = theta[:, layout["quote_bias"]]
        sd = prior["quote_origin_sd"][0]
        value += -0.5 * ((quote / sd) ** 2).sum(axis=1)
        grad[:, layout["quote_bias"]] += -quote / sd**2
        if self.p_rows.size:
            r = self.p_log - p @ self.p_weights.T - _take(quote, self.p_bias)
            log_t, g_r = _student(r, self.p_error)
            value += log_t.sum(axis=1)
            g_price += -g_r @ self.p_weights
            _scatter(grad[:, layout["quote_bias"]], self.p_bias, -g_r)
        # -- origins and scope -----------------------------------------------------------
        value += -0.5 * ((bias / self.bias_sd) ** 2).sum(axis=1)
        grad[:, layout["bias"]] += -bias / self.bias_sd**2
        for at, name in enumerate(SCOPES):
            mean, sd = prior[name]
            value += -0.5 * ((scope[:, at] - mean) / sd) ** 2
            grad[:, layout["scope"].start + at] += -(scope[:, at] - mean) / sd**2
        self._pull_back(theta, grad, g_path, g_price, share, shocks, price_shocks)
        return value, grad

    def _totals(
        self,
        chosen: np.ndarray,
        log_y: np.ndarray,
        error: np.ndarray,
        scope_at: np.ndarray,
        bias_at: np.ndarray,
        m: np.ndarray,
        g_m: np.ndarray,
        bias: np.ndarray,
        scope: np.ndarray,
        grad: np.ndarray,
    ) -> np.ndarray:
        """Student t around the window's log total, less scope, plus the origin's bias."""
        if not chosen.any():
            return np.zeros(m.shape[0])
        at_scope, at_bias = scope_at[chosen], bias_at[chosen]
        r = log_y[chosen] - m[:, chosen] + _take(scope, at_scope) - _take(bias, at_bias)
        log_t, g_r = _student(r, error[chosen])
        g_m[:, chosen] += -g_r
        _scatter(grad[:, self.layout["scope"]], at_scope, g_r)
        _scatter(grad[:, self.layout["bias"]], at_bias, -g_r)
        return log_t.sum(axis=1)

    def _states(
        self,
        theta: np.ndarray,
        x: np.ndarray,
        p: np.ndarray,
        grad: np.ndarray,
        g_x: np.ndarray,
        g_p: np.ndarray,
    ) -> np.ndarray:
        """Priors of tonnage, price, levels and scales."""
        prior, layout, n = self.priors, self.layout, self.n_recorded
        level = theta[:, layout["level"]]
        mean, sd, step = self.level_mean, self.level_sd, self.level_step
        r = (level @ step.T - mean) / sd
        value = -0.5 * (r**2).sum(axis=1)
        grad[:, layout["level"]] += -(r / sd) @ step
        # shocks after the record: standard normal by construction
        z = theta[:, layout["slow"]]
        value += -0.5 * (z**2).sum(axis=1)
        grad[:, layout["slow"]] -= z
        for name in ("log_tonnes", "log_price"):
            z = theta[:, layout[name]][:, n:]
            value += -0.5 * (z**2).sum(axis=1)
            grad[:, layout[name].start + n : layout[name].stop] -= z
        # tonnage on record: AR(1) around the regime's level
        log_s = theta[:, layout["log_innovation"]]
        keep = prior["tonnage_persistence"][0]
        u = x[:, :n] - self.base_path(theta)[:, :n]
        e = u[:, 1:] - keep * u[:, :-1]
        s = np.exp(log_s)[:, self.era[1:n]]
        value += (-0.5 * (e / s) ** 2 - np.log(s)).sum(axis=1)
        g_e = -e / s**2
        value += -0.5 * u[:, 0] ** 2
        g_u = np.zeros_like(u)
        g_u[:, 0] = -u[:, 0]
        g_u[:, 1:] += g_e
        g_u[:, :-1] -= keep * g_e
        g_x[:, :n] += g_u
        g_base = np.zeros_like(x)
        g_base[:, :n] = -g_u
        self._pull_base(grad, g_base)
        _scatter(grad[:, layout["log_innovation"]], self.era[1:n], (e / s) ** 2 - 1.0)
        for at, name in enumerate(ERAS):
            mu, spread = prior[name]
            value += -0.5 * ((log_s[:, at] - mu) / spread) ** 2
            grad[:, layout["log_innovation"].start + at] += -(log_s[:, at] - mu) / spread**2
        # price on record: follows the world price partly; the rest is AR(1)
        base, beta = theta[:, layout["price_level"]], theta[:, layout["pass_through"]]
        d = p[:, :n] - base - beta * self.reference[:n]
        keep = prior["price_persistence"][0]
        e = d[:, 1:] - keep * d[:, :-1]
        log_s = theta[:, layout["log_price_innovation"]]
        s = np.exp(log_s)
        value += (-0.5 * (e / s) ** 2 - log_s).sum(axis=1)
        g_e = -e / s**2
        value += -0.5 * (d[:, 0] / FIRST_PRICE_SD) ** 2
        g_d = np.zeros_like(d)
        g_d[:, 0] = -d[:, 0] / FIRST_PRICE_SD**2
        g_d[:, 1:] += g_e
        g_d[:, :-1] -= keep * g_e
        g_p[:, :n] += g_d
        grad[:, layout["price_level"]] += -g_d.sum(axis=1, keepdims=True)
        grad[:, layout["pass_through"]] += -(g_d @ self.reference[:n])[:, None]
        grad[:, layout["log_price_innovation"]] += ((e / s) ** 2 - 1.0).sum(axis=1, keepdims=True)
        for name, key in (
            ("price_level", "price_level_log"),
            ("pass_through", "price_pass_through"),
            ("log_price_innovation", "price_innovation_sd"),
        ):
            mu, spread = prior[key]
            r = theta[:, layout[name]] - mu
            value += -0.5 * (r[:, 0] / spread) ** 2
            grad[:, layout[name]] += -r / spread**2
        return value


def _take(values: np.ndarray, at: np.ndarray) -> np.ndarray:
    """values[:, at], with 0 where ``at`` is -1."""
    if values.shape[1] == 0:
        return np.zeros((values.shape[0], at.size))
    return np.where(at >= 0, values[:, np.maximum(at, 0)], 0.0)


def _scatter(into: np.ndarray, at: np.ndarray, values: np.ndarray) -> None:
    """into[:, at] += values, adding repeats, skipping -1; ``into`` is a view."""
    if at.size == 0 or into.shape[1] == 0:
        return
    onto = np.zeros((at.size, into.shape[1]))
    known = at >= 0
    onto[np.flatnonzero(known), at[known]] = 1.0
    into += values @ onto


def _mills(r: np.ndarray) -> np.ndarray:
    """Density over distribution function of the normal, stable in the far tail."""
    return np.exp(-0.5 * r**2 - 0.5 * np.log(2 * np.pi) - log_ndtr(r))
