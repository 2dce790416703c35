"""What a ship's reports say of one another: repeats, impossible legs, jumps, places on land.

One sort on a packed key puts each ship's reports in order of time; its neighbours are then one
place away, so everything here is a shift of a column.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipelines.shipping import land
from pipelines.shipping.rules import Rules

DAY_S = 86_400
ORDER = ("mmsi", "t", "lon", "lat", "sog_kn", "draught_m", "cog_deg")
"""The order of landed reports of one day, empty values last."""
# two reports of one second may differ by a rounding step
_SLACK_KM = 0.1
_DEGREE_KM = 111.195

Columns = dict[str, NDArray]


@dataclass(frozen=True)
class Tracked:
    """Reports in `ORDER` within each day, flags complete; and the lines that only repeat one."""

    reports: pl.DataFrame
    repeated_lines: NDArray[np.int64]


def track(reports: pl.DataFrame, rules: Rules, *, cache_dir: Path) -> Tracked:
    """Put reports of whole ships in order, drop exact repeats, and flag what neighbours tell.

    Args:
        reports: mmsi, t (epoch s), lon, lat (degrees), sog_kn, cog_deg, draught_m, flags, line;
            every report of each ship in it.
        rules: thresholds and bits of the flags.
        cache_dir: where the packed land mask lies.
    """
    columns = {name: reports[name].to_numpy() for name in reports.columns}
    order = _in_order(columns)
    columns = {name: values[order] for name, values in columns.items()}
    again = _repeats(columns)
    repeated = columns["line"][again]
    if len(repeated):
        columns = {name: values[~again] for name, values in columns.items()}
    columns["flags"] = columns["flags"] | _flags(columns, rules, cache_dir)
    day = columns["t"] // DAY_S
    if len(day) and day.min() != day.max():
        by_day = np.argsort(day, kind="stable")
        columns = {name: values[by_day] for name, values in columns.items()}
    frame = pl.DataFrame(columns).with_columns(
        pl.col("sog_kn", "cog_deg", "draught_m").fill_nan(None)
    )
    return Tracked(frame, repeated)


def _in_order(columns: Columns) -> NDArray[np.intp]:
    mmsi, t = columns["mmsi"], columns["t"]
    if not len(t):
        return np.zeros(0, dtype=np.intp)
    # a ship's number takes 30 bits, seconds since 2000 fewer than 33
    key = (mmsi << 33) | (t - t.min())
    order = np.argsort(key, kind="stable")
    key = key[order]
    same = np.zeros(len(key), dtype=bool)
    np.equal(key[1:], key[:-1], out=same[1:])
    if same.any():
        # reports of one second are few: put those alone in order by what they say
        tied = same.copy()
        tied[:-1] |= same[1:]
        among = order[tied]
        ties = [columns["line"][among]]
        ties += [_empty_last(columns[name][among]) for name in reversed(ORDER[2:])]
        order[tied] = among[np.lexsort([*ties, key[tied]])]
    return order


def _empty_last(values: NDArray) -> NDArray:
    return np.where(np.isnan(values), np.inf, values)


def _repeats(columns: Columns) -> NDArray[np.bool_]:
    again = np.zeros(len(columns["t"]), dtype=bool)
    if len(again):
        same = np.ones(len(again) - 1, dtype=bool)
        for name in ORDER:
            one, other = columns[name][1:], columns[name][:-1]
            equal = one == other
            if one.dtype.kind == "f":
                equal |= np.isnan(one) & np.isnan(other)
            same &= equal
        again[1:] = same
    return again


def _too_far(columns: Columns, step: int, km_per_s: float) -> NDArray[np.bool_]:
    """Whether each report is out of reach of the one `step` places before, of the same ship.

    The middle of a leg is close enough for a cosine: legs are short, long ones are refused anyway.
    """
    mmsi, t, lon, lat = (columns[name] for name in ("mmsi", "t", "lon", "lat"))
    far = np.zeros(len(t), dtype=bool)
    if len(t) <= step:
        return far
    north = (lat[step:] - lat[:-step]) * _DEGREE_KM
    east = (lon[step:] - lon[:-step] + 540) % 360 - 180
    east *= _DEGREE_KM * np.cos(np.radians((lat[step:] + lat[:-step]) / 2))
    allowed = _SLACK_KM + km_per_s * np.maximum(t[step:] - t[:-step], 1)
    far[step:] = (mmsi[step:] == mmsi[:-step]) & (north**2 + east**2 > allowed**2)
    return far


def _flags(columns: Columns, rules: Rules, cache_dir: Path) -> NDArray[np.int64]:
    bit = {rule: 1 << at for rule, at in rules.bits.items()}
    mmsi, t = columns["mmsi"], columns["t"]
    flags = np.zeros(len(t), dtype=np.int64)
    if not len(t):
        return flags
    conflict = np.zeros(len(t), dtype=bool)
    conflict[1:] = (mmsi[1:] == mmsi[:-1]) & (t[1:] == t[:-1])
    conflict[:-1] |= conflict[1:]
    flags[conflict] |= bit["conflicting_report"]

    km_per_s = rules.thresholds["impossible_speed"] * 1.852 / 3600
    far_in = _too_far(columns, 1, km_per_s)
    far_across = _too_far(columns, 2, km_per_s)
    flags[far_in] |= bit["impossible_speed"]
    # out of reach both ways while the neighbours fit each other: a jump out and back
    jump = np.zeros(len(t), dtype=bool)
    jump[1:-1] = far_in[1:-1] & far_in[2:] & ~far_across[2:] & (mmsi[2:] == mmsi[:-2])
    if jump.any():
        ship_day = mmsi * 1_000_000 + t // DAY_S
        days, jumps = np.unique(ship_day[jump], return_counts=True)
        at = np.searchsorted(ship_day, [days, days + 1])
        reports = at[1] - at[0]
        many = (jumps >= rules.thresholds["shared_mmsi"]) & (jumps >= 0.1 * reports)
        shared = np.isin(ship_day, days[many])
        flags[jump & shared] |= bit["shared_mmsi"]
        flags[jump & ~shared] |= bit["spoofed_position"]

    row, column = land.cell_of(columns["lon"], columns["lat"])
    # a ship stays in a cell for many reports: each cell is looked up once a stay
    cell = row * land.COLUMNS + column
    moved = np.ones(len(cell), dtype=bool)
    np.not_equal(cell[1:], cell[:-1], out=moved[1:])
    heads = np.flatnonzero(moved)
    inland = land.is_inland_cell(row[heads], column[heads], cache_dir=cache_dir)
    flags[np.repeat(inland, np.diff(heads, append=len(cell)))] |= bit["on_land"]
    return flags
