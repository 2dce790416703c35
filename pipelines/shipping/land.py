"""Land or sea on a 1 km grid, without holding the world in memory.

The mask comes from the package global-land-mask (GLOBE elevations, MIT). The package itself
unpacks 933 MB on import; here the same bits are packed once, streaming, into a 117 MB file that is
mapped, so a look-up touches a few pages.
"""

from __future__ import annotations

import importlib.util
import os
import tempfile
import zipfile
from functools import cache
from pathlib import Path

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

ROWS, COLUMNS = 21_600, 43_200
_ARCHIVE = "globe_combined_mask_compressed.npz"


def _package_archive() -> Path:
    spec = importlib.util.find_spec("global_land_mask")
    if spec is None or spec.origin is None:
        raise RuntimeError("global-land-mask is not installed; run ./run setup")
    return Path(spec.origin).parent / _ARCHIVE


def _build(target: Path) -> None:
    """Pack the mask, 240 rows of the grid at a time. A set bit is land."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(_package_archive()) as archive, archive.open("mask.npy") as stream:
        if npy.read_magic(stream) != (1, 0):
            raise RuntimeError("the land mask is not in NumPy's format 1.0; pin global-land-mask")
        shape, fortran, dtype = npy.read_array_header_1_0(stream)
        if shape != (ROWS, COLUMNS) or fortran or dtype != np.bool_:
            raise RuntimeError(f"the land mask has shape {shape}, expected {(ROWS, COLUMNS)}")
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=".part-")
        try:
            with os.fdopen(handle, "wb") as file:
                for _ in range(ROWS // 240):
                    block = np.frombuffer(stream.read(240 * COLUMNS), dtype=np.uint8)
                    # the package marks the ocean
                    file.write(np.packbits(block == 0).tobytes())
            os.replace(name, target)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise


@cache
def _bits(folder: Path) -> NDArray[np.uint8]:
    target = folder / "land_mask_1km.bits"
    size = ROWS * COLUMNS // 8
    if not target.exists() or target.stat().st_size != size:
        _build(target)
    return np.memmap(target, dtype=np.uint8, mode="r", shape=(size,))


def cell_of(
    lon: NDArray[np.float64], lat: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Grid row (from the north) and column (from 180 W) of each point, degrees in."""
    row = np.clip(np.floor((90.0 - lat) * 120.0), 0, ROWS - 1).astype(np.int64)
    column = np.floor((lon + 180.0) * 120.0).astype(np.int64) % COLUMNS
    return row, column


def _cells(bits: NDArray[np.uint8], row: NDArray[np.int64], column: NDArray[np.int64]) -> NDArray:
    at = np.clip(row, 0, ROWS - 1) * COLUMNS + column % COLUMNS
    return (bits[at >> 3] >> (7 - (at & 7)).astype(np.uint8)) & 1 == 1


def is_land_cell(
    row: NDArray[np.int64], column: NDArray[np.int64], *, cache_dir: Path
) -> NDArray[np.bool_]:
    """Whether grid cells are land."""
    return _cells(_bits(cache_dir), row, column)


def land_window(
    rows: NDArray[np.int64], columns: NDArray[np.int64], *, cache_dir: Path
) -> NDArray[np.bool_]:
    """Whether each cell of a window is land: one row per grid row, one column per grid column.

    Args:
        rows, columns: numbers without a gap, rising; columns may run past either edge of the grid.
    """
    bits = _bits(cache_dir).reshape(ROWS, COLUMNS // 8)[rows[0] : rows[-1] + 1]
    first, last = columns[0] // 8, columns[-1] // 8
    held = bits.take(np.arange(first, last + 1) % (COLUMNS // 8), axis=1)
    return np.unpackbits(held, axis=1)[:, columns - first * 8].astype(bool)


def is_inland_cell(
    row: NDArray[np.int64], column: NDArray[np.int64], *, cache_dir: Path
) -> NDArray[np.bool_]:
    """Whether grid cells and all eight neighbours are land: well away from any shore."""
    bits = _bits(cache_dir)
    inland = np.ones(len(row), dtype=bool)
    for down in (-1, 0, 1):
        for right in (-1, 0, 1):
            inland &= _cells(bits, row + down, column + right)
    return inland
