"""The labor model: one log density over headcounts, pay and the state's share by host.

Notation as in README.md beside this file. Every parameter is standard normal a priori; the
figures enter through monthly paths built from them, each as its own kind. The same class serves
overseas labor (eight hosts) and IT workers (the world as one host). Batched over the first axis,
with the gradient by hand, as `sampler.sample` asks.
"""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from scipy.special import digamma, expit, gammaln, log_ndtr, logit, ndtri, polygamma

from pipelines.draws import beta_of_mean
from pipelines.estimates import labor_figures as labor
from pipelines.estimates.labor_world import World

NU = 6.0  # degrees of freedom of figures' errors: heavy enough for a misprint
STEP_QUARTERS = 2
REFERENCE_DAY = dt.date(2016, 7, 1)
# groups of figures whose errors one origin shares
GROUPS = ("headcount", "pay", "share", "total")
_GROUP_OF = {
    "headcount": 0,
    "crossings": 0,
    "arrivals": 0,
    "sent_home": 0,
    "ratio": 0,
    "gross_wage": 1,
    "fee": 1,
    "worker_take_home": 1,
    "state_share": 2,
    "state_take_usd": 3,
    "gross_wages_usd": 3,
}
# arrivals in Russia say how its stock grew once the border shut; before, they mix visitors in
ARRIVALS_FROM = dt.date(2021, 1, 1)
# by when Resolution 2397 wanted all workers home
DEADLINE = dt.date(2019, 12, 22)
# and in its third and fourth years of war it recruits on its own account
RUSSIA_RECRUITS = dt.date(2024, 1, 1), dt.date(2026, 1, 1)
FINEST_FLOW = 2_000.0  # persons per year
OUTLIER_SD = 1.5
# how a figure bounds: not at all; as its author's floor or ceiling; as some of a larger whole
FLOOR, CEILING, PART = -1, 1, -2


@dataclass(frozen=True)
class Setting:
    """What differs between streams.

    Attributes:
        stream: labor or it_workers.
        hosts: labels of the host axis; ("WLD",) for a stream not split among hosts.
        has_regimes: repatriation and the shut border apply.
        prefix: of the stream's own rows in the table of priors.
    """

    stream: str
    hosts: tuple[str, ...]
    has_regimes: bool
    prefix: str


LABOR = Setting("labor", labor.HOSTS, has_regimes=True, prefix="model_")
IT_WORKERS = Setting("it_workers", (labor.WORLD,), has_regimes=False, prefix="it_model_")


@dataclass
class _Used:
    """Observations the density reads, one entry each."""

    row: list[int] = field(default_factory=list)
    role: list[str] = field(default_factory=list)
    bound: list[int] = field(default_factory=list)
    log_value: list[float] = field(default_factory=list)
    error: list[float] = field(default_factory=list)
    weights: list[np.ndarray] = field(default_factory=list)
    other: list[np.ndarray] = field(default_factory=list)
    outlier: list[float] = field(default_factory=list)
    finest: list[float] = field(default_factory=list)


class _Windows:
    """Weighted sums over (host, quarter), each distinct window computed once."""

    def __init__(self, weights: np.ndarray, is_needed: np.ndarray) -> None:
        self.size = weights.shape[0]
        self.rows = np.flatnonzero(is_needed)
        shape = (self.rows.size, weights.shape[1])
        distinct, inverse = np.unique(
            weights[self.rows].reshape(shape), axis=0, return_inverse=True
        )
        self.distinct = np.ascontiguousarray(distinct.T)
        self.inverse = inverse.ravel()
        self.onto = np.zeros((self.rows.size, distinct.shape[0]))
        self.onto[np.arange(self.rows.size), self.inverse] = 1.0

    def total(self, values: np.ndarray) -> np.ndarray:
        """(batch, cells) to (batch, figures); 1 where a figure does not need it."""
        out = np.ones((values.shape[0], self.size))
        out[:, self.rows] = (values @ self.distinct)[:, self.inverse]
        return out

    def back(self, gradient: np.ndarray) -> np.ndarray:
        """(batch, figures) to (batch, cells)."""
        return (gradient[:, self.rows] @ self.onto) @ self.distinct.T


def quarter_matrix(months: int) -> np.ndarray:
    """Log-linear interpolation from quarter midpoints to months, (months, quarters)."""
    quarters = -(-months // 3)
    at = (np.arange(months) - 1) / 3
    left = np.clip(np.floor(at), 0, max(quarters - 2, 0)).astype(int)
    share = np.clip(at - left, 0, 1)
    matrix = np.zeros((months, quarters))
    rows = np.arange(months)
    matrix[rows, left] += 1 - share
    matrix[rows, np.minimum(left + 1, quarters - 1)] += share
    return matrix


class LaborModel:
    """Log posterior of a stream's headcounts, pay and shares given its figures.

    Args:
        figures: the stream's figures on the month grid.
        priors: arguments by parameter (``labor_priors.csv``).
        setting: `LABOR` or `IT_WORKERS`.

    Attributes:
        size: number of parameters.
        used: rows read; ``reasons`` says why each readable row was passed over.
        roles: role of each used row.
        implausible: rows whose total implies more per worker than any pay stated for the stream.
    """

    def __init__(
        self,
        figures: labor.LaborFigures,
        priors: dict[str, tuple[float, ...]],
        setting: Setting,
    ) -> None:
        self.figures, self.setting = figures, setting
        prefixes = (LABOR.prefix, IT_WORKERS.prefix)
        self.priors = {
            name: args for name, args in priors.items() if not name.startswith(prefixes)
        } | {
            # a stream's own row stands before the common one
            name.removeprefix(setting.prefix): args
            for name, args in priors.items()
            if name.startswith(setting.prefix)
        }
        self.months = figures.months
        self.n_months = len(self.months)
        self.to_months = quarter_matrix(self.n_months)
        self.quarters = self.to_months.shape[1]
        self.hosts = setting.hosts
        self.reasons: dict[int, str] = {}
        self._paths()
        self._read()
        self._layout()

    # -- paths -----------------------------------------------------------------------------

    def _quarter(self, day: dt.date) -> float:
        """Where a day lies among the quarter midpoints, held to the grid."""
        return float(np.clip(self._since_first(day), 0, self.quarters - 1))

    def _since_first(self, day: dt.date) -> float:
        """Quarters since the first midpoint: a regime may begin or end beyond the grid."""
        first = self.months[0]
        months = (day.year - first.year) * 12 + day.month - first.month + (day.day - 1) / 30.4
        return (months - 1.5) / 3

    def _paths(self) -> None:
        """Fixed matrices from steps to quarters, relative to the reference day."""
        prior = self.priors
        grid = np.arange(self.quarters)
        reference = self._quarter(max(REFERENCE_DAY, self.months[0]))

        def cumulative(edges: np.ndarray) -> np.ndarray:
            """Signed share of each step done between the reference and each quarter."""
            width = np.diff(edges)
            done = np.clip((grid[:, None] - edges[:-1]) / width, 0, 1)
            before = np.clip((reference - edges[:-1]) / width, 0, 1)
            return done - before

        edges = np.arange(0, self.quarters + STEP_QUARTERS, STEP_QUARTERS).astype(float)
        self.head_path = cumulative(edges)
        years = np.arange(0, self.quarters + 4, 4).astype(float)
        self.pay_path = cumulative(years)
        middle = (edges[:-1] + edges[1:]) / 2
        sd = np.full(middle.size, prior["headcount_step_sd"][0])
        # share of the time to the deadline elapsed, by quarter
        self.elapsed = np.zeros(self.quarters)
        self.kept_mean = np.zeros(len(self.hosts))
        self.kept_sd = np.zeros(len(self.hosts))
        if self.setting.has_regimes:
            begin, end, shut, opened = (
                self._since_first(day)
                for day in (labor.PERMITS_END, DEADLINE, labor.BORDER_SHUT, labor.BORDER_OPEN)
            )
            sd[(middle >= shut) & (middle < opened)] = prior["shut_step_sd"][0]
            sd[(middle >= begin - 1) & (middle < shut)] = prior["repatriation_step_sd"][0]
            sd[middle >= opened] = prior["reopened_step_sd"][0]
            self.elapsed = np.clip((grid - begin) / (end - begin), 0, 1)
            for at, host in enumerate(self.hosts):
                name = f"remaining_share_{host}"
                a, b = prior.get(name, prior["remaining_share"])
                self.kept_mean[at] = digamma(a) - digamma(b)
                self.kept_sd[at] = np.sqrt(polygamma(1, a) + polygamma(1, b))
        self.head_sd = np.tile(sd, (len(self.hosts), 1))
        loading = np.full(self.head_sd.shape, prior["host_correlation"][0])
        if "RUS" in self.hosts:
            # Russia's war-time demand is its own: not shared with the other hosts
            at = self.hosts.index("RUS")
            first, last = (self._since_first(day) for day in RUSSIA_RECRUITS)
            later = (middle >= first) & (middle < last)
            self.head_sd[at, later] = prior["recruiting_step_sd"][0]
            loading[at, later] = 0.0
        self.own_sd = self.head_sd * np.sqrt(1 - loading)
        self.common_sd = self.head_sd * np.sqrt(loading)
        level = [prior.get(f"level_{host}", prior["level"]) for host in self.hosts]
        self.level_mean = np.array([row[0] for row in level])
        self.level_sd = np.array([row[1] for row in level])
        pay = [prior.get(f"pay_level_{host}", prior["pay_level"]) for host in self.hosts]
        self.pay_mean = np.array([row[0] for row in pay])
        self.pay_sd = np.array([row[1] for row in pay])
        # pay in China is agreed in yuan: its dollar path moves with the rate
        self.rate = np.zeros((len(self.hosts), self.quarters))
        if "CHN" in self.hosts:
            self.rate[self.hosts.index("CHN")] = self._yuan()

    def _yuan(self) -> np.ndarray:
        rates = labor.reference_rates().filter(pl.col("currency") == "CNY").sort("month")
        known = dict(rates.select("month", "usd_per_unit").iter_rows())
        last = rates["usd_per_unit"][-1]
        path = np.log([known.get(month, last) for month in self.months])
        quarterly = np.array([path[3 * q : 3 * q + 3].mean() for q in range(self.quarters)])
        at = round(self._quarter(max(REFERENCE_DAY, self.months[0])))
        return quarterly - quarterly[at]

    # -- figures ---------------------------------------------------------------------------

    def _window(self, row: int, start: dt.date, end: dt.date) -> np.ndarray:
        """Weights over quarters that average over a window; a short one is a point in time."""
        if (end - start).days < 45:
            return self._at(start + (end - start) / 2)
        weights = self.figures.windows[row] @ self.to_months
        return weights / weights.sum()

    def _at(self, day: dt.date) -> np.ndarray:
        at = self._quarter(day)
        left = min(int(at), max(self.quarters - 2, 0))
        weights = np.zeros(self.quarters)
        weights[left] += 1 - (at - left)
        weights[min(left + 1, self.quarters - 1)] += at - left
        return weights

    def _spread(self, host: str, weights: np.ndarray) -> np.ndarray | None:
        """Weights over (hosts, quarters), flat."""
        flat = np.zeros((len(self.hosts), self.quarters))
        if host == labor.WORLD:
            flat[:] = weights
        elif host == "WLD-CHN":
            flat[[at for at, name in enumerate(self.hosts) if name != "CHN"]] = weights
        elif host in self.hosts:
            flat[self.hosts.index(host)] = weights
        elif self.hosts == (labor.WORLD,):
            flat[0] = weights
        else:
            return None
        return flat.ravel()

    def role_of(self, quantity: str, host: str, sector: str, start: dt.date) -> str | None:
        """How a figure enters the density; None if it does not."""
        if quantity in ("headcount", "gross_wage", "state_share", "fee", "worker_take_home"):
            return quantity
        if quantity in ("state_take_usd", "gross_wages_usd"):
            return quantity
        if quantity == "repatriated" and start >= dt.date(2016, 1, 1):
            return "sent_home"
        if quantity == "border_entries" and sector in ("all", "mixed"):
            if host == "CHN" and start < dt.date(2017, 1, 1):
                return "crossings"
            if host == "RUS" and start >= ARRIVALS_FROM:
                return "arrivals"
        if quantity == "permits" and host != labor.WORLD:
            return "headcount"
        if quantity == "headcount_ratio":
            return "ratio"
        return None

    def _read(self) -> None:
        """Turn readable figures into the arrays the density needs."""
        prior, frame = self.priors, self.figures.frame
        z = float(ndtri(0.5 + prior["range_mass"][0] / 2))
        used = _Used()
        longest = self._outermost()
        ceiling = self.highest_pay()
        self.implausible: set[int] = set()
        shared_errors: list[tuple[int, str]] = []
        sectors: list[str | None] = []
        columns = (
            "row",
            "quantity",
            "host",
            "is_part",
            "sector",
            "kind",
            "value",
            "low",
            "high",
            "window_start_on",
            "window_end_on",
            "origin_id",
        )
        readable = frame.filter(pl.col("reason").is_null()).select(columns)
        for line in readable.iter_rows():
            row, quantity, host, is_part, sector, kind, value, low, high, start, end, origin = line
            sector = sector or "all"
            role = self.role_of(quantity, host, sector, start)
            weights = None if role is None else self._spread(host, self._window(row, start, end))
            if role is None or weights is None:
                self.reasons[row] = "no part of the labor model reads this kind of figure"
                continue
            if quantity in ("border_entries", "repatriated") and row not in longest:
                self.reasons[row] = "a part of a longer count by the same origin"
                continue
            bound = {"lower_bound": FLOOR, "upper_bound": CEILING}.get(kind, 0)
            if quantity == "permits":
                bound = PART
            if is_part and role in ("state_take_usd", "gross_wages_usd"):
                self.reasons[row] = "a total over some of the workers"
                continue
            if is_part and role in ("headcount", "sent_home"):
                # some of a host's workers: no more than a floor under the whole
                bound = PART
                if kind == "upper_bound" or role == "sent_home":
                    self.reasons[row] = "a ceiling or a flow of some of the host's workers"
                    continue
            other = np.zeros_like(weights)
            if role == "sent_home":
                # what hosts reported to the Council together left China out
                place = "WLD-CHN" if host == labor.WORLD else host
                weights = self._spread(place, self._at(start))
                other = self._spread(place, self._at(end))
            elif role == "arrivals":
                days = (end - start).days + 1
                other = self._spread(host, (self._at(end) - self._at(start)) * 365.25 / days)
                is_open = 1.0 if start >= labor.BORDER_OPEN else 0.0
                weights = weights * is_open
            elif role == "ratio":
                other = self._spread(host, self._at(dt.date(2017, 8, 15)))
            is_range = low is not None and high is not None and 0 < low < high
            is_share = role == "state_share"
            if is_share:
                centre = float(logit(np.clip(value, 0.02, 0.98)))
                ends = logit(np.clip([low, high], 0.02, 0.98)) if is_range else np.zeros(2)
            else:
                centre = float(np.log(value))
                ends = np.log([low, high]) if is_range else np.zeros(2)
                centre = float(ends.mean()) if is_range else centre
            error = prior[f"{_ERROR_OF[role]}_error_sd"][0]
            error = float(np.hypot(error, np.ptp(ends) / (2 * z)))
            outlier = 0.0
            if role in ("state_take_usd", "gross_wages_usd"):
                outlier = prior["outlier_share"][0]
                if self.implied_pay(row, value) > ceiling:
                    self.implausible.add(row)
                    outlier = prior["outlier_share_implausible"][0]
            if weights is None or other is None:
                self.reasons[row] = f"the model has no host {host}"
                continue
            used.row.append(row)
            used.role.append(role)
            used.bound.append(bound)
            used.log_value.append(centre)
            used.error.append(error)
            used.weights.append(weights)
            used.other.append(other)
            used.outlier.append(outlier)
            used.finest.append(FINEST_FLOW if role == "arrivals" else 0.0)
            shared_errors.append((_GROUP_OF[role], origin))
            is_pay = role in ("gross_wage", "fee", "worker_take_home")
            sectors.append(sector if is_pay and sector not in ("all", "it", "mixed") else None)
        self.used, self.roles = used.row, used.role
        n = len(used.row)
        self.n_figures = n
        self.y = np.array(used.log_value)
        self.error = np.array(used.error)
        self.bound = np.array(used.bound, dtype=int)
        flat = len(self.hosts) * self.quarters
        self.weights = np.array(used.weights).reshape(n, flat)
        self.other = np.array(used.other).reshape(n, flat)
        self.outlier = np.array(used.outlier)
        # 0 hides a figure from the density while its parameters stay in place
        self.counted = np.ones(n)
        role = np.array(used.role, dtype=object)
        self.at = {name: np.flatnonzero(role == name) for name in _GROUP_OF}
        self.softness = 0.1 * np.exp(self.y)
        # a stock known to some thousands cannot resolve a smaller yearly flow
        self.softness = np.maximum(self.softness, np.array(used.finest))
        in_money = ~np.isin(role, ["headcount", "crossings", "arrivals", "sent_home", "ratio"])
        in_people = ~np.isin(role, ["state_share", "state_take_usd", "gross_wages_usd"])
        self.of_people = _Windows(self.weights, in_people)
        self.of_money = _Windows(self.weights, in_money)
        self.of_other = _Windows(self.other, np.isin(role, ["arrivals", "sent_home", "ratio"]))
        self.bias_keys = sorted(set(shared_errors))
        place = {key: at for at, key in enumerate(self.bias_keys)}
        self.bias_at = np.array([place[key] for key in shared_errors], dtype=int)
        self.bias_group = np.array([group for group, _ in self.bias_keys], dtype=int)
        self.sector_keys = sorted({name for name in sectors if name is not None})
        self.sector_at = np.array(
            [-1 if name is None else self.sector_keys.index(name) for name in sectors], dtype=int
        )

    def _outermost(self) -> set[int]:
        """Flows that are not part of a longer flow stated by the same origin for the same host."""
        rows = (
            self.figures.frame.filter(
                pl.col("reason").is_null(),
                pl.col("quantity").is_in(["border_entries", "repatriated"]),
            )
            .select(
                "row",
                "origin_id",
                "host",
                "quantity",
                "sector",
                "window_start_on",
                "window_end_on",
            )
            .rows()
        )
        kept = set()
        for row, *key, start, end in rows:
            is_nested = any(
                key == other_key
                and row != other
                and begin <= start
                and end <= finish
                and ((begin, finish) != (start, end) or other < row)
                for other, *other_key, begin, finish in rows
            )
            if not is_nested:
                kept.add(row)
        return kept

    def highest_pay(self) -> float:
        """The highest gross pay per worker and month stated for the stream, USD."""
        pay = self.figures.frame.filter(
            pl.col("reason").is_null(), pl.col("quantity") == "gross_wage"
        )
        if pay.is_empty():
            return np.inf
        return float(pay.select(pl.max_horizontal("value", "high").max()).item())

    def implied_pay(self, row: int, total: float) -> float:
        """What a yearly total means per worker and month, at the headcounts stated nearest."""
        frame = self.figures.frame
        host, middle = frame["host"][row], frame["middle"][row]
        counts = frame.filter(
            pl.col("reason").is_null(),
            pl.col("quantity") == "headcount",
            pl.col("host") == host,
            ~pl.col("is_part"),
        ).with_columns(away=(pl.col("middle") - middle).abs())
        if counts.is_empty():
            return 0.0
        near = counts.filter(pl.col("away") <= pl.max_horizontal(pl.lit(12), pl.col("away").min()))
        people = float(np.exp(np.log(near["value"].to_numpy()).mean()))
        return total / people / 12

    # -- parameters ------------------------------------------------------------------------

    def _layout(self) -> None:
        hosts, steps, years = len(self.hosts), self.head_sd.shape[1], self.pay_path.shape[1]
        sizes = {
            "level": hosts,
            "step": hosts * steps,
            "common_step": steps,
            "kept": hosts,
            "haste": hosts,
            "pay_level": hosts,
            "pay_step": hosts * years,
            "common_pay_step": years,
            "share": 1,
            "share_step": years,
            "host_share": hosts,
            "paid": 1,
            "sector": len(self.sector_keys),
            "bias": len(self.bias_keys),
            "log_bias_sd": len(GROUPS),
            "crossings": 1,
            "work_share": 1,
            "stay": 1,
        }
        self.slices: dict[str, slice] = {}
        at = 0
        for name, size in sizes.items():
            self.slices[name] = slice(at, at + size)
            at += size
        self.size = at
        prior = self.priors
        a, b = beta_of_mean(*prior["paid_fraction"])
        # mean and variance of a Beta's logit
        self.paid_mean = float(digamma(a) - digamma(b))
        self.paid_sd = float(np.sqrt(polygamma(1, a) + polygamma(1, b)))

    def start(self) -> tuple[np.ndarray, np.ndarray]:
        """Where the climb to the mode starts, and which parameters move in it."""
        is_free = np.ones(self.size, dtype=bool)
        # the joint density of a hierarchy peaks at zero scale, far from where its mass lies
        is_free[self.slices["log_bias_sd"]] = False
        return np.zeros(self.size), is_free

    def paths(self, theta: np.ndarray) -> dict[str, np.ndarray]:
        """Log headcount, log pay, logit share by host and quarter, (batch, hosts, quarters)."""
        part = {name: theta[:, where] for name, where in self.slices.items()}
        batch, hosts = theta.shape[0], len(self.hosts)
        prior = self.priors
        own = part["step"].reshape(batch, hosts, -1)
        steps = self.own_sd * own + self.common_sd * part["common_step"][:, None, :]
        kept = self.kept_mean + self.kept_sd * part["kept"]
        # the share gone grows in persons, by a deadline: little of a stock left, logarithms plunge
        haste = np.exp(prior["departure_haste_log_sd"][0] * part["haste"])
        gone = expit(-kept)[:, :, None] * self.elapsed ** haste[:, :, None]
        x = (self.level_mean + self.level_sd * part["level"])[:, :, None] + (
            steps @ self.head_path.T + np.log1p(-gone)
        )
        pay_steps = (
            prior["pay_step_sd"][0] * part["pay_step"].reshape(batch, hosts, -1)
            + prior["common_pay_step_sd"][0] * part["common_pay_step"][:, None, :]
        )
        w = (
            (self.pay_mean + self.pay_sd * part["pay_level"])[:, :, None]
            + self.rate
            + pay_steps @ self.pay_path.T
        )
        mean, sd = prior["share_logit"]
        common = (mean + sd * part["share"]) + prior["share_step_sd"][0] * (
            part["share_step"] @ self.pay_path.T
        )
        s = common[:, None, :] + prior["host_share_logit_sd"][0] * part["host_share"][:, :, None]
        return {"x": x, "w": w, "s": s, "kept": kept, "haste": haste, "gone": gone}

    def hide(self, rows: Collection[int]) -> LaborModel:
        """The same model with the figures of some rows left out of the density."""
        hidden = copy.copy(self)
        hidden.counted = np.array([0.0 if row in rows else 1.0 for row in self.used])
        return hidden

    def with_figures(self, y: np.ndarray) -> LaborModel:
        """The same model told other figures, (figures,), in logs (shares in logits)."""
        told = copy.copy(self)
        told.y = y
        return told

    def predict_centres(self, theta: np.ndarray) -> np.ndarray:
        """The model's value of each used figure, before its own errors, (batch, figures)."""
        return self._forward(theta)["m"]

    def _forward(self, theta: np.ndarray) -> dict[str, np.ndarray]:
        state = self.paths(theta)
        batch = theta.shape[0]
        people = np.exp(np.clip(state["x"], -5, 16)).reshape(batch, -1)
        share = expit(state["s"]).reshape(batch, -1)
        paid_out = people * np.exp(np.clip(state["w"], 0, 14)).reshape(batch, -1)
        taken = paid_out * share
        n = self.of_people.total(people)
        pw = self.of_money.total(paid_out)
        ps = self.of_money.total(taken)
        d = self.of_other.total(people)
        prior, at = self.priors, self.at
        m = np.zeros((batch, self.n_figures))
        i = at["headcount"]
        m[:, i] = np.log(n[:, i])
        i = at["crossings"]
        mean, sd = prior["crossings_log"]
        m[:, i] = np.log(n[:, i]) + mean + sd * theta[:, self.slices["crossings"]]
        i = at["gross_wage"]
        m[:, i] = np.log(pw[:, i]) - np.log(n[:, i])
        i = at["fee"]
        m[:, i] = np.log(ps[:, i]) - np.log(n[:, i])
        i = at["worker_take_home"]
        m[:, i] = np.log(pw[:, i] - ps[:, i]) - np.log(n[:, i])
        i = at["state_share"]
        m[:, i] = np.log(ps[:, i]) - np.log(pw[:, i] - ps[:, i])
        paid = self.paid_mean + self.paid_sd * theta[:, self.slices["paid"]]
        log_paid = -np.logaddexp(0.0, -paid)
        i = at["state_take_usd"]
        m[:, i] = np.log(12.0) + np.log(ps[:, i]) + log_paid
        i = at["gross_wages_usd"]
        m[:, i] = np.log(12.0) + np.log(pw[:, i]) + log_paid
        i = at["ratio"]
        m[:, i] = np.log(n[:, i]) - np.log(d[:, i])
        # a difference of stocks may come out negative: a soft floor keeps its logarithm
        mean, sd = prior["stay_log_months"]
        leaving = 12.0 * np.exp(-(mean + sd * theta[:, self.slices["stay"]]))
        flow = np.zeros_like(m)
        i = at["sent_home"]
        flow[:, i] = n[:, i] - d[:, i]
        j = at["arrivals"]
        flow[:, j] = d[:, j] + leaving * n[:, j]
        mean, sd = prior["work_share_logit"]
        work = mean + sd * theta[:, self.slices["work_share"]]
        for k in (i, j):
            m[:, k] = np.log(self.softness[k]) + _log_softplus(flow[:, k] / self.softness[k])
        m[:, j] += np.logaddexp(0.0, -work)
        return state | {
            "people": people,
            "share": share,
            "paid_out": paid_out,
            "taken": taken,
            "n": n,
            "pw": pw,
            "ps": ps,
            "d": d,
            "m": m,
            "paid": paid,
            "leaving": leaving,
            "flow": flow,
            "work": work,
        }

    def bias_sd(self, theta: np.ndarray) -> np.ndarray:
        """Standard deviation of one origin's shared error, by group, (batch, groups)."""
        stated = np.array([self.priors[f"bias_sd_{name}"] for name in GROUPS])
        return np.exp(np.log(stated[:, 0]) + stated[:, 1] * theta[:, self.slices["log_bias_sd"]])

    def __call__(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Log posterior up to a constant, (batch,), and its gradient, (batch, size)."""
        at, prior = self.at, self.priors
        value = -0.5 * (theta**2).sum(axis=1)
        grad = -theta.copy()
        f = self._forward(theta)
        sd_of = self.bias_sd(theta)[:, self.bias_group]
        raw = theta[:, self.slices["bias"]]
        bias = sd_of * raw
        sector_sd = prior["sector_sd"][0]
        sector = sector_sd * theta[:, self.slices["sector"]]
        centre = f["m"] + bias[:, self.bias_at]
        in_sector = self.sector_at >= 0
        if self.sector_keys:
            centre = centre + np.where(in_sector, sector[:, np.maximum(self.sector_at, 0)], 0.0)
        r = self.y - centre
        log_f, g = self.errors(r)
        g *= self.counted
        value += log_f @ self.counted
        # g is the derivative in the centre
        g_bias = g @ self._onto(self.bias_at, len(self.bias_keys))
        grad[:, self.slices["bias"]] += g_bias * sd_of
        stated = np.array([prior[f"bias_sd_{name}"][1] for name in GROUPS])
        by_group = self._onto(self.bias_group, len(GROUPS))
        grad[:, self.slices["log_bias_sd"]] += (g_bias * bias) @ by_group * stated
        if self.sector_keys:
            onto = self._onto(self.sector_at, len(self.sector_keys))
            grad[:, self.slices["sector"]] += (g @ onto) * sector_sd
        self._pull_back(theta, f, g, grad, at)
        return value, grad

    def _onto(self, at: np.ndarray, size: int) -> np.ndarray:
        onto = np.zeros((at.size, size))
        known = at >= 0
        onto[np.flatnonzero(known), at[known]] = 1.0
        return onto

    def errors(
        self, r: np.ndarray, which: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Log likelihood of residuals and its derivative in the centre (minus that in r).

        Args:
            r: figure less centre, (batch, figures).
            which: the figures the columns of ``r`` stand for; None for all.
        """
        chosen = slice(None) if which is None else which
        error, outlier, bound = self.error[chosen], self.outlier[chosen], self.bound[chosen]
        q = NU * error**2 + r**2
        log_f = -0.5 * (NU + 1) * np.log(q) + 0.5 * NU * np.log(error**2)
        g = (NU + 1) * r / q
        is_mixed = (outlier > 0) & (bound == 0)
        if is_mixed.any():
            # both components on the same scale: normalising constants count here
            pi, rm = outlier[is_mixed], r[:, is_mixed]
            near = np.log1p(-pi) + _STUDENT_CONSTANT + log_f[:, is_mixed]
            far = (
                np.log(pi) - 0.5 * (rm / OUTLIER_SD) ** 2 - np.log(OUTLIER_SD * np.sqrt(2 * np.pi))
            )
            both = np.logaddexp(near, far)
            odds = np.exp(near - both)
            log_f[:, is_mixed] = both
            g[:, is_mixed] = odds * g[:, is_mixed] + (1 - odds) * rm / OUTLIER_SD**2
        i = np.flatnonzero(bound == PART)
        if i.size:
            # the whole lies above a part, by any amount
            t = -r[:, i] / error[i]
            log_f[:, i] = log_ndtr(t)
            g[:, i] = _mills(t) / error[i]
        for side, name in ((FLOOR, "above_floor_sd"), (CEILING, "below_ceiling_sd")):
            i = np.flatnonzero(bound == side)
            if i.size:
                # the stated bound plus a half-normal: normal error makes it skew normal
                away, s = side * r[:, i], error[i]
                room = self.priors[name][0]
                width, skew = np.hypot(s, room), room / s
                log_f[:, i] = -0.5 * (away / width) ** 2 + log_ndtr(skew * away / width)
                g_away = -away / width**2 + skew / width * _mills(skew * away / width)
                g[:, i] = -side * g_away
        return log_f, g

    def _pull_back(
        self,
        theta: np.ndarray,
        f: dict[str, np.ndarray],
        g: np.ndarray,
        grad: np.ndarray,
        at: dict[str, np.ndarray],
    ) -> None:
        """From derivatives in the figures' centres to derivatives in the parameters."""
        prior = self.priors
        n, pw, ps, d = f["n"], f["pw"], f["ps"], f["d"]
        g_n, g_pw, g_ps, g_d = (np.zeros_like(n) for _ in range(4))
        for name in ("headcount", "crossings", "ratio"):
            i = at[name]
            g_n[:, i] += g[:, i] / n[:, i]
        for name in ("gross_wage", "fee", "worker_take_home"):
            i = at[name]
            g_n[:, i] -= g[:, i] / n[:, i]
        i = np.concatenate([at["gross_wage"], at["gross_wages_usd"]])
        g_pw[:, i] += g[:, i] / pw[:, i]
        i = np.concatenate([at["fee"], at["state_take_usd"]])
        g_ps[:, i] += g[:, i] / ps[:, i]
        i = at["worker_take_home"]
        left = g[:, i] / (pw[:, i] - ps[:, i])
        g_pw[:, i] += left
        g_ps[:, i] -= left
        i = at["state_share"]
        left = g[:, i] / (pw[:, i] - ps[:, i])
        g_ps[:, i] += g[:, i] / ps[:, i] + left
        g_pw[:, i] -= left
        i = at["ratio"]
        g_d[:, i] -= g[:, i] / d[:, i]
        for name in ("sent_home", "arrivals"):
            i = at[name]
            if i.size == 0:
                continue
            u = f["flow"][:, i] / self.softness[i]
            slope = g[:, i] * _softplus_slope(u) / self.softness[i]
            if name == "sent_home":
                g_n[:, i] += slope
                g_d[:, i] -= slope
            else:
                g_d[:, i] += slope
                g_n[:, i] += slope * f["leaving"]
                sd = prior["stay_log_months"][1]
                grad[:, self.slices["stay"]] += -sd * (
                    (slope * n[:, i]).sum(axis=1, keepdims=True) * f["leaving"]
                )
                sd = prior["work_share_logit"][1]
                grad[:, self.slices["work_share"]] += (
                    -sd * expit(-f["work"]) * g[:, i].sum(axis=1, keepdims=True)
                )
        i = at["crossings"]
        sd = prior["crossings_log"][1]
        grad[:, self.slices["crossings"]] += sd * g[:, i].sum(axis=1, keepdims=True)
        i = np.concatenate([at["state_take_usd"], at["gross_wages_usd"]])
        grad[:, self.slices["paid"]] += (
            self.paid_sd * expit(-f["paid"]) * g[:, i].sum(axis=1, keepdims=True)
        )
        by_people = (self.of_people.back(g_n) + self.of_other.back(g_d)) * f["people"]
        by_pay = self.of_money.back(g_pw) * f["paid_out"]
        by_take = self.of_money.back(g_ps) * f["taken"]
        shape = f["x"].shape
        g_x = (by_people + by_pay + by_take).reshape(shape)
        g_w = (by_pay + by_take).reshape(shape)
        g_s = (by_take * (1 - f["share"])).reshape(shape)
        batch = theta.shape[0]
        # headcount
        grad[:, self.slices["level"]] += self.level_sd * g_x.sum(axis=2)
        g_step = g_x @ self.head_path
        grad[:, self.slices["step"]] += (self.own_sd * g_step).reshape(batch, -1)
        grad[:, self.slices["common_step"]] += (self.common_sd * g_step).sum(axis=1)
        g_gone = -g_x / (1 - f["gone"]) * f["gone"]
        grad[:, self.slices["kept"]] -= self.kept_sd * expit(f["kept"]) * g_gone.sum(axis=2)
        log_elapsed = np.log(np.maximum(self.elapsed, 1e-300))
        grad[:, self.slices["haste"]] += (
            prior["departure_haste_log_sd"][0] * f["haste"] * (g_gone @ log_elapsed)
        )
        # pay
        grad[:, self.slices["pay_level"]] += self.pay_sd * g_w.sum(axis=2)
        g_step = g_w @ self.pay_path
        grad[:, self.slices["pay_step"]] += (prior["pay_step_sd"][0] * g_step).reshape(batch, -1)
        grad[:, self.slices["common_pay_step"]] += prior["common_pay_step_sd"][0] * g_step.sum(
            axis=1
        )
        # share
        grad[:, self.slices["host_share"]] += prior["host_share_logit_sd"][0] * g_s.sum(axis=2)
        g_common = g_s.sum(axis=1)
        grad[:, self.slices["share"]] += prior["share_logit"][1] * g_common.sum(
            axis=1, keepdims=True
        )
        grad[:, self.slices["share_step"]] += prior["share_step_sd"][0] * (g_common @ self.pay_path)

    # -- draws -----------------------------------------------------------------------------

    def world(self, theta: np.ndarray) -> World:
        """Draws of parameters to draws of the world by month."""
        state = self.paths(theta)
        paid = expit(self.paid_mean + self.paid_sd * theta[:, self.slices["paid"]])[:, 0]
        return World(
            self.hosts,
            np.exp(state["x"] @ self.to_months.T),
            np.exp(state["w"] @ self.to_months.T),
            expit(state["s"] @ self.to_months.T),
            paid,
        )


# completes the Student density of `LaborModel.errors`
_STUDENT_CONSTANT = (
    gammaln((NU + 1) / 2) - gammaln(NU / 2) - 0.5 * np.log(NU * np.pi) + (NU + 1) / 2 * np.log(NU)
)
_ERROR_OF = {
    "headcount": "headcount",
    "crossings": "headcount",
    "arrivals": "flow",
    "sent_home": "flow",
    "ratio": "flow",
    "gross_wage": "pay",
    "fee": "pay",
    "worker_take_home": "pay",
    "state_share": "share",
    "state_take_usd": "total",
    "gross_wages_usd": "total",
}


def _log_softplus(u: np.ndarray) -> np.ndarray:
    """log(log(1 + e^u)); far below zero that is u."""
    return np.where(u < -30.0, u, np.log(np.logaddexp(0.0, np.maximum(u, -30.0))))


def _softplus_slope(u: np.ndarray) -> np.ndarray:
    """Derivative of `_log_softplus`."""
    held = np.maximum(u, -30.0)
    return np.where(u < -30.0, 1.0, expit(held) / np.logaddexp(0.0, held))


def _mills(t: np.ndarray) -> np.ndarray:
    """Density over distribution function of the normal, stable in the far tail."""
    return np.exp(-0.5 * t**2 - 0.5 * np.log(2 * np.pi) - log_ndtr(t))
