"""Published figures on people abroad and their pay, as the arrays that densities over knots read.

Time runs in half-yearly knots; people and money are straight lines between them, so the mean over
any window is a weighted sum of knots. Headcounts in persons, pay in USD per person and month,
shares of gross pay 0 to 1, totals in USD a year, flows in persons a year.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
import polars as pl

from pipelines.inference.evidence import Rows
from pipelines.inference.joint import ROW_SCHEMA
from pipelines.inference.windows import error_log, month_end
from pipelines.warehouse import select_from

KNOT_MONTHS = 6
_Z80 = 2.563  # width of a central 80% in standard deviations
# what a sum of money may be, in the order of every array over them
CONCEPTS = ("gross_wages_usd", "state_take_usd", "remitted_usd", "kept")
MEASURES = CONCEPTS[:3]
# series of a host or the world that a figure, or a datum to be had, is held against
RATES = ("headcount", "gross_wage", "fee", "worker_take_home", "state_share")
SQL_FILE = Path(__file__).with_name("people.sql")
Priors = Mapping[str, Sequence[float]]


def normal(name: str, shape: tuple[int, ...] = ()) -> Any:
    """Standard normals of one site."""
    return numpyro.sample(name, dist.Normal(jnp.zeros(shape), 1.0))


def of_prior(name: str, mean_sd: Any) -> Any:
    """Normals with the means and standard deviations of a prior, (..., 2)."""
    mean, sd = jnp.moveaxis(jnp.asarray(mean_sd), -1, 0)
    return mean + sd * normal(name, mean.shape)


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


def settled(
    frame: pl.DataFrame, groups: Mapping[str, str], parts: Sequence[str], hosts: Sequence[str]
) -> pl.DataFrame:
    """Every row gets a ``site`` or a reason, never both, and what `ROW_SCHEMA` tells of it.

    Args:
        frame: `read`, with ``site``, ``component``, ``host``.
        groups: site to the group of quantities whose errors it shares.
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
            group=site.replace_strict(groups, default=None),
            component=pl.when(site.is_not_null()).then("component"),
            measure=measure(hosts),
            role=pl.when(site.is_in(parts)).then(pl.lit("part")).otherwise(pl.lit("whole")),
        )
    )


def rows(frame: pl.DataFrame) -> pl.DataFrame:
    """Settled figures as `Evidence` tells of them: columns of `ROW_SCHEMA`."""
    told = frame.with_columns(error_log=pl.col("error")).select(ROW_SCHEMA.names())
    return told.cast(dict(ROW_SCHEMA))


def site(
    frame: pl.DataFrame, name: str, knots: int, masks: Mapping[str, Sequence[float]]
) -> dict[str, Any]:
    """Arrays of the rows read as one site: ``value``, ``error``, and where they look.

    Args:
        masks: label of each row's ``host`` to 0s and 1s over the model's hosts.

    Returns:
        Besides, ``hosts`` (rows, hosts), ``time`` (rows, knots), and ``window`` (rows, hosts x
        knots), the product of the two.
    """
    mine = frame.filter(pl.col("site") == name).sort("at")
    time = line(mine["start"].to_numpy(), mine["end"].to_numpy(), knots)
    width = len(next(iter(masks.values())))
    hosts = np.array([masks[host] for host in mine["host"]], float).reshape(-1, width)
    return {
        "value": mine["centre"].to_numpy().copy(),
        "error": mine["error"].to_numpy().copy(),
        "hosts": hosts,
        "time": time,
        "window": spread(hosts, time),
        "concept": one_hot(mine["concept"], CONCEPTS),
    }


def of_money(rows: dict[str, Any]) -> dict[str, Any]:
    """Rows that see one concept of money over the workers (or the gross pay) in their windows."""
    over = rows["window"]
    which = spread(rows["concept"], rows["hosts"])
    return rows | {"window": spread(which, rows["time"]), "over": over}


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
    of_host = pl.when(pl.col("host").is_in([*hosts, "WLD"])).then(
        pl.format("{} {}", "quantity", "host")
    )
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
    out = {name: sites[name] @ to_months for name in ("people", "gross", "take", "remitted")}
    paid = np.asarray(sites["paid"]).reshape(-1, 1, 1)
    return out | {"wage": out["gross"] / paid / out["people"]}


def measures(by_host: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Monthly money of all hosts by measure, (draws, months)."""
    names = ("gross", "take", "remitted")
    return {of: by_host[name].sum(axis=1) for of, name in zip(MEASURES, names, strict=True)}


def series(
    by_host: Mapping[str, np.ndarray], hosts: Sequence[str], wanted: set[str]
) -> dict[str, np.ndarray]:
    """Monthly series by "<quantity> <host>", (draws, months); pay is weighted by workers."""
    pay = by_host["people"] * by_host["wage"]
    parts = {
        "people": by_host["people"],
        "pay": pay,
        "taken": pay * by_host["take"] / by_host["gross"],
        "sent": pay * by_host["remitted"] / by_host["gross"],
    }

    @cache
    def of(part: str, host: str) -> np.ndarray:
        if host == "WLD":
            return parts[part].sum(axis=1)
        return parts[part][:, list(hosts).index(host)]

    rules: dict[str, Callable[[str], np.ndarray]] = {
        "headcount": lambda host: of("people", host),
        "gross_wage": lambda host: of("pay", host) / of("people", host),
        "fee": lambda host: of("sent", host) / of("people", host),
        "worker_take_home": lambda host: (of("pay", host) - of("taken", host)) / of("people", host),
        "state_share": lambda host: of("taken", host) / of("pay", host),
    }
    asked = [(name, *name.split(" ")) for name in sorted(wanted - set(MEASURES))]
    return {name: rules[quantity](host) for name, quantity, host in asked}
