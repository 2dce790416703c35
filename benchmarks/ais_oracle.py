"""The same events a second time, in Polars and plain Python, to hold the engine against.

Written from the definitions in pipelines/shipping/README.md, not from the SQL: every position is
looked at in full, ports by trying each of them, segments by walking through a ship's pieces one
after another. No carried state, no event reduction. Slow, and meant to be.
"""

from __future__ import annotations

import math

import numpy as np
import polars as pl

from pipelines.shipping.definitions import DEGREE_KM, Definitions


def _plane_deg(lon_a: pl.Expr, lat_a: pl.Expr, lon_b: pl.Expr, lat_b: pl.Expr) -> pl.Expr:
    turn = (lon_a - lon_b).abs()
    turn = pl.min_horizontal(turn, 360 - turn)
    return ((turn * ((lat_a + lat_b) / 2).radians().cos()) ** 2 + (lat_a - lat_b) ** 2).sqrt()


def _zones(rows: pl.DataFrame, ports: pl.DataFrame) -> pl.Series:
    """Port of each row, -9 between the radii, -1 outside: the nearest whose circle holds it."""
    best = np.full(rows.height, np.inf)
    zone = np.full(rows.height, -1, dtype=np.int64)
    lon, lat = rows["lon"].to_numpy(), rows["lat"].to_numpy()
    for port, x, y, inner, outer in (
        ports.sort("port_id").select("port_id", "lon", "lat", "r_in_km", "r_out_km").iter_rows()
    ):
        turn = np.abs(lon - x)
        turn = np.minimum(turn, 360 - turn) * np.cos(np.radians(y))
        away = turn * turn + (lat - y) ** 2
        near = (away <= (outer / DEGREE_KM) ** 2) & (away < best)
        best[near] = away[near]
        zone[near] = np.where(away[near] <= (inner / DEGREE_KM) ** 2, port, -9)
    return pl.Series(zone)


def _segments(rows: pl.DataFrame, rules: Definitions) -> pl.Series:
    """The segment of each row of one ship, walking through its pieces."""

    def _can(a: tuple[int, float, float], b: tuple[int, float, float]) -> bool:
        turn = abs(a[1] - b[1])
        east = min(turn, 360 - turn) * math.cos(math.radians((a[2] + b[2]) / 2))
        reach = (b[0] - a[0]) * rules.speed_max_kn / 60 / 3600
        reach += rules.position_error_m / DEGREE_KM / 1000
        return east * east + (a[2] - b[2]) ** 2 <= reach * reach

    points = list(zip(rows["t"], rows["lon"], rows["lat"], strict=True))
    pieces: list[list] = []  # last point, segment, claimed
    named: list[int] = []
    for number, point in enumerate(points):
        if number and _can(points[number - 1], point):
            pieces[-1][0] = point
        else:
            segment = point[0]
            for earlier in pieces[-2 : -rules.reach - 1 : -1]:
                soon = point[0] - earlier[0][0] <= rules.resume_hours * 3600
                if soon and _can(earlier[0], point):
                    # the latest one decides, even when another has continued it already
                    if not earlier[2]:
                        segment, earlier[2] = earlier[1], True
                    break
            pieces.append([point, segment, False])
        named.append(pieces[-1][1])
    return pl.Series(named, dtype=pl.Int64)


def clean(positions: pl.DataFrame, ports: pl.DataFrame, rules: Definitions) -> pl.DataFrame:
    """Every valid position once, with its segment, port and the position before it."""
    rows = (
        positions.filter(pl.col("lon").is_between(-180, 180) & pl.col("lat").is_between(-90, 90))
        .sort("mmsi", "t", "lon", "lat", "sog_kn", "draught_m", nulls_last=True)
        .unique(["mmsi", "t"], keep="first", maintain_order=True)
    )
    if rows.is_empty():
        raise ValueError("no positions")
    named = [
        ship.with_columns(segment=_segments(ship, rules))
        for ship in rows.partition_by("mmsi", maintain_order=True)
    ]
    track = ["mmsi", "segment"]
    rows = pl.concat(named).sort("mmsi", "segment", "t")
    rows = rows.with_columns(zone=_zones(rows, ports))
    rows = rows.with_columns(
        port=pl.when(pl.col("zone") != -9)
        .then("zone")
        .otherwise(None)
        .forward_fill()
        .over(track)
        .fill_null(-1),
        draught=pl.col("draught_m").forward_fill().over(track),
    )
    before = {
        f"{name}_0": pl.col(name).shift(1).over(track) for name in ("t", "lon", "lat", "port")
    }
    rows = rows.with_columns(**before, n=pl.len().over(track))
    return rows.with_columns(
        step_s=pl.col("t") - pl.col("t_0"),
        step_deg=_plane_deg(pl.col("lon"), pl.col("lat"), pl.col("lon_0"), pl.col("lat_0")),
    )


def _calls(rows: pl.DataFrame, rules: Definitions) -> pl.DataFrame:
    track = ["mmsi", "segment"]
    runs = (
        rows.with_columns(
            run=(pl.col("port") != pl.col("port_0")).fill_null(True).cum_sum().over(track)
        )
        .group_by("mmsi", "segment", "run", maintain_order=True)
        .agg(
            port_id=pl.col("port").first(),
            entered=pl.col("t").min(),
            left=pl.col("t").max(),
            # empty is no stop
            stop=(pl.col("sog_kn") < rules.stop_kn).fill_null(False).any(),
            quiet=(pl.col("t").diff() > rules.port_gap_hours * 3600).any(),
            shown=pl.col("draught").last(),
            n=pl.col("n").first(),
        )
        .sort("mmsi", "segment", "run")
        .with_columns(
            before=pl.col("shown").shift(1).over(track),
            after=pl.col("shown").shift(-1).over(track),
            next_port=pl.col("port_id").shift(-1).over(track),
            came=pl.col("run") > 1,
        )
    )
    went = pl.col("next_port").is_not_null()
    return runs.filter(
        (pl.col("port_id") >= 0)
        & (pl.col("left") - pl.col("entered") >= rules.call_hours * 3600)
        & (pl.col("n") >= rules.min_positions)
    ).select(
        "mmsi",
        "segment",
        "port_id",
        "entered",
        "left",
        draught_in_m="before",
        draught_out_m=pl.when(pl.col("next_port") == -1)
        .then(pl.coalesce("after", "shown"))
        .otherwise("shown"),
        confidence=pl.when(~(pl.col("stop") | pl.col("quiet")))
        .then(1)
        .when(pl.col("came") & went)
        .then(4)
        .when(pl.col("came") | went)
        .then(3)
        .otherwise(2)
        .cast(pl.Int64),
        is_open=~went,
    )


def _gaps(rows: pl.DataFrame, rules: Definitions) -> pl.DataFrame:
    return rows.filter(
        (pl.col("step_s") > rules.gap_hours * 3600) & (pl.col("n") >= rules.min_positions)
    ).select(
        "mmsi",
        "segment",
        off="t_0",
        on="t",
        off_lon="lon_0",
        off_lat="lat_0",
        on_lon="lon",
        on_lat="lat",
        port_id=pl.when(pl.col("port_0") >= 0).then("port_0"),
    )


def _slow(rows: pl.DataFrame, rules: Definitions) -> pl.DataFrame:
    limit = pl.col("step_s") * rules.drift_kn / 60 / 3600 + rules.drift_error_m / DEGREE_KM / 1000
    return rows.filter(
        (pl.col("port") == -1)
        & (pl.col("port_0") == -1)
        & (pl.col("step_s") <= rules.leg_hours * 3600)
        & (pl.col("step_deg") < limit)
    )


def _loitering(slow: pl.DataFrame, rules: Definitions) -> pl.DataFrame:
    track = ["mmsi", "segment"]
    return (
        slow.with_columns(
            chain=(pl.col("t_0") != pl.col("t").shift(1)).fill_null(True).cum_sum().over(track)
        )
        .group_by("mmsi", "segment", "chain")
        .agg(
            start=pl.col("t_0").min(),
            end=pl.col("t").max(),
            n_legs=pl.len().cast(pl.Int64),
            path_m=(pl.col("step_deg") * 111195.08).round().sum().cast(pl.Int64),
        )
        .filter(pl.col("end") - pl.col("start") >= rules.loiter_hours * 3600)
        .select("mmsi", "segment", "start", "end", "n_legs", "path_m")
    )


def _encounters(slow: pl.DataFrame, rules: Definitions) -> pl.DataFrame:
    pair = ["mmsi", "segment", "mmsi_b", "segment_b"]
    first, last = -(-pl.col("t_0") // 600), -(-pl.col("t") // 600)
    turn = pl.col("lon") - pl.col("lon_0")
    turn = pl.when(turn > 180).then(turn - 360).when(turn < -180).then(turn + 360).otherwise(turn)
    share = (pl.col("slot") * 600 - pl.col("t_0")) / pl.col("step_s")
    slots = (
        slow.filter(first < last)
        .with_columns(slot=pl.int_ranges(first, last), turn=turn)
        .explode("slot")
        .with_columns(x=pl.col("lon_0") + pl.col("turn") * share)
        .select(
            "mmsi",
            "segment",
            "slot",
            x=pl.when(pl.col("x") > 180)
            .then(pl.col("x") - 360)
            .when(pl.col("x") < -180)
            .then(pl.col("x") + 360)
            .otherwise("x"),
            y=pl.col("lat_0") + (pl.col("lat") - pl.col("lat_0")) * share,
        )
    )
    close = (
        slots.join(slots, on="slot", suffix="_b")
        .filter(pl.col("mmsi") < pl.col("mmsi_b"))
        .with_columns(apart=_plane_deg(pl.col("x"), pl.col("y"), pl.col("x_b"), pl.col("y_b")))
        .filter(pl.col("apart") <= rules.contact_m / DEGREE_KM / 1000)
        .sort(*pair, "slot")
    )
    moved = {
        f"path{side}": (
            _plane_deg(
                pl.col(f"x{side}"),
                pl.col(f"y{side}"),
                pl.col(f"x{side}").shift(1).over(pair),
                pl.col(f"y{side}").shift(1).over(pair),
            )
            * 111195.08
        ).round()
        for side in ("", "_b")
    }
    begins = (pl.col("slot").diff().over(pair) > rules.lost_slots).fill_null(True)
    chains = (
        close.with_columns(begins=begins, **moved)
        .with_columns(chain=pl.col("begins").cum_sum().over(pair))
        .group_by(*pair, "chain")
        .agg(
            start=pl.col("slot").min(),
            end=pl.col("slot").max(),
            n_slots=pl.len().cast(pl.Int64),
            sum_m=(pl.col("apart") * 111195.08).round().sum().cast(pl.Int64),
            path_a=pl.col("path").filter(~pl.col("begins")).sum(),
            path_b=pl.col("path_b").filter(~pl.col("begins")).sum(),
        )
        .filter(pl.col("end") - pl.col("start") >= rules.contact_hours * 6)
    )
    hours = (pl.col("end") - pl.col("start")) / 6
    return chains.filter(
        (pl.col("path_a") / 1852 / hours < rules.drift_kn)
        & (pl.col("path_b") / 1852 / hours < rules.drift_kn)
    ).select(
        mmsi_a="mmsi",
        segment_a="segment",
        mmsi_b="mmsi_b",
        segment_b="segment_b",
        start=pl.col("start") * 600,
        end=pl.col("end") * 600,
        n_slots="n_slots",
        sum_m="sum_m",
    )


def events(
    positions: pl.DataFrame, ports: pl.DataFrame, rules: Definitions | None = None
) -> dict[str, pl.DataFrame]:
    """Events of positions in any order, times in epoch seconds; see `shape_like_oracle`."""
    rules = rules or Definitions()
    rows = clean(positions, ports, rules)
    slow = _slow(rows, rules)
    found = {
        "tracks": rows.group_by("mmsi", "segment").agg(
            ended=pl.col("t").max(), n_positions=pl.len().cast(pl.Int64)
        ),
        "port_calls": _calls(rows, rules),
        "gaps": _gaps(rows, rules),
        "loitering": _loitering(slow, rules),
        "encounters": _encounters(slow, rules),
    }
    return {name: frame.sort(frame.columns[:5]) for name, frame in found.items()}


def shape_like_oracle(events: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """The engine's finished events in the oracle's columns and order, to compare row by row."""

    def _s(name: str) -> pl.Expr:
        return pl.col(name).dt.epoch("s")

    shaped = {
        "tracks": events["tracks"].select("mmsi", "segment", "n_positions", ended=_s("ended_at")),
        "port_calls": events["port_calls"].select(
            "mmsi",
            "segment",
            "port_id",
            "draught_in_m",
            "draught_out_m",
            "confidence",
            "is_open",
            entered=_s("entered_at"),
            left=_s("left_at"),
        ),
        "gaps": events["absences"]
        .filter(~pl.col("is_open"))
        .select(
            "mmsi",
            "segment",
            "off_lon",
            "off_lat",
            "on_lon",
            "on_lat",
            "port_id",
            off=_s("off_at"),
            on=_s("on_at"),
        ),
        "loitering": events["loitering"].select(
            "mmsi",
            "segment",
            "n_legs",
            start=_s("started_at"),
            end=_s("ended_at"),
            path_m=(pl.col("mean_speed_kn") * 1852 * pl.col("duration_hours"))
            .round()
            .cast(pl.Int64),
        ),
        "encounters": events["encounters"].select(
            "mmsi_a",
            "segment_a",
            "mmsi_b",
            "segment_b",
            "n_slots",
            start=_s("started_at"),
            end=_s("ended_at"),
            sum_m=(pl.col("mean_distance_m") * pl.col("n_slots")).round().cast(pl.Int64),
        ),
    }
    orders = {
        "tracks": ["mmsi", "segment", "ended", "n_positions"],
        "port_calls": [
            *("mmsi", "segment", "port_id", "entered", "left", "draught_in_m", "draught_out_m"),
            *("confidence", "is_open"),
        ],
        "gaps": [
            "mmsi",
            "segment",
            "off",
            "on",
            "off_lon",
            "off_lat",
            "on_lon",
            "on_lat",
            "port_id",
        ],
        "loitering": ["mmsi", "segment", "start", "end", "n_legs", "path_m"],
        "encounters": [
            *("mmsi_a", "segment_a", "mmsi_b", "segment_b", "start", "end", "n_slots", "sum_m"),
        ],
    }
    return {
        name: frame.select(orders[name]).sort(orders[name][:5]) for name, frame in shaped.items()
    }
