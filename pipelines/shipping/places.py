"""How far points lie from the ports we know and from the coast."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipelines.shipping import land

if TYPE_CHECKING:
    from scipy.spatial import KDTree

RADIUS_KM = 6371.0088
REACH_KM = 300.0
"""Farther from any coast than this, the distance is left empty."""
_TILE_DEG = 10


def _unit(lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points of the unit sphere: straight distances there order as great circles do."""
    x, y = np.radians(lon), np.radians(lat)
    return np.column_stack([np.cos(y) * np.cos(x), np.cos(y) * np.sin(x), np.sin(y)])


def _tree(lon: NDArray[np.float64], lat: NDArray[np.float64]) -> KDTree:
    # loaded when first used: scipy takes 25 MB, and most workers measure nothing
    from scipy.spatial import KDTree

    return KDTree(_unit(lon, lat))


def _arc_km(chord: NDArray[np.float64]) -> NDArray[np.float64]:
    return 2 * RADIUS_KM * np.arcsin(np.clip(chord / 2, 0, 1))


def coast_km(
    lon: NDArray[np.float64], lat: NDArray[np.float64], *, cache_dir: Path
) -> NDArray[np.float64]:
    """Distance to the nearest land cell of the 1 km mask, km; 0 on land, NaN beyond `REACH_KM`.

    Args:
        lon, lat: degrees, equal length.
        cache_dir: where the packed land mask lies or is made.
    """
    found = np.full(len(lon), np.nan)
    tile = np.floor(lon / _TILE_DEG) * 1000 + np.floor(lat / _TILE_DEG)
    for one in np.unique(tile):
        here = tile == one
        south, north = lat[here].min(), lat[here].max()
        margin = REACH_KM / RADIUS_KM * 180 / np.pi
        wide = min(
            margin / max(np.cos(np.radians(min(max(abs(south), abs(north)) + 3, 88))), 0.03), 90
        )
        top, _ = land.cell_of(np.zeros(1), np.array([min(north + margin, 90.0)]))
        bottom, _ = land.cell_of(np.zeros(1), np.array([max(south - margin, -90.0)]))
        rows = np.arange(top[0], bottom[0] + 1)
        columns = np.arange(
            int(np.floor((lon[here].min() - wide + 180) * 120)),
            int(np.floor((lon[here].max() + wide + 180) * 120)) + 1,
        )
        columns = columns[: land.COLUMNS]
        is_land = land.land_window(rows, columns, cache_dir=cache_dir)
        # the shore alone: land with water beside it
        inside = is_land.copy()
        inside[1:-1, 1:-1] &= (
            is_land[:-2, 1:-1] & is_land[2:, 1:-1] & is_land[1:-1, :-2] & is_land[1:-1, 2:]
        )
        inside[[0, -1], :] = False
        inside[:, [0, -1]] = False
        shore = is_land & ~inside
        at_row, at_column = np.nonzero(shore)
        if not len(at_row):
            continue
        tree = _tree((columns[at_column] + 0.5) / 120 - 180, 90 - (rows[at_row] + 0.5) / 120)
        chord, _ = tree.query(_unit(lon[here], lat[here]))
        distance = _arc_km(chord)
        own_row, own_column = land.cell_of(lon[here], lat[here])
        distance[land.is_land_cell(own_row, own_column, cache_dir=cache_dir)] = 0.0
        found[here] = np.where(distance <= REACH_KM, distance, np.nan)
    return found


def measure(points: pl.DataFrame, ports: pl.DataFrame, *, cache_dir: Path | None) -> pl.DataFrame:
    """Nearest known port and distance to the coast of points.

    Args:
        points: lon, lat; degrees.
        ports: port_id, lon, lat.
        cache_dir: where the packed land mask lies; None leaves the coast out.

    Returns:
        points with port_id, port_km, coast_km (km, rounded to 10 m).
    """
    lon, lat = points["lon"].to_numpy(), points["lat"].to_numpy()
    port_id = np.full(points.height, -1)
    port_km = np.full(points.height, np.nan)
    if ports.height and points.height:
        tree = _tree(ports["lon"].to_numpy(), ports["lat"].to_numpy())
        chord, nearest = tree.query(_unit(lon, lat))
        port_id, port_km = ports["port_id"].to_numpy()[nearest], _arc_km(chord)
    shore = (
        np.full(points.height, np.nan)
        if cache_dir is None or not points.height
        else coast_km(lon, lat, cache_dir=cache_dir)
    )
    return points.with_columns(
        port_id=pl.Series(port_id, dtype=pl.Int64).replace(-1, None),
        port_km=pl.Series(port_km).fill_nan(None).round(2),
        coast_km=pl.Series(shore).fill_nan(None).round(2),
    )
