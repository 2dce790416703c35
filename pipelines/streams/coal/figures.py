"""Coal figures on a month grid: which enters where, and why the others do not."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from pipelines import draws as algebra
from pipelines.inference.joint import ROW_SCHEMA, Evidence, Outcome
from pipelines.inference.windows import (
    error_log,
    half_year_lines,
    middle_of,
    month_end,
    month_grid,
    site_arrays,
    window_matrix,
    year_sums,
)
from pipelines.streams.coal.destinations import destination_draws
from pipelines.streams.coal.model import model
from pipelines.streams.coal.record import last_year, record_draws
from pipelines.warehouse import select_from

FIRST_MONTH = dt.date(2009, 1, 1)
# trade was recorded by customs until the full ban of Resolution 2371 took hold
LAST_RECORDED = dt.date(2017, 9, 30)
# draws that settle where the record leaves off; only their median is used
_SETTLING = 400
# which figure enters where, and why the others do not
SQL_FILE = Path(__file__).with_name("figures.sql")
# sites of figures, and what is known of their rows besides
SITES = {
    **dict.fromkeys(["tonnes", "tonnes_part", "money", "money_part", "money_ceiling"], ()),
    "count": ("is_listed",),
    **dict.fromkeys(["count_part", "lot", "chinese"], ()),
    "price": ("is_delivered", "is_asked"),
    "discount": ("is_chinese",),
}
# those that speak of a mean over their window, not a sum
OF_MEANS = ("lot", "price", "discount", "chinese")
# what a discount was stated against: observation_id, base (chinese, world), why
BASES_FILE = Path(__file__).with_name("discount_bases.csv")

Priors = Mapping[str, Sequence[float]]


def evidence(
    observations: pl.DataFrame,
    priors: Priors,
    *,
    through: dt.date,
    halts: pl.DataFrame,
    last_recorded: dt.date = LAST_RECORDED,
) -> Evidence:
    """Read the ledger for the coal model.

    Args:
        observations: rows of ``facts.observations`` of the stream.
        priors: parameter to arguments.
        through: last month estimated.
        halts: ``kind`` (ban, halt, reopening), ``start_on``, ``end_on`` of dated changes of level.
        last_recorded: last day customs recorded the trade; an earlier one stops the record there.

    Raises:
        ValueError: the record has no tonnage or no value.
    """
    months = month_grid(FIRST_MONTH, through)
    hidden = [month for month in months if month > last_recorded]
    rows = _placed(observations, last_recorded, through)
    seen = rows.filter(pl.col("role") == "record", pl.col("reason_not_used").is_null())
    recorded = [month for month in months if month <= last_recorded]
    windows = window_matrix(seen["window_start_on"], seen["window_end_on"], recorded)
    zero = observations.filter(pl.col("kind") == "structural_zero")
    empty = window_matrix(zero["window_start_on"], zero["window_end_on"], recorded)
    is_zero = empty.max(axis=0, initial=0.0) > 0
    past = partial(record_draws, seen, windows, is_zero, priors)
    freight = np.full(_SETTLING, priors["freight"][0])
    settled = past(freight, np.full(_SETTLING, 0.2), seed=1)
    log_t, log_price = last_year(settled, recorded)
    calendar = _calendar(observations, halts, hidden, priors)
    data = calendar | _sites(rows, hidden, calendar["world_log"], priors)
    data |= {"log_last_t": np.float64(log_t), "log_last_price": np.float64(log_price)}
    years = np.unique([month.year for month in months]).tolist()
    split = partial(destination_draws, observations, priors, years, last_recorded)
    return Evidence(
        stream="coal",
        months=months,
        model=model,
        data=data,
        priors=priors,
        rows=rows.select(list(ROW_SCHEMA)),
        finish=partial(_finish, months=months, past=past, split=split),
        meanings={"money": ("at a price of its own", "at an assumed price")},
    )


def _placed(observations: pl.DataFrame, last_recorded: dt.date, through: dt.date) -> pl.DataFrame:
    """Every row with the site it enters, or the reason it does not."""
    return select_from(
        SQL_FILE,
        {"ledger": observations, "bases": pl.read_csv(BASES_FILE)},
        first=FIRST_MONTH,
        last=month_end(through),
        last_recorded=last_recorded,
    ).with_columns(
        at=pl.int_range(pl.len()).over("site", order_by="observation_id").cast(pl.Int64),
        value_log=pl.col("value").log(),
        error_log=error_log(base=0.1),
    )


def _calendar(
    observations: pl.DataFrame, halts: pl.DataFrame, months: list[dt.date], priors: Priors
) -> dict[str, Any]:
    """What the months are: knots, events, the world price."""
    start = np.array(months, dtype="datetime64[D]")
    inside = window_matrix(halts["start_on"], halts["end_on"].fill_null(months[-1]), months)
    touches = inside.any(axis=1)
    kinds = halts["kind"].to_numpy()
    is_halt = (kinds == "halt") & touches
    begins = np.array(halts["start_on"].to_list(), dtype="datetime64[D]")
    is_step = np.isin(kinds, ["ban", "reopening"]) & (begins <= start[-1])
    # a step holds from its month on; one at or before the first month is where the path starts
    step = (start >= begins.astype("datetime64[M]")[is_step, None]).astype(float)
    named = [f"{kind}_step" for kind in kinds[is_step]]
    world = _world_price(observations, months)
    before = _world_price(observations, [dt.date(months[0].year - 1, 10, 1)])
    output = _output_log(observations, months)
    by_year = year_sums(months).T
    return {
        "year": by_year,
        # a year cut off by the grid holds that share of the most
        "most_log": output[0] + priors["exported_most"][0] + np.log(by_year.sum(axis=1) / 12),
        "most_error": np.hypot(priors["exported_most"][1], output[1]),
        "line": half_year_lines(months),
        "halt": inside[is_halt].T,
        "step": step.T,
        "step_mean": np.array([priors[name][0] for name in named]),
        "step_sd": np.array([priors[name][1] for name in named]),
        "ban": step[kinds[is_step] == "ban"].max(axis=0, initial=0.0),
        "world_log": world,
        "world": world - before[0],
    }


def _output_log(observations: pl.DataFrame, months: list[dt.date]) -> tuple[np.ndarray, np.ndarray]:
    """Log of the year's output, straight between known years; a tenth of doubt a year away."""
    official = observations.filter(pl.col("class") == "official")
    at, logs = _mean_logs(official, "output_t", pl.col("window_start_on").dt.year())
    years = np.unique([month.year for month in months])
    away = np.abs(years[:, None] - at[None, :]).min(axis=1)
    return np.interp(years, at, logs), 0.1 * away


def _world_price(observations: pl.DataFrame, months: list[dt.date]) -> np.ndarray:
    """Log of the world coal price by month: mean of the logs of what the ledger holds, straight."""
    elsewhere = observations.filter(pl.col("counterpart_iso3") != "CHN", pl.col("central") > 0)
    at, logs = _mean_logs(elsewhere, "reference_price_usd_per_t", middle_of())
    at, asked = (np.array(days, dtype="datetime64[D]").astype(float) for days in (at, months))
    return np.interp(asked, at, logs)


def _mean_logs(rows: pl.DataFrame, quantity: str, key: pl.Expr) -> tuple[np.ndarray, np.ndarray]:
    """When usable figures of a quantity speak, in order, and the means of their logs."""
    usable = rows.filter(pl.col("quantity") == quantity, pl.col("is_usable"))
    logs = usable.group_by(at=key).agg(log=pl.col("central").log().mean()).sort("at")
    return logs["at"].to_numpy(), logs["log"].to_numpy()


def _sites(rows: pl.DataFrame, months: list[dt.date], world: Any, priors: Priors) -> dict[str, Any]:
    """Arrays of every site, padded so that none is empty."""
    sites: dict[str, Any] = {}
    for name, also in SITES.items():
        of = rows.filter(pl.col("site") == name).sort("at")
        sites[name] = site_arrays(of, months, is_mean=name in OF_MEANS, also=also)
    for name in ("price", "discount", "chinese"):
        sites[name]["error"] = np.hypot(sites[name]["error"], priors["quote_error"][0])
    # the effort of a count varies from window to window, and small counts by chance
    count = sites["count"]
    listed, watched = priors["list_effort"][0], priors["image_effort"][0]
    effort = np.where(count.pop("is_listed"), listed, watched)
    chance = np.exp(-0.5 * count["value"])
    count["error"] = np.sqrt(count["error"] ** 2 + effort**2 + chance**2)
    sites["lot"]["error"] = np.hypot(sites["lot"]["error"], priors["lot_spread"][0])
    weights = sites["discount"]["window"]
    sites["discount"]["base"] = weights @ world
    # stated as the share by which DPRK coal is cheaper
    off = sites["discount"]["value"]
    sites["discount"]["value"] = np.log1p(-np.minimum(np.exp(off), 0.95))
    observers = rows.filter(pl.col("site") == "count").sort("at")["observer"]
    names = sorted(observers.unique()) or ["none"]
    count["observer"] = np.zeros(len(count["value"]), dtype=int)
    count["observer"][: observers.len()] = [names.index(name) for name in observers]
    sites["seen_is_list"] = np.array([float(name.endswith("shipments")) for name in names])
    return sites


def _finish(
    sites: dict[str, np.ndarray],
    seed: int,
    *,
    months: list[dt.date],
    past: Callable[..., dict[str, np.ndarray]],
    split: Callable[[int, int], tuple[pl.DataFrame, pl.DataFrame]],
) -> Outcome:
    """The recorded months of each world before its inferred ones.

    Args:
        past: `record_draws` of freight, costs and seed.
        split: `destination_draws` of the number of draws and seed.
    """
    recorded = past(sites["log_freight"], sites["cost_share"], seed)
    whole = {
        name: np.concatenate([values, sites[f"months/{name}"]], axis=1)
        for name, values in recorded.items()
    }
    money, tonnes = (whole[name] @ year_sums(months) for name in ("gross_fob_usd", "tonnes"))
    components = {
        "tonnage": np.log(tonnes),
        "price": np.log(money / tonnes),
        "costs abroad": np.log1p(-sites["cost_share"])[:, None] + np.zeros_like(money),
    }
    usd = {name: values for name, values in whole.items() if name.endswith("_usd")}
    return Outcome(
        usd,
        further=lambda: {name: of for name, of in whole.items() if name not in usd},
        flows=frozenset(["tonnes"]),
        tables={
            "draws": lambda: algebra.to_long(months, period="month", **whole),
            "destination_draws": lambda: split(len(money), seed)[0],
            "destination_basis": lambda: split(len(money), seed)[1],
        },
        components=components,
    )
