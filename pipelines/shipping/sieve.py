"""The one pass over all positions, in NumPy on sorted Parquet, a block of rows at a time.

It yields the rows of sql/shipping/legs.sql, and perhaps a few more: a row that is kept without need
costs time, never an event, since every later stage asks its own question again. So the tests here
may be coarse where that is cheap (no cosine, no exact circle), and a row group stays in the
processor's cache. Rows out of order are refused, and the engine then sorts with legs.sql itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pipelines.shipping.port_grid import BETWEEN, SEA, UNSURE, PortMap, columns_of

# arrays of this length stay in the processor's cache, and memory follows it, not the row group
ROWS_AT_ONCE = 65_536
# files that hold the same ships, such as days, are held together up to so many rows
MOST_MERGED = 4_000_000

COLUMNS = ("mmsi", "t", "lon", "lat", "sog_kn", "draught_m")

LEGS_SCHEMA = columns_of(
    "mmsi t lon lat draught_m is_stopped n from_n is_last is_adrift prev_t prev_lon prev_lat"
)
HEARD_SCHEMA = {"mmsi": pl.Int32, "cell": pl.Int32, "hour": pl.Int32}

Block = dict[str, NDArray]
Limits = Mapping[str, tuple[int | None, int | None]]
"""Column → least value, and the value that all lie below; None for no limit."""


class OutOfOrder(ValueError):
    """The rows of a file are not sorted by ship and time."""


@dataclass(frozen=True)
class Sieved:
    """Legs (`LEGS_SCHEMA`), where ships were heard (`HEARD_SCHEMA`), and the rows read for both.

    A ship that comes back to a cell within the hour is named again.
    """

    legs: pl.DataFrame
    heard: pl.DataFrame
    rows_in: int


@dataclass(frozen=True)
class Part:
    """Row groups of one Parquet file, its footer read once for all who read parts of it."""

    file: Path
    footer: pq.FileMetaData
    groups: tuple[int, ...]


def parts_of(files: Sequence[Path]) -> list[Part]:
    """Whole files as parts."""
    footers = [pq.read_metadata(file) for file in files]
    return [
        Part(file, footer, tuple(range(footer.num_row_groups)))
        for file, footer in zip(files, footers, strict=True)
    ]


ANY_SHIP = (0, 10**9)


def least_and_most(footer: pq.FileMetaData, group: int, column: str) -> tuple[int, int] | None:
    """Least and greatest value of a column in a row group; None where the footer does not tell."""
    known = footer.row_group(group).column(footer.schema.names.index(column)).statistics
    return (known.min, known.max) if known is not None and known.has_min_max else None


def _ships(part: Part, limits: Limits) -> tuple[int, int]:
    """Least and greatest ship that a part may hold, by its footer and within the limits."""
    known = [least_and_most(part.footer, number, "mmsi") or ANY_SHIP for number in part.groups]
    least = min((one for one, _ in known), default=ANY_SHIP[0])
    most = max((other for _, other in known), default=ANY_SHIP[1])
    low, high = limits["mmsi"]
    return (
        least if low is None else max(least, low),
        most if high is None else min(most, high - 1),
    )


def _together(parts: Sequence[Part], limits: Limits) -> list[list[Part]]:
    """Parts in order of ships; those that may hold the same ship, such as days, stand together."""
    found: list[list[tuple[int, Part]]] = []
    reach = -1
    for (least, most), place, part in sorted(
        (_ships(part, limits), place, part) for place, part in enumerate(parts)
    ):
        if not found or least > reach:
            found.append([])
        found[-1].append((place, part))
        reach = max(reach, most)
    # one after the other in time, as they were given
    return [[part for _, part in sorted(held)] for held in found]


def _blocks(parts: Sequence[Part], limits: Limits) -> Iterator[Block]:
    """Rows within the limits, `ROWS_AT_ONCE` or fewer.

    Raises:
        OutOfOrder: more rows lie in several files than are held at once.
    """
    for held in _together(parts, limits):
        read = (block for part in held for block in _of_part(part, limits))
        yield from read if len(held) == 1 else _in_order(read)


def _in_order(blocks: Iterator[Block]) -> Iterator[Block]:
    """Rows of several files, each in order of ships and all in order of time, ship after ship."""
    held: list[Block] = []
    rows = 0
    for block in blocks:
        rows += len(block["mmsi"])
        if rows > MOST_MERGED:
            raise OutOfOrder("too many rows lie in several files")
        held.append(block)
    if not held:
        return
    whole = {name: np.concatenate([block.pop(name) for block in held]) for name in COLUMNS}
    order = np.argsort(whole["mmsi"], kind="stable")
    for start in range(0, rows, ROWS_AT_ONCE):
        at = order[start : start + ROWS_AT_ONCE]
        yield {name: values[at] for name, values in whole.items()}


def _of_part(part: Part, limits: Limits) -> Iterator[Block]:
    with pq.ParquetFile(part.file, metadata=part.footer, pre_buffer=False) as opened:
        batches = opened.iter_batches(
            ROWS_AT_ONCE,
            row_groups=list(part.groups),
            columns=list(COLUMNS),
            use_threads=False,
        )
        for batch in batches:
            block: Block = {
                name: batch.column(name).to_numpy(zero_copy_only=False) for name in COLUMNS
            }
            wanted: NDArray[np.bool_] | None = None
            for name, (least, end) in limits.items():
                for limit, test in ((least, np.greater_equal), (end, np.less)):
                    if limit is not None and not (passed := test(block[name], limit)).all():
                        wanted = passed if wanted is None else wanted & passed
            if wanted is not None:
                block = {name: values[wanted] for name, values in block.items()}
            if len(block["mmsi"]):
                yield block


def _taken(block: Block, rows: NDArray[np.intp]) -> Block:
    return {name: values.take(rows) for name, values in block.items()}


def _joined(first: Block, second: Block) -> Block:
    return {name: np.concatenate([first[name], second[name]]) for name in first}


def _first_reports(block: Block) -> tuple[NDArray[np.intp], int]:
    """The first report of each ship and second by (lon, lat, sog_kn, draught_m), empty last.

    Rows that are no place are passed over.

    Returns:
        Their rows, in order, and the row at which the last second begins.

    Raises:
        OutOfOrder: a ship's times go back.
    """
    mmsi, t, is_place = block["mmsi"], block["t"], block["is_place"]
    rows = np.flatnonzero(is_place)
    if len(rows) < len(is_place):
        mmsi, t = mmsi.take(rows), t.take(rows)
    same_ship = mmsi[1:] == mmsi[:-1]
    step = t[1:] - t[:-1]
    if (same_ship & (step < 0)).any():
        raise OutOfOrder("a ship's positions are not in order of time")
    again = np.zeros(len(mmsi), dtype=bool)
    np.logical_and(same_ship, step == 0, out=again[1:])
    chosen = np.flatnonzero(~again)
    if not len(chosen):
        return chosen, len(is_place)
    last = int(rows[chosen[-1]])
    repeats = np.flatnonzero(again)
    if not _are_sorted(block, rows[repeats - 1], rows[repeats]):
        is_tied = again.copy()
        is_tied[repeats - 1] = True
        tied = np.flatnonzero(is_tied)
        head = ~again[tied]
        ties = [_empty_last(block[name][rows[tied]]) for name in _TIES]
        order = np.lexsort([*ties, head.cumsum()])
        # the group's first place takes the group's first report
        chosen[is_tied[chosen]] = tied[order[head]]
    return rows[chosen], last


def _is_place(block: Block) -> NDArray[np.bool_]:
    return (np.abs(block["lon"]) <= 180) & (np.abs(block["lat"]) <= 90)


_TIES = ("draught_m", "sog_kn", "lat", "lon")  # the least telling first, as lexsort wants them


def _empty_last(values: NDArray) -> NDArray:
    return np.where(np.isnan(values), np.inf, values)


def _are_sorted(block: Block, ones: NDArray[np.intp], others: NDArray[np.intp]) -> bool:
    """Whether each row comes no later than the other, as the rows of landed files do."""
    later = np.zeros(len(ones), dtype=bool)
    for name in _TIES:
        one, other = _empty_last(block[name][ones]), _empty_last(block[name][others])
        later = (one > other) | ((one == other) & later)
    return not later.any()


def sieve(
    parts: Sequence[Part],
    ports: PortMap,
    parameters: dict[str, int | float],
    *,
    low: int | None = None,
    high: int | None = None,
    from_t: int | None = None,
    until_t: int | None = None,
) -> Sieved:
    """Positions at which something may change.

    Args:
        parts: of Parquet files, each in order of ship and time; of those that hold the same ships
            the earlier come first.
        ports: the rough map of the ports.
        parameters: `Thresholds.parameters`.
        low, high: ships low <= mmsi < high.
        from_t, until_t: positions from_t <= t < until_t.

    Raises:
        OutOfOrder: the rows are not sorted by ship and time.
    """
    found: list[Block] = []
    starts: list[NDArray] = []
    heard: list[NDArray] = []
    rows_in = seen = from_n = 0
    # the last report judged, and the second after it: whether more of that second follow, only
    # the next block tells
    carried: Block | None = None
    judged = 0
    for raw in _blocks(parts, {"mmsi": (low, high), "t": (from_t, until_t)}):
        rows_in += len(raw["mmsi"])
        raw["is_place"] = _is_place(raw)
        heard.append(_heard(raw))
        block = raw if carried is None else _joined(carried, raw)
        chosen, waiting = _first_reports(block)
        if len(chosen) - judged < 2:
            carried = _taken(block, np.flatnonzero(block["is_place"]))
            continue
        reports = _taken(block, chosen[:-1])
        follower = block["mmsi"][waiting]
        legs, begun, from_n = _changes(reports, judged, follower, seen, from_n, ports, parameters)
        found.append(legs)
        starts.append(begun)
        seen += len(chosen) - 1 - judged
        carried = {
            name: np.concatenate([reports[name][-1:], values[waiting:]])
            for name, values in block.items()
        }
        judged = 1
    if carried is not None:
        chosen, _ = _first_reports(carried)
        reports = _taken(carried, chosen)
        if len(chosen) > judged:
            legs, begun, _ = _changes(reports, judged, None, seen, from_n, ports, parameters)
            found.append(legs)
            starts.append(begun)
    places = np.concatenate(heard) if heard else np.zeros((0, 3), dtype=np.int32)
    where = pl.DataFrame(places, schema=HEARD_SCHEMA)
    if not found:
        return Sieved(pl.DataFrame(schema=LEGS_SCHEMA), where, rows_in)
    ships = np.concatenate(starts)
    if len(np.unique(ships)) < len(ships):
        raise OutOfOrder("a ship's positions lie in more than one place")
    begins = ~np.concatenate([one.pop("has_prev") for one in found])
    columns = {}
    for name, kind in LEGS_SCHEMA.items():
        # column by column, so that the blocks are freed on the way
        values = pl.Series(name, np.concatenate([one.pop(name) for one in found]), dtype=kind)
        if name.startswith("prev_"):
            values = values.scatter(begins.nonzero()[0], None)
        elif name == "draught_m":
            values = values.fill_nan(None)
        columns[name] = values
    return Sieved(pl.DataFrame(columns), where, rows_in)


def _heard(block: Block) -> NDArray[np.int32]:
    """(ship, cell, hour) of every stretch of rows in one cell and hour; as sql/shipping/heard.sql.

    A ship reports many times an hour, and its rows lie together: few stretches remain.
    """
    # no place below is below 0, so whole numbers are the floors; what is no place is left out
    with np.errstate(invalid="ignore"):
        row = ((block["lat"] + 90) * 2).astype(np.int32)
        column = ((block["lon"] + 180) * 2).astype(np.int32)
    np.minimum(row, 359, out=row)
    column[column == 720] = 0
    row *= 720
    row += column
    hour = (block["t"] // 3600).astype(np.int32)
    mmsi, is_place = block["mmsi"], block["is_place"]
    turns = np.ones(len(row), dtype=bool)
    np.not_equal(row[1:], row[:-1], out=turns[1:])
    turns[1:] |= hour[1:] != hour[:-1]
    turns[1:] |= mmsi[1:] != mmsi[:-1]
    turns[1:] |= ~is_place[:-1]
    turns &= is_place
    at = np.flatnonzero(turns)
    return np.stack([mmsi[at].astype(np.int32), row[at], hour[at]], axis=1)


def _changes(
    block: Block,
    judged: int,
    next_mmsi: int | None,
    seen: int,
    from_n: int,
    ports: PortMap,
    parameters: dict[str, int | float],
) -> tuple[Block, NDArray, int]:
    """Rows where something may change, of the reports after the first `judged`.

    Args:
        seen: reports judged before; a report's n counts all of them.
        from_n: n of the report since which no leg of the ship was too long, before these.

    Returns:
        The rows, the ships that begin, and `from_n` after these.
    """
    mmsi, t, lon, lat = (block[name] for name in ("mmsi", "t", "lon", "lat"))
    draught = block["draught_m"]
    code = ports.codes(lon, lat)
    stopped = block["sog_kn"] < parameters["stop_kn"]  # empty is not stopped

    same = np.empty(len(mmsi), dtype=bool)
    same[0] = False
    np.equal(mmsi[1:], mmsi[:-1], out=same[1:])
    last = np.empty(len(mmsi), dtype=bool)
    np.logical_not(same[1:], out=last[:-1])
    last[-1] = next_mmsi is None or mmsi[-1] != next_mmsi

    leg_s = (t[1:] - t[:-1]).astype(np.float64)
    east = np.abs(lon[1:] - lon[:-1])
    north = np.abs(lat[1:] - lat[:-1])
    here, there = code[1:], code[:-1]

    # a leg is too long only if one of its sides is at least 0.7 of it, whatever the latitude
    keep = np.maximum(east, north) > (
        leg_s * (0.7 * parameters["speed_deg_per_s"]) + 0.7 * parameters["error_deg"]
    )
    parts = ~same
    parts[1:] |= keep
    parts[:judged] = False
    starts = np.flatnonzero(parts)
    keep |= leg_s > parameters["silence_s"]
    keep |= here != there
    keep |= here == UNSURE
    # a stay's first stop tells that it had one
    stops = np.flatnonzero((here != SEA) & stopped[1:] & ~stopped[:-1]) + 1
    if len(stops):
        stay = np.searchsorted(np.flatnonzero(keep | parts[1:]) + 1, stops, side="right")
        keep[stops[np.flatnonzero(np.diff(stay, prepend=-1))] - 1] = True
    # against the last draught said, not the last row: one report in many names it
    said = np.flatnonzero(~(np.isnan(draught) & same))
    told = draught[said]
    keep[said[1:][(told[1:] != told[:-1]) & ~np.isnan(told[1:])] - 1] = True
    # away from ports: slow in both directions; 1 - x²/2 never exceeds the cosine
    slow = leg_s * parameters["drift_deg_per_s"] + parameters["noise_deg"]
    maybe = np.flatnonzero((here <= SEA) & (north < slow) & (leg_s <= parameters["leg_s"]))
    told = _last_clear(code, starts, maybe + 1)
    maybe, told = maybe[told <= SEA], told[told <= SEA]
    y = lat[1:][maybe]
    shrink = np.maximum(1 - y * y * 1.5231e-4, 0.0) * 0.998
    drifts = east[maybe] * shrink < slow[maybe]

    tells = last | ~same
    tells[1:] |= keep
    wanted = tells.copy()
    wanted[1:][maybe[drifts]] = True
    wanted[:judged] = False
    at = np.flatnonzero(wanted)
    stretch = np.searchsorted(starts, at, side="right")
    # slow at sea as before, and nothing else: no state changes. The first row of a stretch that
    # names a draught is not among them: the stretch before may be another ship's
    adrift = np.zeros(len(mmsi), dtype=bool)
    adrift[1:][maybe[drifts & (told == SEA)]] = True
    adrift = (adrift & ~tells)[at]
    naming = np.flatnonzero(~np.isnan(draught[at]))
    adrift[naming[np.flatnonzero(np.diff(stretch[naming], prepend=-1))]] = False
    prev = np.maximum(at - 1, 0)
    numbers = np.concatenate([[from_n], starts + (seen + 1 - judged)])
    legs = {
        "mmsi": mmsi[at],
        "t": t[at],
        "lon": lon[at],
        "lat": lat[at],
        "draught_m": draught[at],
        "is_stopped": stopped[at],
        "n": at + (seen + 1 - judged),
        "from_n": numbers[stretch],
        "is_last": last[at],
        "is_adrift": adrift,
        "has_prev": same[at],
        "prev_t": t[prev],
        "prev_lon": lon[prev],
        "prev_lat": lat[prev],
    }
    return legs, mmsi[judged:][~same[judged:]], int(numbers[-1])


def _last_clear(code: NDArray, starts: NDArray[np.intp], rows: NDArray[np.intp]) -> NDArray:
    """The code of some rows; between the circles of a port, the last one of their ship before.

    Args:
        code: of every row, as `PortMap.codes`.
        starts: rows that may belong to another ship or track than the row before; where none is
            clear since the last of them, its own code stands.
        rows: to be told.
    """
    found = code[rows]
    between = np.flatnonzero(found == BETWEEN)
    if len(between):
        clear = code != BETWEEN
        clear[0] = True
        clear[starts] = True
        at = np.flatnonzero(clear)
        found[between] = code[at[np.searchsorted(at, rows[between], side="right") - 1]]
    return found
