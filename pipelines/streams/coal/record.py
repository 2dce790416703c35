"""Coal while customs recorded it: no inference, only what printings and headings leave open.

Each declared window is read once per world with the record's own error. Windows are settled from
the shortest to the longest, a longer one spreading over its free months only what its settled parts
leave. Values are CIF; one factor a world, ``log_freight``, carries all of them to FOB.
"""

import datetime as dt
from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from pipelines.draws import lognormal_of_range, named_generator

Sites = dict[str, np.ndarray]


def record_draws(
    rows: pl.DataFrame,
    windows: np.ndarray,
    is_zero: np.ndarray,
    priors: Mapping[str, Sequence[float]],
    log_freight: np.ndarray,
    cost_share: np.ndarray,
    seed: int,
) -> Sites:
    """Draw the recorded months.

    Args:
        rows: customs rows of quantity export_t and export_usd, with ``value``, ``sector``,
            ``counterpart_iso3``, ``is_total`` (all coal to the world or nearly so), sorted.
        windows: (rows, months), share of each month's days inside.
        is_zero: (months,), months that customs declare empty: a trickle leaks in them.
        priors: ``recorded_error_sd``, ``scope_*``, ``within_window_sd``, ``leak_t_per_month``,
            ``range_mass``.
        log_freight: log of CIF over FOB, (draws,), one a world.
        cost_share: share of FOB that stays abroad, (draws,).
        seed: same seed, same draws.

    Returns:
        tonnes, price_usd_per_t, cif_usd, gross_fob_usd, net_usd, each (draws, months).

    Raises:
        ValueError: no tonnage, or no value beside one, is on record.
    """
    draws, months = len(log_freight), windows.shape[1]
    inside = (windows >= 0.5).astype(float)
    values = _readings(rows, priors, draws, seed)
    generator = named_generator(seed, "record.within_window")
    jitter = np.exp(priors["within_window_sd"][0] * generator.normal(size=(draws, months)))
    leak = named_generator(seed, "record.leak").lognormal(
        *priors["leak_t_per_month"], size=(draws, 1)
    )
    is_t = (rows["quantity"] == "export_t").to_numpy()
    order = _shortest_first(rows, inside)
    if not is_t.any() or is_t.all():
        raise ValueError("customs tonnage and value are both needed to draw recorded coal")
    tonnes, known = _settle(values, inside, order[is_t[order]], jitter, leak)
    tonnes = np.where(known, tonnes, _between(tonnes, known) * jitter)
    tonnes = np.where(~known & is_zero, leak * jitter, tonnes)
    unit = _unit_values(values, inside, rows, order, tonnes)
    cif, paid = _settle(values, inside, order[~is_t[order]], tonnes * unit, leak * unit)
    cif = np.where(paid, cif, tonnes * unit)
    fob = cif * np.exp(-log_freight)[:, None]
    return {
        "tonnes": tonnes,
        "price_usd_per_t": fob / tonnes,
        "cif_usd": cif,
        "gross_fob_usd": fob,
        "net_usd": fob * (1 - cost_share)[:, None],
    }


def _readings(
    rows: pl.DataFrame, priors: Mapping[str, Sequence[float]], draws: int, seed: int
) -> np.ndarray:
    """Every declared value in every world on the scope of all coal to the world, (draws, rows)."""
    log = np.log(rows["value"].to_numpy())[None, :] + np.zeros((draws, 1))
    # printings of one total differ by one error a year: months of a year do not average it away
    years = rows["window_start_on"].dt.year().to_numpy()
    for year in np.unique(years):
        error = named_generator(seed, f"record.{year}").normal(size=(draws, 1))
        log[:, years == year] += priors["recorded_error_sd"][0] * error
    anthracite = (rows["sector"] == "HS270111").to_numpy()
    china = (rows["counterpart_iso3"] == "CHN").to_numpy()
    for name, chosen in (
        ("scope_anthracite_to_all", anthracite),
        ("scope_china_to_world", china),
    ):
        mean, sd = priors[name]
        log[:, chosen] += named_generator(seed, f"record.{name}").normal(mean, sd, (draws, 1))
    # where anthracite and the whole chapter are far apart, coal lies somewhere between the two
    far = rows["chapter_usd"].to_numpy() / rows["value"].to_numpy()
    for row in np.flatnonzero(far > priors["chapter_far"][0]):
        value = rows["value"][int(row)]
        mean, sd = lognormal_of_range(value, value * far[row], mass=priors["range_mass"][0])
        between = named_generator(seed, f"record.between.{row}").normal(mean, sd, draws)
        log[:, row] = between
    return np.exp(log)


def _shortest_first(rows: pl.DataFrame, inside: np.ndarray) -> np.ndarray:
    """Order of settling: customs first, short before long, all coal first, the
    declaring country before compilers, fine before rounded."""
    digits = [len(f"{value:.0f}".rstrip("0")) for value in rows["value"]]
    keyed = rows.with_row_index("row").with_columns(
        months=pl.Series(inside.sum(axis=1)), digits=pl.Series(digits, dtype=pl.Int64)
    )
    return keyed.sort(
        ~pl.col("class").is_in(["customs", "official"]),
        "months",
        pl.col("sector") == "HS270111",
        pl.col("counterpart_iso3") != "CHN",
        -pl.col("digits"),
        "observation_id",
    )["row"].to_numpy()


def _settle(
    values: np.ndarray, inside: np.ndarray, order: np.ndarray, shape: np.ndarray, least: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Spread each window over its free months in proportion to ``shape``.

    Args:
        least: what a free month holds at the least, where parts exceed a rounded whole.

    Returns:
        (draws, months), and which months a window reached.
    """
    settled = np.zeros_like(shape)
    known = np.zeros(shape.shape[1], dtype=bool)
    for row in order:
        free = (inside[row] > 0) & ~known
        if not free.any():
            continue
        done = (inside[row] > 0) & known
        rest = values[:, row] - settled[:, done].sum(axis=1)
        floor = np.broadcast_to(least, shape.shape)[:, free].sum(axis=1)
        rest = np.maximum(rest, floor)
        share = shape[:, free] / shape[:, free].sum(axis=1, keepdims=True)
        settled[:, free] = rest[:, None] * share
        known |= free
    return settled, known


def _unit_values(
    values: np.ndarray,
    inside: np.ndarray,
    rows: pl.DataFrame,
    order: np.ndarray,
    tonnes: np.ndarray,
) -> np.ndarray:
    """CIF USD a tonne: value over the settled tonnes of its window, straight between windows."""
    log = np.zeros_like(tonnes)
    known = np.zeros(tonnes.shape[1], dtype=bool)
    is_usd = (rows["quantity"] == "export_usd").to_numpy()
    for row in order[is_usd[order]]:
        cover = inside[row] > 0
        free = cover & ~known
        if free.any():
            unit = values[:, row] / (tonnes[:, cover]).sum(axis=1)
            log[:, free] = np.log(unit)[:, None]
            known |= free
    if not known.any():
        raise ValueError("no customs value covers a month on record")
    return _between(np.exp(log), known)


def _between(values: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Values (draws, months), unknown months straight between known ones in logs."""
    at = np.flatnonzero(known)
    months = np.arange(values.shape[1])
    weights = np.stack([np.interp(months, at, unit) for unit in np.eye(len(at))], axis=1)
    return np.exp(np.log(values[:, at]) @ weights.T)


def last_year(sites: Sites, months: list[dt.date]) -> tuple[float, float]:
    """Log of the mean tonnes a month and of the CIF unit value of the last twelve months."""
    tonnes = float(np.median(sites["tonnes"][:, -12:].sum(axis=1)))
    cif = float(np.median(sites["cif_usd"][:, -12:].sum(axis=1)))
    return float(np.log(tonnes / min(12, len(months)))), float(np.log(cif / tonnes))
