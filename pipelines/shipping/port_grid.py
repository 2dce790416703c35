"""Ports as grid cells, so that a position finds its port by one integer key.

A cell is 0.02 degrees square. Most cells can only belong to one port: `port_cells` has one row for
each. Where two ports could both be nearest, the cell is marked -2 and `port_candidates` lists
them; the engine settles those few positions exactly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipelines.schemas.shipping import Ports
from pipelines.shipping.definitions import DEGREE_KM

CELLS_PER_DEGREE = 50
FINE_CELLS_PER_DEGREE = 200
TILES_PER_DEGREE = 10
_FINE_PER_TILE = FINE_CELLS_PER_DEGREE // TILES_PER_DEGREE

_CELL_SCHEMA = {
    "cell": pl.Int64,
    "port_id": pl.Int64,
    "lon": pl.Float64,
    "lat": pl.Float64,
    "cos_lat": pl.Float64,
    "inner_deg2": pl.Float64,
    "outer_deg2": pl.Float64,
}


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
    """(`port_cells`, `port_candidates`) of a ports table (`Ports`).

    A position belongs to the nearest of the ports whose outer circle holds it.

    Raises:
        ValueError: an outer radius is smaller than its inner one.
        pandera.errors.SchemaErrors: the table breaks its contract.
    """
    Ports.validate(ports, lazy=True)
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


@dataclass(frozen=True)
class PortMap:
    """A rough map for a first look: is a place certainly in a port, perhaps, or certainly not?

    Attributes:
        tiles: number of the fine tile by 0.1 degree row and column; 0 is open sea.
        cells: per tile 20 x 20 cells: 0 outside every outer circle, 1 inside one port's inner
            circle and no other port's outer one, 2 anything else.
    """

    tiles: NDArray[np.int32]
    cells: NDArray[np.int8]

    def codes(self, lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.int8]:
        """The code of each place; degrees, -180..180 and -90..90."""
        column = (lon + 180.0) * FINE_CELLS_PER_DEGREE
        row = (lat + 90.0) * FINE_CELLS_PER_DEGREE
        columns = column.astype(np.int32)
        rows = row.astype(np.int32)
        tile = self.tiles[rows // _FINE_PER_TILE, columns // _FINE_PER_TILE]
        found = np.zeros(len(lon), dtype=np.int8)
        near = np.flatnonzero(tile)
        if len(near):
            found[near] = self.cells[
                tile[near], rows[near] % _FINE_PER_TILE, columns[near] % _FINE_PER_TILE
            ]
        return found


def port_map(ports: pl.DataFrame) -> PortMap:
    """The rough map of a ports table (`Ports`)."""
    # one row and column to spare: 90 degrees north and 180 east are places too
    tiles = np.zeros((180 * TILES_PER_DEGREE + 1, 360 * TILES_PER_DEGREE + 1), dtype=np.int32)
    if ports.is_empty():
        return PortMap(tiles, np.zeros((1, _FINE_PER_TILE, _FINE_PER_TILE), dtype=np.int8))
    columns = ports.select("port_id", "lon", "lat", "r_in_km", pl.col("r_out_km") * 1.001)
    reached = pl.concat(
        [_reached(*row, per_degree=FINE_CELLS_PER_DEGREE) for row in columns.iter_rows()]
    ).with_columns(
        code=pl.when((pl.col("far_deg2") < pl.col("inner_deg2")) & (pl.len().over("cell") == 1))
        .then(pl.lit(1, dtype=pl.Int8))
        .otherwise(pl.lit(2, dtype=pl.Int8))
    )
    column = reached["column_no"].to_numpy() + 180 * FINE_CELLS_PER_DEGREE
    row = reached["row_no"].to_numpy() + 90 * FINE_CELLS_PER_DEGREE
    at = (row // _FINE_PER_TILE, column // _FINE_PER_TILE)
    used = np.unique(at[0] * tiles.shape[1] + at[1])
    tiles.ravel()[used] = np.arange(1, len(used) + 1)
    cells = np.zeros((len(used) + 1, _FINE_PER_TILE, _FINE_PER_TILE), dtype=np.int8)
    cells[tiles[at], row % _FINE_PER_TILE, column % _FINE_PER_TILE] = reached["code"].to_numpy()
    # the antimeridian has two names
    tiles[:, -1] = tiles[:, 0]
    return PortMap(tiles, cells)
