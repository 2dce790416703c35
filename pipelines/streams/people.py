"""Published figures on people abroad and their pay, as the arrays that densities over knots read.

Time runs in half-yearly knots; people and money are straight lines between them, so the mean over
any window is a weighted sum of knots. Headcounts in persons, pay in USD per person and month,
shares of gross pay 0 to 1, totals in USD a year, flows in persons a year.
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
import polars as pl
from jax.nn import softmax

from pipelines.inference.evidence import Lean, Rows, Shared, mixture, of_prior, part
from pipelines.inference.joint import ROW_SCHEMA, Outcome
from pipelines.inference.windows import error_log, month_end, year_sums
from pipelines.warehouse import select_from

KNOT_MONTHS = 6
PAY_KNOT_YEARS = 2
_Z80 = 2.563  # width of a central 80% in standard deviations
# what a sum of money may be, in the order of every array over them
CONCEPTS = ("gross_wages_usd", "state_take_usd", "remitted_usd", "kept")
MEASURES = CONCEPTS[:3]
# series of a host or the world that a figure, or a datum to be had, is held against
RATES = ("headcount", "gross_wage", "fee", "worker_take_home", "state_share", "remitted_share")
# sites of figures that may not say which money they mean, to what they may mean
MEANINGS = {"total": MEASURES, "share": RATES[-2:]}
# which errors the figures of a site share
GROUPS = {
    "headcount": ("headcount", "part", "place", "ratio", "crossings", "arrivals", "sent_home"),
    "pay": ("per_worker", "most", "group"),
    "share": ("share",),
    "total": ("total", "part_of_total"),
}
GROUP_OF = {site: group for group, sites in GROUPS.items() for site in sites}
# sites of money over workers
OF_MONEY = ("per_worker", "most", "group")
SQL_FILE = Path(__file__).with_name("people.sql")
Priors = Mapping[str, Sequence[float]]


def log_window(values: Any, rows: Rows) -> Any:
    """Log of what each row's window sees of values by (concept,) host and knot, (rows,)."""
    return jnp.log(rows["window"] @ jnp.ravel(values))


def knot_of(day: pl.Expr, first: dt.date) -> pl.Expr:
    """Where days lie among the knots; the first knot is the first day of ``first``."""
    months = (day.dt.year() - first.year) * 12 + day.dt.month() - first.month
    return (months + (day.dt.day() - 1) / day.dt.month_end().dt.day()) / KNOT_MONTHS


def knots_of(months: Sequence[dt.date]) -> int:
    """How many knots reach from the first month past the end of the last."""
    return -(-len(months) // KNOT_MONTHS) + 1


def incomes(people: Any, wage: Any, not_kept: Any, reach: Any) -> tuple[Any, Any]:
    """Gross pay, and what `CONCEPTS` name of it stacked: USD a paid month, each as ``people``."""
    gross = people * wage
    take = gross * not_kept
    return gross, jnp.stack([gross, take, take * reach, gross - take])


def money_said(
    figures: dict[str, Any], priors: Any, shared: Shared, gross: Any, money: Any, paid: Any
) -> None:
    """What figures say of the shares of pay and of whole incomes; sites of a model's text.

    Args:
        figures, priors, shared: as the model has them.
        gross: USD a paid month, (..., knots).
        money: gross, taken, remitted and kept, (4, ..., knots).
        paid: the share of months paid.
    """
    # a share of what is taken or remitted, logits; a total (USD a year) of gross pay besides
    rows = figures["share"]
    of_pay = jnp.log(rows["window"] @ money[1:3].reshape(2, -1).T)
    of_pay -= log_window(gross, rows)[:, None]
    logits = of_pay - jnp.log1p(-jnp.exp(of_pay))
    _as_said("share", "share_means", logits, rows, priors, shared.leaning("share"))
    lean = shared.leaning("total")
    rows = figures["total"]
    totals = jnp.log(12 * paid * rows["window"] @ money[:3].reshape(3, -1).T)
    _as_said("total", "means", totals, rows, priors, lean)
    rows = figures["part_of_total"]
    floor = jnp.log(12 * paid) + log_window(gross, rows) + lean(rows)
    part("part_of_total", floor, rows)


def _as_said(name: str, means: str, readings: Any, rows: Rows, priors: Any, lean: Lean) -> None:
    """Figures that mean what their source says and, where it does not say, any of the readings."""
    alike = jnp.tile(jnp.array(priors["concept_logit"]), (readings.shape[1], 1))
    weights = jnp.maximum(softmax(of_prior(means, alike)) * rows["concept"], 1e-12)
    weights /= jnp.sum(weights, axis=1, keepdims=True)
    mixture(name, readings, weights, rows, lean, jnp.argmax(rows["concept"], axis=1))


def line(start: np.ndarray, end: np.ndarray, knots: int) -> np.ndarray:
    """Weights over knots whose sum is the mean, between two points, of a line through the knots.

    Args:
        start, end: (rows,) in knots; equal ends make a point in time.

    Returns:
        (rows, knots), each row adding to 1; what lies beyond the grid is held to its ends.
    """
    start, end = (np.clip(np.asarray(at, float), 0, knots - 1) for at in (start, end))
    start = np.clip(start, 0, knots - 1 - 1e-6)
    end = np.maximum(end, start + 1e-6)

    def done(at: np.ndarray) -> np.ndarray:
        # the tent of each knot, integrated up to a point
        u = np.clip(at[:, None] - np.arange(knots), -1, 1)
        return np.where(u <= 0, (u + 1) ** 2 / 2, 1 - (1 - u) ** 2 / 2)

    return (done(end) - done(start)) / (end - start)[:, None]


def since(edges: np.ndarray, knots: int, reference: int) -> np.ndarray:
    """(steps, knots): how much of each step between edges lies between the reference and a knot."""
    done = np.clip((np.arange(knots) - edges[:-1, None]) / np.diff(edges)[:, None], 0, 1)
    return done - done[:, [reference]]


def at(day: dt.date, first: dt.date) -> float:
    """A day in knots."""
    return float(pl.select(knot_of(pl.lit(day), first)).item())


def grid(months: Sequence[dt.date], reference_day: dt.date) -> dict[str, np.ndarray]:
    """What every density over these months shares.

    Returns:
        ``since`` (steps, knots) and ``pay_line`` (strides of pay, knots), signed from the reference
        day.
    """
    knots, reference = knots_of(months), round(at(reference_day, months[0]))
    strides = np.arange(0.0, knots + 2 * PAY_KNOT_YEARS, 2 * PAY_KNOT_YEARS)
    return {
        "since": since(np.arange(knots, dtype=float), knots, reference),
        "pay_line": since(strides, knots, reference),
    }


def monthly(months: Sequence[dt.date]) -> np.ndarray:
    """(months, knots): each month's mean of a line through the knots."""
    at = np.arange(len(months)) / KNOT_MONTHS
    return line(at, at + 1 / KNOT_MONTHS, knots_of(months))


def read(
    ledger: pl.DataFrame,
    months: Sequence[dt.date],
    rates: pl.DataFrame,
    priors: Priors,
) -> pl.DataFrame:
    """A stream's figures in one unit, each with its centre and error, or why not.

    Args:
        ledger: rows of ``facts.observations`` of the stream.
        months: first days of the months estimated.
        rates: ``month, currency, per_usd``.
        priors: ``error.<kind>``, ``room_above_floor``, ``room_below_ceiling``.

    Returns:
        Every row by ``observation_id``: ``centre`` and ``error`` in logs (shares: logits),
        ``start`` and ``end`` in knots, ``value_log`` of what is stated over its window,
        ``reason_not_used`` null where it can be read.
    """
    errors = [
        (name.removeprefix("error."), args[0])
        for name, args in priors.items()
        if name.startswith("error.")
    ]
    frame = select_from(
        SQL_FILE,
        {
            "ledger": ledger,
            "rates": rates,
            "errors": pl.DataFrame(errors, schema=["error_kind", "base"], orient="row"),
        },
        first=months[0],
        last=month_end(months[-1]),
        floor=priors["room_above_floor"][0],
        ceiling=priors["room_below_ceiling"][0],
    )
    base, value, room = pl.col("base"), pl.col("value"), pl.col("room")
    stated_range = (_logit(pl.col("high")) - _logit(pl.col("low"))) / _Z80
    of_share = (pl.when("is_range").then(stated_range).otherwise(0.0).pow(2) + base**2).sqrt()
    of_year = pl.when("is_money").then(pl.col("years").log()).otherwise(0.0)
    return frame.with_columns(
        centre=pl.when("is_share").then(_logit(value)).otherwise(value.log())
        + (2 / np.pi) ** 0.5 * room,
        error=pl.when("is_share")
        .then(of_share)
        .otherwise(error_log(base))
        .pow(2)
        .add((1 - 2 / np.pi) * room**2)
        .sqrt(),
        value_log=value.log() + of_year,
        start=knot_of(pl.col("window_start_on"), months[0]),
        end=knot_of(pl.col("window_end_on").dt.offset_by("1d"), months[0]),
    )


def _logit(share: pl.Expr) -> pl.Expr:
    held = share.clip(0.02, 0.98)
    return (held / (1 - held)).log()


def settled(frame: pl.DataFrame, parts: Sequence[str], hosts: Sequence[str]) -> pl.DataFrame:
    """Every row gets a ``site`` or a reason, never both, and what `ROW_SCHEMA` tells of it.

    Args:
        frame: `read`, with ``site``, ``component``, ``host``.
        parts: sites whose figures state a part.
        hosts: that the stream has series of.
    """
    unread = pl.when(pl.col("site").is_null()).then(pl.lit("no part of the model reads it"))
    site = pl.col("site")
    return (
        frame.with_columns(reason_not_used=pl.coalesce("reason_not_used", unread))
        .with_columns(site=pl.when(pl.col("reason_not_used").is_null()).then("site"))
        .with_columns(
            at=pl.int_range(pl.len()).over("site").cast(pl.Int64),
            group=site.replace_strict(GROUP_OF, default=None),
            component=pl.when(site.is_not_null()).then("component"),
            measure=measure(hosts),
            role=pl.when(site.is_in(parts))
            .then(pl.lit("part"))
            .when(pl.col("coverage") == "more")
            .then(pl.lit("more"))
            .otherwise(pl.lit("whole")),
        )
    )


def rows(frame: pl.DataFrame) -> pl.DataFrame:
    """Settled figures as `Evidence` tells of them: columns of `ROW_SCHEMA`."""
    told = frame.with_columns(error_log=pl.col("error")).select(ROW_SCHEMA.names())
    return told.cast(dict(ROW_SCHEMA))


def arrays(
    frame: pl.DataFrame, sites: Sequence[str], knots: int, masks: Mapping[str, Sequence[float]]
) -> dict[str, Any]:
    """Arrays of the rows read as each site: ``value``, ``error``, and where they look.

    Args:
        frame: `settled`.
        masks: label of each row's ``host`` to 0s and 1s over the model's hosts.

    Returns:
        By site, besides, ``concept`` (rows, concepts), ``hosts`` (rows, hosts), ``time`` (rows,
        knots), and ``window`` (rows, hosts x knots), the product of the two; of a ratio of money
        ``window`` looks at one concept (rows, concepts x hosts x knots), and ``over`` at what it
        is divided by.
    """
    out: dict[str, Any] = {}
    for name in sites:
        mine = frame.filter(pl.col("site") == name).sort("at")
        time = line(mine["start"].to_numpy(), mine["end"].to_numpy(), knots)
        width = len(next(iter(masks.values())))
        hosts = np.array([masks[host] for host in mine["host"]], float).reshape(-1, width)
        concept, window = one_hot(mine["concept"], CONCEPTS), spread(hosts, time)
        out[name] = {
            "value": mine["centre"].to_numpy().copy(),
            "error": mine["error"].to_numpy().copy(),
            "hosts": hosts,
            "time": time,
            "window": window,
            "concept": concept,
        }
        if name in OF_MONEY:
            out[name] |= {"window": spread(spread(concept, hosts), time), "over": window}
    out["total"]["concept"] = out["total"]["concept"][:, :3]
    out["share"]["concept"] = out["share"]["concept"][:, 1:3]
    return out


def spread(which: np.ndarray, time: np.ndarray) -> np.ndarray:
    """(rows, labels) and (rows, knots) to weights over both, flat: (rows, labels x knots)."""
    both = which[:, :, None] * time[:, None, :]
    return both.reshape(len(which), which.shape[1] * time.shape[1])


def one_hot(column: pl.Series, labels: Sequence[str]) -> np.ndarray:
    """(rows, labels) of 0s and 1s; "unsaid" may be any of them."""
    values = np.array(column.fill_null("unsaid").to_list(), dtype=object).reshape(-1, 1)
    hot = values == np.array(labels, dtype=object)
    return np.where(values == "unsaid", 1.0, hot.astype(float))


def measure(hosts: Sequence[str]) -> pl.Expr:
    """Which monthly series a number is held against: a stream's money, or "<quantity> <host>".

    Null for flows, parts of a ratio, and sums over hosts that no series holds.
    """
    is_sent = (pl.col("quantity") == "state_share") & (pl.col("concept") == "remitted_usd")
    rate = pl.when(is_sent).then(pl.lit("remitted_share")).otherwise("quantity")
    of_host = pl.when(pl.col("host").is_in([*hosts, "WLD"])).then(pl.format("{} {}", rate, "host"))
    is_held = pl.col("quantity").is_in(RATES) & (pl.col("site") != "ratio")
    is_named = pl.col("concept").is_in(MEASURES) & pl.col("is_money")
    # a source that does not say what it counts is held against what the state takes
    money = pl.when(is_named).then("concept").otherwise(pl.lit("state_take_usd"))
    return (
        pl.when(pl.col("is_money") & (pl.col("host") == "WLD"))
        .then(money)
        .when(is_held)
        .then(of_host)
    )


def by_month(sites: Mapping[str, np.ndarray], months: Sequence[dt.date]) -> dict[str, np.ndarray]:
    """People, money and pay per worker and paid month, by month, (draws, hosts, months)."""
    to_months = monthly(months).T
    out = {name: sites[name] @ to_months for name in ("people", *MEASURES)}
    paid = np.asarray(sites["paid"]).reshape(-1, 1, 1)
    return out | {"wage": out["gross_wages_usd"] / paid / out["people"]}


def measures(by_host: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Monthly money of all hosts by measure, (draws, months)."""
    return {of: by_host[of].sum(axis=1) for of in MEASURES}


def series(
    by_host: Mapping[str, np.ndarray], hosts: Sequence[str], wanted: set[str]
) -> dict[str, np.ndarray]:
    """Monthly series by "<quantity> <host>", (draws, months); pay is weighted by workers."""
    pay = by_host["people"] * by_host["wage"]
    taken, sent = (pay * by_host[of] / by_host["gross_wages_usd"] for of in MEASURES[1:])
    out = {}
    for host in sorted({name.split(" ")[1] for name in wanted - set(MEASURES)}):
        at = slice(None) if host == "WLD" else [list(hosts).index(host)]
        n, w, s, k = (of[:, at].sum(axis=1) for of in (by_host["people"], pay, taken, sent))
        rates = (n, w / n, k / n, (w - s) / n, s / w, k / w)
        told = {f"{of} {host}": rate for of, rate in zip(RATES, rates, strict=True)}
        out |= {name: rate for name, rate in told.items() if name in wanted}
    return out


def outcome(
    sites: Mapping[str, np.ndarray],
    seed: int,
    *,
    months: Sequence[dt.date],
    hosts: Sequence[str],
    apart: Mapping[str, Sequence[int]],
    wanted: set[str],
    table: Callable[[dict[str, np.ndarray], Sequence[dt.date]], pl.DataFrame],
) -> Outcome:
    """What the draws say, by month.

    Args:
        sites: ``people`` and `MEASURES` (draws, hosts, knots), ``paid``.
        seed: nothing is drawn here.
        hosts: labels.
        apart: ends of components' names to places of the hosts that they add up.
        wanted: series that figures, or data to be had, are held against.
        table: makes the stream's own draws of `by_month`.
    """
    by_host = by_month(sites, months)
    sums = year_sums(months)
    # of one host, a matrix: a stack of single rows adds up in another order
    yearly = {
        name: (values[:, 0] @ sums)[:, None] if len(hosts) == 1 else values @ sums
        for name, values in by_host.items()
    }
    some = {
        end: {name: values[:, at].sum(axis=1) for name, values in yearly.items()}
        for end, at in apart.items()
    }
    total = {name: values.sum(axis=1) for name, values in yearly.items()}
    return Outcome(
        measures=measures(by_host),
        further=lambda: series(by_host, hosts, wanted),
        tables={"draws": lambda: table(by_host, months)},
        components={
            **{f"headcount{end}": np.log(of["people"]) for end, of in some.items()},
            **{
                f"pay{end}": np.log(of["gross_wages_usd"] / of["people"])
                for end, of in some.items()
            },
            "share": np.log(total["state_take_usd"] / total["gross_wages_usd"]),
            "reach": np.log(total["remitted_usd"] / total["state_take_usd"]),
        },
    )
