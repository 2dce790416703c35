"""Ports as grid cells, so that a position finds its port by one integer key.

A cell is 0.02 degrees square. Most cells can only belong to one port: `port_cells` has one row for
each. Where two ports could both be nearest, the cell is marked -2 and `port_candidates` lists
them; the engine settles those few positions exactly.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipelines.schemas.shipping import PortCircles
from pipelines.shipping.thresholds import DEGREE_KM

CELLS_PER_DEGREE = 50
TILES_PER_DEGREE = 10
_SHIFT = 5  # fine cells in a tile's side as a power of two: a shift costs less than a division
_FINE_PER_TILE = 1 << _SHIFT
FINE_CELLS_PER_DEGREE = TILES_PER_DEGREE * _FINE_PER_TILE

Columns = dict[str, type[pl.DataType]]
_MEASURED = re.compile(r"(^|_)(lon|lat)(_[ab])?$|^draught_|^(dwell|gap)_hours$|_km$|_kn$|_deg2$")


def columns_of(names: str) -> Columns:
    """Columns of the stages in this order, by name: flags, what is measured, else whole numbers."""
    return {
        name: pl.Boolean
        if name.startswith(("is_", "has_"))
        else pl.Float64
        if _MEASURED.search(name)
        else pl.Int64
        for name in names.split()
    }


_CELL_SCHEMA = columns_of("cell port_id lon lat cos_lat inner_deg2 outer_deg2")


def _reached(
    port_id: int,
    lon: float,
    lat: float,
    r_in_km: float,
    r_out_km: float,
    *,
    per_degree: int = CELLS_PER_DEGREE,
) -> pl.DataFrame:
    """Cells that a port's outer circle touches, with the nearest and farthest distance in each."""
    shrink = float(np.cos(np.radians(lat)))
    inner, outer = r_in_km / DEGREE_KM, r_out_km / DEGREE_KM
    rows = np.arange(np.floor((lat - outer) * per_degree), np.floor((lat + outer) * per_degree) + 1)
    columns = np.arange(
        np.floor((lon - outer / shrink) * per_degree),
        np.floor((lon + outer / shrink) * per_degree) + 1,
    )
    column, row = (axis.ravel() for axis in np.meshgrid(columns, rows))

    def _span(low: np.ndarray, centre: float) -> tuple[np.ndarray, np.ndarray]:
        start, end = low / per_degree - centre, (low + 1) / per_degree - centre
        near = np.where((start <= 0) & (end >= 0), 0.0, np.minimum(abs(start), abs(end)))
        return near, np.maximum(abs(start), abs(end))

    (east_near, east_far), (north_near, north_far) = _span(column, lon), _span(row, lat)
    # beyond the antimeridian the grid starts over, and the port's own longitude with it
    round_the_world = 360 * per_degree
    wrapped = (column + round_the_world // 2) % round_the_world - round_the_world // 2
    return pl.DataFrame(
        {
            "cell": (wrapped * 100_000 + row).astype(np.int64),
            "column_no": wrapped.astype(np.int64),
            "row_no": row.astype(np.int64),
            "port_id": np.full(len(row), port_id),
            "lon": lon + (wrapped - column) / per_degree,
            "lat": np.full(len(row), lat),
            "cos_lat": np.full(len(row), shrink),
            "inner_deg2": np.full(len(row), inner * inner),
            "outer_deg2": np.full(len(row), outer * outer),
            "near_deg2": (east_near * shrink) ** 2 + north_near**2,
            "far_deg2": (east_far * shrink) ** 2 + north_far**2,
        }
    ).filter(pl.col("near_deg2") <= pl.col("outer_deg2"))


def port_grid(ports: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(`port_cells`, `port_candidates`) of a ports table (`PortCircles`).

    A position belongs to the nearest of the ports whose outer circle holds it.

    Raises:
        ValueError: an outer radius is smaller than its inner one.
        pandera.errors.SchemaErrors: the table breaks its contract.
    """
    PortCircles.validate(ports, lazy=True)
    wrong = ports.filter(pl.col("r_out_km") < pl.col("r_in_km"))
    if wrong.height:
        raise ValueError(
            f"port {wrong['port_id'][0]}: r_out_km lies below r_in_km; a ship would leave before "
            "it arrives"
        )
    if ports.is_empty():
        return pl.DataFrame(schema=_CELL_SCHEMA), pl.DataFrame(schema=_CELL_SCHEMA)
    columns = ports.select("port_id", "lon", "lat", "r_in_km", "r_out_km")
    reached = pl.concat([_reached(*row) for row in columns.iter_rows()])
    # a port that covers a cell and is everywhere nearer rules the others out
    covering = (
        reached.filter(pl.col("far_deg2") <= pl.col("outer_deg2"))
        .group_by("cell")
        .agg(bar_deg2=pl.col("far_deg2").min())
    )
    possible = reached.join(covering, on="cell", how="left").filter(
        pl.col("bar_deg2").is_null() | (pl.col("near_deg2") <= pl.col("bar_deg2"))
    )
    shared = pl.len().over("cell") > 1
    candidates = possible.filter(shared).select(list(_CELL_SCHEMA)).cast(pl.Schema(_CELL_SCHEMA))
    marked = candidates.unique("cell", maintain_order=True).with_columns(
        port_id=pl.lit(-2, dtype=pl.Int64)
    )
    alone = possible.filter(~shared).select(list(_CELL_SCHEMA)).cast(pl.Schema(_CELL_SCHEMA))
    return pl.concat([alone, marked]).sort("cell"), candidates.sort("cell", "port_id")


SEA, UNSURE, BETWEEN = 0, -1, -2
"""Codes of a `PortMap` beside the ports' own: outside every outer circle; not told by the cell;
between the circles of the nearest port."""


@dataclass(frozen=True)
class PortMap:
    """A rough map for a first look: what does a place's cell alone say about its port?

    Attributes:
        tiles: number of the fine tile by 0.1 degree row and column; 0 is open sea.
        cells: per tile 32 x 32 cells: n > 0 where every place lies in the inner circle of the n-th
            port and nearest to it, `BETWEEN` - n where no other port is near and the place itself
            tells, else `SEA`, `BETWEEN` or `UNSURE`.
        circles: lon, lat, cosine of lat, inner and outer radius squared (degrees) by port.
    """

    tiles: NDArray[np.int32]
    cells: NDArray[np.int16]
    circles: NDArray[np.float64]

    def codes(self, lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.int16]:
        """The code of each place; degrees, -180..180 and -90..90."""
        columns = ((lon + 180.0) * FINE_CELLS_PER_DEGREE).astype(np.int32)
        rows = ((lat + 90.0) * FINE_CELLS_PER_DEGREE).astype(np.int32)
        at = rows >> _SHIFT
        at *= np.int32(self.tiles.shape[1])
        at += columns >> _SHIFT
        tile = self.tiles.ravel().take(at)
        found = np.zeros(len(lon), dtype=np.int16)
        near = np.flatnonzero(tile)
        if len(near):
            fine = (rows[near] & (_FINE_PER_TILE - 1)) << _SHIFT
            fine |= columns[near] & (_FINE_PER_TILE - 1)
            fine |= tile[near] << (2 * _SHIFT)
            found[near] = self.cells.ravel().take(fine)
            rim = near[found[near] < BETWEEN]
            found[rim] = self._measured(lon[rim], lat[rim], BETWEEN - found[rim])
        return found

    def _measured(
        self, lon: NDArray[np.float64], lat: NDArray[np.float64], port: NDArray[np.int16]
    ) -> NDArray[np.int16]:
        """The code of places near one port alone; a place on a circle itself stays `UNSURE`."""
        port_lon, port_lat, shrink, inner, outer = self.circles[:, port - 1]
        east = np.abs(lon - port_lon)
        east = np.minimum(east, 360 - east) * shrink
        deg2 = east * east + (lat - port_lat) ** 2
        code = np.where(deg2 <= inner, port, np.where(deg2 <= outer, BETWEEN, SEA))
        on_one = np.minimum(np.abs(deg2 - inner), np.abs(deg2 - outer)) <= 1e-9 * outer
        code[on_one] = UNSURE
        return code


def port_map(ports: pl.DataFrame) -> PortMap:
    """The rough map of a ports table (`PortCircles`)."""
    # one row and column to spare: 90 degrees north and 180 east are places too
    tiles = np.zeros((180 * TILES_PER_DEGREE + 1, 360 * TILES_PER_DEGREE + 1), dtype=np.int32)
    if ports.is_empty():
        cells = np.zeros((1, _FINE_PER_TILE, _FINE_PER_TILE), dtype=np.int16)
        return PortMap(tiles, cells, np.zeros((5, 0)))
    # a little wider than they are: a place on the edge of a circle is never told by its cell
    wide = 1.001
    columns = ports.with_row_index("number", offset=1).select(
        pl.col("number").cast(pl.Int64), "lon", "lat", "r_in_km", pl.col("r_out_km") * wide
    )
    reached = pl.concat(
        [_reached(*row, per_degree=FINE_CELLS_PER_DEGREE) for row in columns.iter_rows()]
    )
    # what a cell says holds if its port is the nearest from anywhere in it
    rival = pl.col("near_deg2").sort().slice(1, 1).first()
    told = (
        reached.group_by("cell", maintain_order=True)
        .agg(
            pl.col("column_no", "row_no").first(),
            pl.col("port_id", "near_deg2", "far_deg2", "inner_deg2", "outer_deg2")
            .sort_by("far_deg2", "port_id")
            .first(),
            rival_deg2=rival,
        )
        .with_columns(
            is_nearest=pl.col("rival_deg2").is_null()
            | (pl.col("rival_deg2") > pl.col("far_deg2") * wide)
        )
        .with_columns(
            code=pl.when(~pl.col("is_nearest"))
            .then(UNSURE)
            .when(pl.col("far_deg2") * wide < pl.col("inner_deg2"))
            .then("port_id")
            .when(
                (pl.col("near_deg2") > pl.col("inner_deg2") * wide)
                & (pl.col("far_deg2") * wide**3 < pl.col("outer_deg2"))
            )
            .then(BETWEEN)
            .when(pl.col("rival_deg2").is_null())
            .then(BETWEEN - pl.col("port_id"))
            .otherwise(UNSURE)
        )
    )
    column = told["column_no"].to_numpy() + 180 * FINE_CELLS_PER_DEGREE
    row = told["row_no"].to_numpy() + 90 * FINE_CELLS_PER_DEGREE
    at = (row // _FINE_PER_TILE, column // _FINE_PER_TILE)
    used = np.unique(at[0] * tiles.shape[1] + at[1])
    tiles.ravel()[used] = np.arange(1, len(used) + 1)
    cells = np.zeros((len(used) + 1, _FINE_PER_TILE, _FINE_PER_TILE), dtype=np.int16)
    cells[tiles[at], row % _FINE_PER_TILE, column % _FINE_PER_TILE] = told["code"].to_numpy()
    # the antimeridian has two names; only rows in use, or the whole empty map would take memory
    tiles[at[0], -1] = tiles[at[0], 0]
    lon, lat, r_in_km, r_out_km = (
        ports[name].to_numpy() for name in ("lon", "lat", "r_in_km", "r_out_km")
    )
    radii = ((radius / DEGREE_KM) ** 2 for radius in (r_in_km, r_out_km))
    circles = np.array([lon, lat, np.cos(np.radians(lat)), *radii])
    return PortMap(tiles, cells, circles)
