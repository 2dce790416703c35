"""Ports as grid cells, so that a position finds its port by one integer key.

A cell is 0.02 degrees square. Most cells can only belong to one port: `port_cells` has one row for
each. Where two ports could both be nearest, the cell is marked -2 and `port_candidates` lists
them; the engine settles those few positions exactly.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from pipelines.schemas.shipping import Ports
from pipelines.shipping.definitions import DEGREE_KM

CELLS_PER_DEGREE = 50
_COLUMNS = 360 * CELLS_PER_DEGREE

_CELL_SCHEMA = {
    "cell": pl.Int32,
    "port_id": pl.Int64,
    "lon": pl.Float64,
    "lat": pl.Float64,
    "cos_lat": pl.Float64,
    "inner_deg2": pl.Float64,
    "outer_deg2": pl.Float64,
}


def _reached(port_id: int, lon: float, lat: float, r_in_km: float, r_out_km: float) -> pl.DataFrame:
    """Cells that a port's outer circle touches, with the nearest and farthest distance in each."""
    shrink = float(np.cos(np.radians(lat)))
    inner, outer = r_in_km / DEGREE_KM, r_out_km / DEGREE_KM
    rows = np.arange(
        np.floor((lat - outer) * CELLS_PER_DEGREE), np.floor((lat + outer) * CELLS_PER_DEGREE) + 1
    )
    columns = np.arange(
        np.floor((lon - outer / shrink) * CELLS_PER_DEGREE),
        np.floor((lon + outer / shrink) * CELLS_PER_DEGREE) + 1,
    )
    column, row = (axis.ravel() for axis in np.meshgrid(columns, rows))

    def _span(low: np.ndarray, centre: float) -> tuple[np.ndarray, np.ndarray]:
        start, end = low / CELLS_PER_DEGREE - centre, (low + 1) / CELLS_PER_DEGREE - centre
        near = np.where((start <= 0) & (end >= 0), 0.0, np.minimum(abs(start), abs(end)))
        return near, np.maximum(abs(start), abs(end))

    (east_near, east_far), (north_near, north_far) = _span(column, lon), _span(row, lat)
    # beyond the antimeridian the grid starts over, and the port's own longitude with it
    wrapped = (column + _COLUMNS // 2) % _COLUMNS - _COLUMNS // 2
    return pl.DataFrame(
        {
            "cell": (wrapped * 100_000 + row).astype(np.int32),
            "port_id": np.full(len(row), port_id),
            "lon": lon + (wrapped - column) / CELLS_PER_DEGREE,
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
    candidates = possible.filter(shared).select(list(_CELL_SCHEMA)).cast(_CELL_SCHEMA)
    marked = candidates.unique("cell", maintain_order=True).with_columns(
        port_id=pl.lit(-2, dtype=pl.Int64)
    )
    alone = possible.filter(~shared).select(list(_CELL_SCHEMA)).cast(_CELL_SCHEMA)
    return pl.concat([alone, marked]).sort("cell"), candidates.sort("cell", "port_id")
