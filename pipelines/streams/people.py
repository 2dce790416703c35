"""Published figures on people abroad and their pay, as the arrays that densities over knots read.

Time runs in half-yearly knots; people and money are straight lines between them, so the mean over
any window is a weighted sum of knots. Headcounts in persons, pay in USD per person and month,
shares of gross pay 0 to 1, totals in USD a year, flows in persons a year.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
import polars as pl

from pipelines.inference.evidence import Rows
from pipelines.inference.windows import error_log

KNOT_MONTHS = 6
_Z80 = 2.563  # width of a central 80% in standard deviations
# what a sum of money may be, in the order of every array over them
CONCEPTS = ("gross_wages_usd", "state_take_usd", "remitted_usd", "kept")
# which of them each quantity per worker, or share of gross pay, is a part of
CONCEPT_OF = {
    "gross_wage": "gross_wages_usd",
    "fee": "remitted_usd",
    "worker_take_home": "kept",
    "state_share": "state_take_usd",
}
MEASURES = CONCEPTS[:3]
# series of a host or the world that a figure, or a datum to be had, is held against
RATES = ("headcount", *CONCEPT_OF)
Priors = Mapping[str, Sequence[float]]

# quantity, unit, its currency, factor to the unit above, whether stated over the whole window
_PAY = ("gross_wage", "fee", "worker_take_home")
_UNITS = pl.DataFrame(
    [
        ("headcount", "persons", "USD", 1.0, False),
        ("headcount", "pct_of_2017-08", "USD", 0.01, False),
        ("permits", "permits", "USD", 1.0, False),
        ("permits", "persons/year", "USD", 1.0, False),
        ("border_entries", "persons", "USD", 1.0, True),
        ("border_entries", "persons/year", "USD", 1.0, False),
        ("repatriated", "persons", "USD", 1.0, False),
        ("state_share", "share", "USD", 1.0, False),
        *[(of, f"{by}/month", by, 1.0, False) for of in _PAY for by in ("USD", "CNY", "RUB")],
        *[(of, f"{by}/month", by, 1.0, False) for of in _PAY for by in ("EUR", "KRW")],
        *[(of, "USD/year", "USD", 1 / 12, False) for of in _PAY],
        ("fee", "USD/worker/year", "USD", 1 / 12, False),
        ("fee", "USD/worker/month", "USD", 1.0, False),
        ("earnings_usd", "USD", "USD", 1.0, False),
        ("earnings_usd", "USD/month", "USD", 12.0, False),
        ("earnings_usd", "USD_cumulative", "USD", 1.0, True),
    ],
    schema=["quantity", "unit", "currency", "factor", "is_over_window"],
    orient="row",
)
# which error of statement a quantity carries; the rest are flows
_ERROR_OF = {
    "headcount": "headcount",
    "permits": "headcount",
    "gross_wage": "pay",
    "fee": "pay",
    "worker_take_home": "pay",
    "state_share": "share",
    "earnings_usd": "total",
}


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


def usd_per_unit(rates: pl.DataFrame, frame: pl.DataFrame) -> pl.DataFrame:
    """Mean US dollars per unit of each row's currency over its window; null where not all quoted.

    Args:
        rates: ``month, currency, per_usd`` (staged monthly means).
        frame: ``row, currency, window_start_on, window_end_on``.
    """
    asked = (
        frame.filter(pl.col("currency") != "USD")
        .with_columns(
            month=pl.date_ranges(
                pl.col("window_start_on").dt.month_start(),
                pl.col("window_end_on").dt.month_start(),
                "1mo",
            )
        )
        .explode("month")
        .join(rates, on=["currency", "month"], how="left")
        .group_by("row")
        .agg(
            # a window that outruns the rates is not converted at part of them
            usd=pl.when(pl.col("per_usd").null_count() == 0).then((1 / pl.col("per_usd")).mean()),
        )
    )
    return frame.join(asked, on="row", how="left", maintain_order="left").select(
        "row", usd_per_unit=pl.when(pl.col("currency") == "USD").then(1.0).otherwise("usd")
    )


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
    frame = (
        ledger.sort("observation_id")
        .join(_UNITS, on=["quantity", "unit"], how="left", maintain_order="left")
        .with_row_index("row")
    )
    frame = frame.join(usd_per_unit(rates, frame), on="row", how="left", maintain_order="left")
    years = ((pl.col("window_end_on") - pl.col("window_start_on")).dt.total_days() + 1) / 365.25
    factor = pl.col("factor") * pl.col("usd_per_unit")
    factor = factor / pl.when("is_over_window").then(years).otherwise(1.0)
    middle = (pl.col("low") * pl.col("high")).sqrt()
    is_range = (pl.col("high") > pl.col("low")) & (pl.col("low") > 0)
    frame = frame.with_columns(
        is_share=pl.col("quantity") == "state_share",
        is_money=pl.col("quantity") == "earnings_usd",
        is_range=is_range,
        value=pl.coalesce("central", middle, "low", "high") * factor,
        years=years,
    )
    kind = pl.col("quantity").replace_strict(_ERROR_OF, default="flow")
    base = pl.format("error.{}", kind).replace_strict(
        {name: args[0] for name, args in priors.items() if name.startswith("error.")},
        return_dtype=pl.Float64,
    )
    low, high = _logit(pl.col("low")), _logit(pl.col("high"))
    of_share = pl.when("is_range").then(((high - low) / _Z80) ** 2 + base**2).otherwise(base**2)
    # who says "more than L" believes somewhat more: the mean and spread of a half-normal
    floor, ceiling = priors["room_above_floor"][0], priors["room_below_ceiling"][0]
    is_floor, is_ceiling = (pl.col("kind") == f"{side}_bound" for side in ("lower", "upper"))
    room = pl.when(is_floor).then(floor).when(is_ceiling).then(-ceiling).otherwise(0.0)
    room = pl.when(pl.col("coverage") == "whole").then(room).otherwise(0.0)
    first, last = months[0], pl.lit(months[-1]).dt.month_end()
    of_year = pl.when("is_money").then(pl.col("years").log()).otherwise(0.0)
    return frame.with_columns(
        centre=pl.when("is_share").then(_logit(pl.col("value"))).otherwise(pl.col("value").log())
        + (2 / np.pi) ** 0.5 * room,
        error=pl.when("is_share")
        .then(of_share.sqrt())
        .otherwise(error_log(base))
        .pow(2)
        .add((1 - 2 / np.pi) * room**2)
        .sqrt(),
        value_log=pl.col("value").log() + of_year,
        start=knot_of(pl.col("window_start_on"), first),
        end=knot_of(pl.col("window_end_on").dt.offset_by("1d"), first),
        reason_not_used=pl.when(~pl.col("is_used"))
        .then(pl.coalesce("reason_not_used", pl.lit("held back")))
        .when(pl.col("kind").is_in(["structural_zero", "plan"]))
        .then(pl.lit("a zero under a ban and a plan are not measurements"))
        .when(pl.col("factor").is_null())
        .then(pl.lit("not a quantity or unit that the model reads"))
        .when(pl.col("usd_per_unit").is_null())
        .then(pl.lit("no reference rate of its currency in its window"))
        .when(~(pl.col("value") > 0).fill_null(value=False))
        .then(pl.lit("not above zero, so it has no logarithm"))
        .when(pl.col("window_end_on") < first)
        .then(pl.lit("window ends before the first month estimated"))
        .when(pl.col("window_start_on") > last)
        .then(pl.lit("window starts after the last month estimated")),
    )


def _logit(share: pl.Expr) -> pl.Expr:
    held = share.clip(0.02, 0.98)
    return (held / (1 - held)).log()


def settled(frame: pl.DataFrame) -> pl.DataFrame:
    """Every row gets a ``site`` or a reason, never both; rows of a site are numbered (``at``)."""
    return (
        frame.with_columns(
            reason_not_used=pl.coalesce(
                "reason_not_used",
                pl.when(pl.col("site").is_null()).then(pl.lit("no part of the model reads it")),
            )
        )
        .with_columns(
            site=pl.when(pl.col("reason_not_used").is_null()).then("site"),
        )
        .with_columns(at=pl.int_range(pl.len()).over("site").cast(pl.Int64))
    )


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
    out: dict[str, np.ndarray] = {}
    for name in sorted(wanted - set(MEASURES)):
        quantity, host = name.split(" ")
        at = range(len(hosts)) if host == "WLD" else [list(hosts).index(host)]
        people, wage = (by_host[key][:, at] for key in ("people", "wage"))
        pay = (people * wage).sum(axis=1)
        taken, sent = (
            (people * wage * by_host[key][:, at] / by_host["gross"][:, at]).sum(axis=1)
            for key in ("take", "remitted")
        )
        persons = people.sum(axis=1)
        out[name] = {
            "headcount": persons,
            "gross_wage": pay / persons,
            "fee": sent / persons,
            "worker_take_home": (pay - taken) / persons,
            "state_share": taken / pay,
        }[quantity]
    return out
