"""From positions to tracks, port calls, gaps, encounters, loitering and draught changes.

The stages are the files of sql/shipping; this module says in which order they run, on which rows
and what is carried from one partition to the next. See pipelines/shipping/README.md.

    one pass over all positions   neighbours → legs: the few rows where something may change
    per ship                      reports → pieces → links → segments → states → runs, calls,
                                  silences, drifts, slots
    across ships                  contacts → meetings
    at the end                    the event tables as readers see them

Ships are worked on in buckets, each in its own DuckDB of one thread; only the ten-minute slots of
slow ships leave a bucket. A partition is a span of time: what is open at its end (`State`) opens
the next one, so a day costs the same however long the history.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import Literal

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from pipelines.schemas.shipping import EVENTS
from pipelines.shipping.backends import Backend, DuckDBBackend, EngineError, SparkBackend
from pipelines.shipping.port_grid import Columns, PortMap, columns_of, port_grid, port_map
from pipelines.shipping.sieve import ANY_SHIP, OutOfOrder, Part, least_and_most, parts_of, sieve
from pipelines.shipping.thresholds import Thresholds

ROWS_PER_BUCKET = 5_000_000
SLOTS_AT_ONCE = 75_000
SLOTS_HELD = 225_000
RECEPTION_AT_ONCE = 500_000
HEARD_CELLS = 720 * 360

CARRIED: dict[str, Columns] = {
    "pieces": columns_of("mmsi started_at ended_at end_lon end_lat segment is_claimed is_newest"),
    "segments": columns_of(
        "mmsi segment start_lon start_lat ended_at end_lon end_lat n_positions n_pieces is_newest "
        "is_live port_id"
    ),
    "runs": columns_of(
        "mmsi segment started_at ended_at port_id has_entry has_stop has_gap draught_last_m "
        "draught_in_m is_current"
    ),
    "silences": columns_of("mmsi segment off_at_s on_at_s off_lon off_lat on_lon on_lat port_id"),
    "drifts": columns_of("mmsi segment started_at ended_at start_lon start_lat path_m n_legs"),
    "slots": columns_of("mmsi segment slot lon lat"),
    "meetings": columns_of(
        "mmsi_a segment_a mmsi_b segment_b start_slot last_slot n_slots sum_distance_m "
        "min_distance_m path_a_m path_b_m start_lon start_lat lon_a lat_a lon_b lat_b"
    ),
    "heard": columns_of("mmsi cell hour"),
}
"""What a partition hands to the next one, table by table."""

_BY_SHIP = ("pieces", "segments", "runs", "silences", "drifts")

EVENT_PARTS: dict[str, Columns] = {
    "segments": CARRIED["segments"],
    "calls": columns_of(
        "mmsi segment entered_at_s left_at_s port_id dwell_hours draught_in_m draught_out_m "
        "confidence is_open"
    ),
    "silences": CARRIED["silences"] | columns_of("gap_hours distance_km implied_speed_kn"),
    "drifts": CARRIED["drifts"] | columns_of("is_open"),
    "meetings": CARRIED["meetings"] | columns_of("is_open"),
    "reception": columns_of("cell day ships any_hours shared_hours"),
}
"""What the stages find before it is given its final form."""


def _nothing() -> dict[str, pl.DataFrame]:
    return {name: pl.DataFrame(schema=columns) for name, columns in CARRIED.items()}


@dataclass(frozen=True)
class State:
    """What is open at the end of a partition.

    Attributes:
        until_t: epoch second (exclusive) up to which positions have been read; None at the start.
        tables: `CARRIED`, bounded by the number of ships, not by the length of the history.
    """

    until_t: int | None = None
    tables: dict[str, pl.DataFrame] = field(default_factory=_nothing)


@dataclass(frozen=True)
class Partition:
    """What one partition yields.

    Attributes:
        settled: events that no later position can change; add them to what is there.
        unsettled: events as they stand; replace them with the next partition's.
        state: opens the next partition.
        rows_in: positions read; rows_kept: one per ship and second, with a valid place.
        streamed: buckets read as a stream; sorted_first: buckets whose rows were out of order.
    """

    settled: dict[str, pl.DataFrame]
    unsettled: dict[str, pl.DataFrame]
    state: State
    rows_in: int = 0
    rows_kept: int = 0
    streamed: int = 0
    sorted_first: int = 0


@dataclass(frozen=True)
class _Bucket:
    """The ships low <= mmsi < high of some files, and the row groups that may hold them."""

    files: tuple[Path, ...]
    parts: tuple[Part, ...] = ()
    low: int | None = None
    high: int | None = None
    rows: int = 0

    @property
    def conditions(self) -> list[str]:
        """low <= mmsi < high, as far as given."""
        return [
            f"mmsi {sign} {limit}"
            for sign, limit in ((">=", self.low), ("<", self.high))
            if limit is not None
        ]

    def of(self, frame: pl.DataFrame) -> pl.DataFrame:
        for condition in self.conditions:
            frame = frame.filter(pl.sql_expr(condition))
        return frame


@dataclass(frozen=True)
class _Group:
    """One row group: its file, its number there, the ships it may hold, its rows."""

    file_no: int
    number: int
    low: int
    high: int
    rows: int


def plan_buckets(files: Sequence[Path], buckets: int | None = None) -> list[_Bucket]:
    """Cut the ships into ranges of mmsi of about equal numbers of rows.

    Any cut gives the same events; this one keeps memory bounded and reads each row group of a
    sorted file about once.
    """
    parts = parts_of(files)
    groups = [
        _Group(file_no, number, *(least_and_most(part.footer, number, "mmsi") or ANY_SHIP), rows)
        for file_no, part in enumerate(parts)
        for number in part.groups
        if (rows := part.footer.row_group(number).num_rows)
    ]
    ordered = sorted(groups, key=lambda group: (group.low, group.high, group.rows))
    rows = sum(group.rows for group in groups)
    # an even number: of two workers none is left without work
    wanted = buckets or 2 * max(1, -(-rows // (2 * ROWS_PER_BUCKET)))
    cuts: list[int] = []
    seen = 0
    for group in ordered:
        if seen >= rows * (len(cuts) + 1) / wanted and (not cuts or group.low > cuts[-1]):
            cuts.append(group.low)
        seen += group.rows
    if buckets is not None and len(cuts) + 1 < buckets and groups:
        # fewer row groups than buckets: cut the numbers themselves
        low, high = min(g.low for g in groups), max(g.high for g in groups)
        cuts = sorted({low + (high + 1 - low) * i // buckets for i in range(1, buckets)})
    planned = []
    for low, high in pairwise([None, *cuts, None]):
        within = [
            group
            for group in groups
            if (low is None or group.high >= low) and (high is None or group.low < high)
        ]
        held = tuple(
            replace(part, groups=tuple(g.number for g in within if g.file_no == file_no))
            for file_no, part in enumerate(parts)
        )
        size = sum(group.rows for group in within)
        planned.append(_Bucket(tuple(files), tuple(p for p in held if p.groups), low, high, size))
    # the largest first: the last to end then ends soon after the others
    return sorted(planned, key=lambda bucket: -bucket.rows)


@dataclass
class _Found:
    parts: dict[str, pl.DataFrame]
    carried: dict[str, pl.DataFrame]
    rows_in: int
    rows_kept: int
    streamed: bool


class _Reception:
    """Ships heard by cell and hour, and by cell and day, gathered from every bucket.

    Buckets hold different ships, so their counts add up. A day that is not over is handed on
    ship by ship: one heard again on it is still one ship. An hour's cell is one whole number, and
    a day's: sorting numbers costs a tenth of grouping rows of columns, in time and in memory.
    """

    def __init__(self, until_t: int) -> None:
        self._open_day = until_t // 86_400
        self._hours: list[_Counts] = []
        self._days: list[_Counts] = []
        self._lock = Lock()

    def add(self, heard: pl.DataFrame) -> pl.DataFrame:
        """Count the ships of one bucket (mmsi, cell, hour; repeats count once).

        Returns:
            Those of the open day, each once.
        """
        mmsi, cell, hour = (heard[name].to_numpy() for name in CARRIED["heard"])
        # the rows of a ship mostly lie together: one look at each stretch tells all of it
        turns = _turns(mmsi)
        ships, ship = np.unique(mmsi[turns], return_inverse=True)
        ship = np.repeat(ship, np.diff(turns, append=len(mmsi)))
        by_hour = _each_once(hour * HEARD_CELLS + cell, ship, len(ships))
        by_day = _each_once((hour // 24) * HEARD_CELLS + cell, ship, len(ships))
        with self._lock:
            self._hours.append(_counted(by_hour // len(ships)))
            self._days.append(_counted(by_day // len(ships)))
            if sum(len(keys) for keys, _ in self._hours) > RECEPTION_AT_ONCE:
                self._hours = [_summed(self._hours)]
                self._days = [_summed(self._days)]
        late = by_hour[by_hour >= self._open_day * 24 * HEARD_CELLS * len(ships)]
        place = late // len(ships)
        columns = (ships[late % len(ships)], place % HEARD_CELLS, place // HEARD_CELLS)
        return pl.DataFrame(dict(zip(CARRIED["heard"], columns, strict=True)), CARRIED["heard"])

    def found(self) -> pl.DataFrame:
        """Reception by cell and day: the hours of it as bits, 1 for the first."""
        places, ships = _summed(self._hours)
        hour = places // HEARD_CELLS
        bits = np.left_shift(1, hour % 24)
        days = (hour // 24) * HEARD_CELLS + places % HEARD_CELLS
        _, any_hours = _summed([(days, bits)])
        _, shared_hours = _summed([(days, np.where(ships > 1, bits, 0))])
        days, ships = _summed(self._days)
        columns = (days % HEARD_CELLS, days // HEARD_CELLS, ships, any_hours, shared_hours)
        schema = EVENT_PARTS["reception"]
        return pl.DataFrame(dict(zip(schema, columns, strict=True)), schema)


_Counts = tuple[NDArray[np.int64], NDArray[np.int64]]
"""Keys in order, each once, and a number for each."""


def _each_once(place: NDArray, ship: NDArray, ships: int) -> NDArray[np.int64]:
    """place x ships + ship in order, each once; `ship` lies below `ships`."""
    keys = np.sort(place.astype(np.int64) * ships + ship)
    return keys[_turns(keys)]


def _turns(values: NDArray) -> NDArray[np.intp]:
    """Where a value differs from the one before it."""
    turns = np.ones(len(values), dtype=bool)
    np.not_equal(values[1:], values[:-1], out=turns[1:])
    return np.flatnonzero(turns)


def _counted(keys: NDArray[np.int64]) -> _Counts:
    """How often each of some keys in order occurs."""
    turns = _turns(keys)
    return keys[turns], np.diff(turns, append=len(keys))


def _summed(counts: list[_Counts]) -> _Counts:
    """Numbers of the same key added up."""
    keys, numbers = (np.concatenate(column) for column in zip(*counts, strict=True))
    order = np.argsort(keys, kind="stable")
    turns = _turns(keys[order])
    summed = np.add.reduceat(numbers[order], turns) if len(turns) else numbers
    return keys[order[turns]], summed


def _legs(
    backend: Backend,
    bucket: _Bucket,
    times: tuple[int | None, int],
    ports: PortMap | None,
    parameters: dict[str, int | float],
) -> tuple[int, bool, pl.DataFrame]:
    """The one pass over all positions: rows read, whether in order, and where ships were heard."""
    if ports is not None:
        try:
            sieved = sieve(
                bucket.parts,
                ports,
                parameters,
                low=bucket.low,
                high=bucket.high,
                from_t=times[0],
                until_t=times[1],
            )
        except OutOfOrder:
            pass
        else:
            # the blocks it read are garbage now, which malloc would keep beside the stages' needs
            pa.default_memory_pool().release_unused()
            backend.lend("legs", sieved.legs)
            return sieved.rows_in, True, sieved.heard
    conditions = [*bucket.conditions, f"t < {times[1]}"]
    if times[0] is not None:
        conditions.append(f"t >= {times[0]}")
    backend.positions(bucket.files, conditions)
    backend.view("neighbours", parameters)
    backend.table("legs", parameters)
    rows_in = backend.number("select count(*) from {positions}")
    return rows_in, False, backend.frame("heard", parameters)


def _work_ships(
    backend: Backend,
    bucket: _Bucket,
    times: tuple[int | None, int],
    grid: tuple[pl.DataFrame, pl.DataFrame],
    ports: PortMap | None,
    state: State,
    reception: _Reception,
    parameters: dict[str, int | float],
) -> tuple[_Found, pl.DataFrame]:
    """Every stage that looks at one ship at a time, and the slots of slow ships."""
    backend.lend("port_cells", grid[0])
    backend.lend("port_candidates", grid[1])
    for name in _BY_SHIP:
        backend.lend(f"carried_{name}", bucket.of(state.tables[name]))
    rows_in, streamed, heard = _legs(backend, bucket, times, ports, parameters)
    before = bucket.of(state.tables["heard"])
    open_day = reception.add(pl.concat([before, heard.cast(pl.Schema(CARRIED["heard"]))]))
    backend.table("reports", parameters)
    for name in ("pieces", "piece_targets"):
        backend.table(name, parameters)
    backend.lend("chain_links", _follow_chains(backend.frame("links", parameters)))
    backend.drop("piece_targets")
    for name in ("segment_pieces", "segments", "stretches"):
        backend.table(name, parameters)
    backend.drop("chain_links")
    # the sort of states needs most: what was freed before it goes back first
    pa.default_memory_pool().release_unused()
    backend.table("states", parameters)
    backend.drop("reports")
    for name in ("runs", "drift_legs"):
        backend.table(name, parameters)
    backend.drop("legs")
    silences = backend.frame("silences", parameters)
    backend.drop("states")
    found = {
        name: backend.frame(name, parameters)
        for name in ("segment_summaries", "calls", "drifts", "next_pieces", "next_runs")
    }
    slots = backend.frame("slots", parameters)
    rows_kept = backend.number("select sum(n_new) from {pieces}")
    live = found["segment_summaries"].filter("is_live")
    carried = {
        "pieces": found["next_pieces"],
        "segments": live,
        "runs": found["next_runs"],
        "silences": silences.filter(~pl.col("is_believed") & pl.col("is_live")),
        "drifts": found["drifts"].filter("is_open"),
        "heard": open_day,
    }
    parts = {
        "segments": found["segment_summaries"],
        "calls": found["calls"],
        "silences": silences.filter("is_believed"),
        "drifts": found["drifts"],
    }
    return _Found(parts, carried, rows_in, rows_kept, streamed), slots


def _follow_chains(links: pl.DataFrame) -> pl.DataFrame:
    """The piece every piece continues, the first one of its segment, and whether one continues it.

    Each round looks twice as far back as the one before; pieces are few, whatever the positions.
    """
    pieces = links.with_row_index("row")
    places = pieces.select("mmsi", "row", previous_at="started_at")
    found = links.join(places, on=["mmsi", "previous_at"], how="left", maintain_order="left")
    previous = root = found["row"].to_numpy()
    while (root != (further := root[root])).any():
        root = further
    is_continued = np.zeros(links.height, dtype=bool)
    is_continued[previous[previous != np.arange(links.height)]] = True
    return links.with_columns(
        root_at=links["started_at"].gather(root), is_continued=pl.Series(is_continued)
    )


def run(
    files: Sequence[Path],
    ports: pl.DataFrame,
    *,
    state: State | None = None,
    from_t: int | None = None,
    until_t: int | None = None,
    definitions: Thresholds | None = None,
    engine: Literal["duckdb", "spark"] = "duckdb",
    buckets: int | None = None,
    workers: int = 2,
    memory_limit: str | None = None,
    spill: Path | None = None,
) -> Partition:
    """Run every stage on the positions of one partition.

    Args:
        files: Parquet files of positions (`POSITIONS_SCHEMA`); extra columns are not read.
        ports: the ports to look for (`PortCircles`).
        state: what the partition before left open; None at the start of the history.
        from_t: epoch second the partition starts at; earlier rows in the files are not read.
            Default: the end of the state, or no limit.
        until_t: epoch second the partition ends before; later rows are not read. Default: one
            second after the latest position.
        definitions: thresholds of the events.
        engine: where the SQL runs; both give the same events.
        buckets: number of groups of ships; default one per 5 million rows, an even number.
        workers: buckets worked on at once, a thread each.
        memory_limit: DuckDB's limit for all workers together, such as "2GB".
        spill: folder for what outgrows the limit.

    Returns:
        Partition: settled and unsettled events and the state for the next partition.

    Raises:
        EngineError: the partition starts before the end of the state, or a stage failed.
    """
    definitions = definitions or Thresholds()
    state = state or State()
    files = [Path(file) for file in files]
    start = from_t if from_t is not None else state.until_t
    if state.until_t is not None and start is not None and start < state.until_t:
        raise EngineError(
            f"the partition starts at {start}, but positions up to {state.until_t} have been read; "
            "run the history again from the day that changed"
        )
    if state.until_t is not None and until_t is not None and until_t < state.until_t:
        raise EngineError(f"the partition ends at {until_t}, before the state it continues")
    if until_t is None:
        until_t = max(_latest(files), state.until_t or 0, start or 0)
    times = (start, int(until_t))
    parameters = definitions.parameters() | {"until_t": int(until_t)}

    # Arrow's own pool keeps what was freed; this one gives it back for the next bucket
    pa.set_memory_pool(pa.system_memory_pool())
    if spill is not None:
        spill.mkdir(parents=True, exist_ok=True)
    try:
        with TemporaryDirectory(prefix="slots-", dir=spill) as folder:
            slots = _Slots(Path(folder))
            reception = _Reception(int(until_t))

            work = partial(
                _work_ships,
                times=times,
                grid=port_grid(ports),
                ports=None if engine == "spark" else port_map(ports),
                state=state,
                reception=reception,
                parameters=parameters,
            )
            if engine == "spark":
                backend: Backend = SparkBackend()
                one, slow = work(backend, _Bucket(tuple(files)))
                slots.add(slow)
                found = [one]
                meetings = _work_meetings(backend, slots, state, parameters)
            else:
                limit = _share(memory_limit, workers + 1)

                def _one(bucket: _Bucket) -> _Found:
                    # a new database each time: a used one keeps the memory of what was dropped
                    with DuckDBBackend(threads=1, memory_limit=limit, spill=spill) as opened:
                        one, slow = work(opened, bucket)
                    slots.add(slow)
                    return one

                with ThreadPoolExecutor(workers) as pool:
                    found = list(pool.map(_one, plan_buckets(files, buckets)))
                limit = _share(memory_limit, 1)
                with DuckDBBackend(threads=workers, memory_limit=limit, spill=spill) as backend:
                    meetings = _work_meetings(backend, slots, state, parameters)
    except duckdb.Error as error:
        raise EngineError(f"a shipping stage failed: {error}") from error
    return _gather(found, meetings, reception, int(until_t), parameters)


def _share(memory_limit: str | None, parts: int) -> str | None:
    if memory_limit is None:
        return None
    digits = "".join(character for character in memory_limit if character in "0123456789.")
    unit = memory_limit[len(digits) :].strip().upper()
    scale = {"GB": 1e9, "MB": 1e6, "GIB": 2**30, "MIB": 2**20}.get(unit)
    if not digits or scale is None:
        raise EngineError(f"memory_limit {memory_limit!r} is not a size such as '2GB'")
    return f"{int(float(digits) * scale / parts / 1e6)}MB"


def _latest(files: Sequence[Path]) -> int:
    """One second after the latest position, 0 without any; the files' footers mostly tell."""
    latest = -1
    for part in parts_of(files):
        for number in part.groups:
            known = least_and_most(part.footer, number, "t")
            if known is None:
                told = pl.scan_parquet(part.file).select(pl.col("t").max()).collect().item()
                latest = max(latest, -1 if told is None else told)
                break
            latest = max(latest, known[1])
    return latest + 1


class _Slots:
    """Ten-minute slots of slow ships, gathered from every bucket; what is many goes to disk.

    They alone grow with the number of positions, ship by ship, and are read slot by slot.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held: list[pl.DataFrame] = []
        self._files = 0
        self._lock = Lock()

    def add(self, slots: pl.DataFrame) -> None:
        with self._lock:
            self._held.append(slots)
            if sum(frame.height for frame in self._held) > SLOTS_HELD:
                self._write()

    def _write(self) -> None:
        # in order of time, so that a reader of one span skips the rest
        pl.concat(self._held).sort("slot", "mmsi", "segment").write_parquet(
            self._folder / f"{self._files:06d}.parquet",
            compression="uncompressed",
            row_group_size=16_384,
        )
        self._held.clear()
        self._files += 1

    @property
    def _all(self) -> pl.LazyFrame:
        held = [frame.lazy() for frame in self._held]
        if self._files:
            held.append(pl.scan_parquet(self._folder / "*.parquet"))
        return pl.concat(held)

    def since(self, slot: int) -> pl.DataFrame:
        """Slots from `slot` on."""
        return self._all.filter(pl.col("slot") >= slot).collect()

    def spans(self, first_until: int) -> Iterator[tuple[pl.DataFrame, int | None]]:
        """Spans of time of about `SLOTS_AT_ONCE` rows, and the last slot of each but the last.

        One slot is never cut, and slots up to `first_until` are of the first span.
        """
        sizes = self._all.group_by("slot").len().sort("slot").collect()
        span = (pl.col("len").cum_sum() - 1) // SLOTS_AT_ONCE
        numbered = sizes.with_columns(
            span=pl.when(pl.col("slot") <= first_until).then(-1).otherwise(span)
        )
        ranges = (
            numbered.group_by("span", maintain_order=True)
            .agg(first=pl.col("slot").min(), last=pl.col("slot").max())
            .select("first", "last")
            .rows()
        )
        if not ranges:
            yield pl.concat(self._held), None
        for first, last in ranges:
            span = self._all.filter(pl.col("slot").is_between(first, last)).collect()
            yield span, last if last < ranges[-1][1] else None


def _beside_others(slots: pl.DataFrame, contact_deg: float) -> pl.DataFrame:
    """Slots that share a wide cell with others: most ships that wait at sea wait alone.

    Cells are three times as wide as any contact reaches, and lie in three ways, a third of their
    width apart: two ships in contact share one of them.
    """
    reach = max(contact_deg, 0.004)
    columns = int(360 / (75 * reach))
    place = (pl.col("lat") / (3.5 * reach), (pl.col("lon") + 180) / 360 * columns)
    shared = [
        pl.len().over(
            "slot",
            (place[0] + shift / 3).floor().cast(pl.Int32),
            (place[1] + shift / 3).floor().cast(pl.Int32) % columns,
        )
        > 1
        for shift in range(3)
    ]
    return slots.filter(pl.any_horizontal(shared))


def _work_meetings(
    backend: Backend, slots: _Slots, state: State, parameters: dict[str, int | float]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(meetings, slots that later ones may still meet), sorted: the stage that looks across ships.

    Ships are in contact at one slot or another, so the slots are taken a span of time after the
    other, as partitions are: memory follows the span.
    """
    carried = state.tables["meetings"]
    before = state.tables["slots"].with_columns(is_fresh=False)
    found: list[pl.DataFrame] = []
    latest = carried["last_slot"].max()
    held = [before.clear()]
    for span, last in slots.spans(int(latest) if isinstance(latest, int) else -1):
        fresh = span.select(before.columns[:-1]).with_columns(is_fresh=True)
        held.append(_beside_others(pl.concat([before, fresh]), parameters["contact_deg"]))
        if last is not None and sum(frame.height for frame in held) < SLOTS_AT_ONCE:
            continue
        near = pl.concat(held)
        # each span had those carried in beside it
        near = pl.concat([near.filter("is_fresh"), near.filter(~pl.col("is_fresh")).unique()])
        held = [before.clear()]
        pa.default_memory_pool().release_unused()
        backend.put("carried_meetings", carried)
        backend.lend("slots", near)
        for name in ("slot_ships", "contacts"):
            backend.table(name, parameters)
        backend.drop("slots")
        until_t = parameters["until_t"]
        if last is not None:
            # a meeting goes on if the next slot that may come is near enough to its last one
            until_t = (last + 1) * 600 + parameters["leg_s"]
        meetings = backend.frame("meetings", parameters | {"until_t": int(until_t)})
        ended = pl.col("last_slot") - pl.col("start_slot") >= parameters["contact_slots"]
        if last is None:
            found.append(meetings)
        else:
            # what has ended too short to matter is not worth keeping
            found.append(meetings.filter(~pl.col("is_open") & ended))
            carried = meetings.filter("is_open").select(list(CARRIED["meetings"]))
    oldest = -(-int(parameters["until_t"] - parameters["leg_s"]) // 600)
    waiting = state.tables["slots"].filter(pl.col("slot") >= oldest)
    late = pl.concat([slots.since(oldest).select(waiting.columns), waiting])
    # several workers find them: in an order of their own each run
    return (
        pl.concat(found).sort("mmsi_a", "segment_a", "mmsi_b", "segment_b", "start_slot"),
        late.sort("slot", "mmsi", "segment"),
    )


def _gather(
    found: list[_Found],
    meetings: tuple[pl.DataFrame, pl.DataFrame],
    reception: _Reception,
    until_t: int,
    parameters: dict[str, int | float],
) -> Partition:
    def _shaped(frames: list[pl.DataFrame], schema: Columns) -> pl.DataFrame:
        return pl.concat([frame.select(list(schema)).cast(pl.Schema(schema)) for frame in frames])

    by_ship = ("segments", "calls", "silences", "drifts")
    parts = {name: pl.concat([one.parts[name] for one in found]) for name in by_ship}
    parts |= {"meetings": meetings[0], "reception": reception.found()}
    is_open = {
        "segments": pl.col("is_live"),
        "calls": ~pl.col("is_final"),
        "silences": pl.lit(False),
        "drifts": pl.col("is_open"),
        "meetings": pl.col("is_open"),
        # a later partition may hear more ships on a day that is not over
        "reception": pl.col("day") >= until_t // 86_400,
    }
    # what has ended too short to matter is not worth keeping
    matters = {
        "drifts": pl.col("ended_at") - pl.col("started_at") >= parameters["loiter_s"],
        "meetings": pl.col("last_slot") - pl.col("start_slot") >= parameters["contact_slots"],
    }
    settled = {
        name: _shaped([frame.filter(~is_open[name], matters.get(name, True))], EVENT_PARTS[name])
        for name, frame in parts.items()
    }
    unsettled = {
        name: _shaped([frame.filter(is_open[name])], EVENT_PARTS[name])
        for name, frame in parts.items()
    }
    tables = {
        name: _shaped([one.carried[name] for one in found], CARRIED[name])
        for name in (*_BY_SHIP, "heard")
    }
    tables["slots"] = _shaped([meetings[1]], CARRIED["slots"])
    tables["meetings"] = unsettled["meetings"].select(list(CARRIED["meetings"]))
    return Partition(
        settled=settled,
        unsettled=unsettled,
        state=State(until_t, tables),
        rows_in=sum(one.rows_in for one in found),
        rows_kept=sum(one.rows_kept for one in found),
        streamed=sum(one.streamed for one in found),
        sorted_first=sum(not one.streamed for one in found),
    )


Places = Callable[[pl.DataFrame], pl.DataFrame]
"""Points (lon, lat, unique) → lon, lat, port_id, port_km, coast_km; null where unknown."""


def finish(
    settled: dict[str, pl.DataFrame],
    last: Partition,
    *,
    places: Places,
    definitions: Thresholds | None = None,
) -> dict[str, pl.DataFrame]:
    """The event tables as readers see them (`EVENTS`), in a total order.

    Args:
        settled: settled events of every partition so far, the last one included.
        last: the last partition.
        places: measures points against ports and the coast, such as `places.measure`.
        definitions: the thresholds the partitions were run with.
    """
    definitions = definitions or Thresholds()
    until_t = last.state.until_t
    assert until_t is not None
    parameters = definitions.parameters() | {"until_t": until_t}
    everything = {name: pl.concat([settled[name], last.unsettled[name]]) for name in EVENT_PARTS}
    points = pl.concat(
        [
            everything["silences"].select(lon="off_lon", lat="off_lat"),
            everything["silences"].select(lon="on_lon", lat="on_lat"),
            everything["segments"].filter("is_newest").select(lon="end_lon", lat="end_lat"),
        ]
    ).unique()
    found = {}
    with DuckDBBackend(threads=2) as backend:
        backend.lend("places", places(points))
        for name, frame in everything.items():
            backend.lend(f"all_{name}", frame)
        for name in EVENTS:
            found[name] = backend.frame(name, parameters)
            backend.lend(name, found[name])
    return found
