"""How many loadings positions do not show, and what they are worth as observations.

Two ways of seeing a loading fail independently: the call itself (positions near the berth) and the
deeper draught at the next port. Loadings known by draught, with or without a call seen, tell what
share of calls is seen; the rest is inferred. Ships that never show anywhere are in no list at all,
so the corrected number too is about ships that broadcast somewhere.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import numpy as np
import polars as pl
import scipy

from pipelines.schemas.figures import OBSERVATION_SCHEMA
from pipelines.schemas.shipping import Detection
from pipelines.schemas.types import polars_schema
from pipelines.shipping.cargo import CargoDraws, Prior

DETECTION_SCHEMA = polars_schema(Detection)
_CUTS = [0.05, 0.5, 0.95]


def undetected(
    n_seen: np.ndarray, p_detect: np.ndarray, rng: np.random.Generator, *, at_least: np.ndarray
) -> np.ndarray:
    """Draws of the calls missed while `n_seen` were seen, each seen with probability `p_detect`.

    Negative binomial with half a call added (the prior on the total falls as its square root),
    given that `at_least` misses are known. Shapes broadcast.
    """
    size, p, least = np.broadcast_arrays(n_seen + 0.5, p_detect, at_least)
    below = scipy.stats.nbinom.cdf(least - 1, size, p)
    # far into the tail the distribution function is 1 to the last digit: what is known then stands
    place = np.minimum(below + rng.random(size.shape) * (1 - below), 1 - 1e-12)
    return np.maximum(scipy.stats.nbinom.ppf(place, size, p), least)


def estimate_detection(
    loadings: pl.DataFrame,
    cargo: CargoDraws,
    priors: Mapping[str, Prior],
    *,
    seed: int,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Share of loadings seen and number of loadings, by month and port.

    Args:
        loadings: `shipping.loadings`, in the order of `cargo`.
        cargo: draws behind it.
        priors: `load_priors()`.
        seed: same seed, same numbers.

    Returns:
        (DETECTION_SCHEMA by month and port, draws: month, port_id, draw, n_total, cargo_t_seen,
        cargo_t_total). `n_total` counts laden departures: those seen (a draw decides where no
        draught tells), the dark ones known by draught, and the undetected, which carry what the
        draw's laden ships carry on average.
    """
    if loadings.is_empty():
        empty = {"month": pl.Date, "port_id": pl.Int64, "draw": pl.Int64}
        return pl.DataFrame(schema=DETECTION_SCHEMA), pl.DataFrame(
            schema=empty | dict.fromkeys(("n_total", "cargo_t_seen", "cargo_t_total"), pl.Float64)
        )
    rng = np.random.default_rng(seed)
    draws = cargo.cargo_t.shape[1]
    rows = loadings.with_row_index("at").with_columns(
        month=pl.col("departed_at").dt.date().dt.month_start(),
        is_dark=pl.col("evidence") == "gap",
        # of the calls seen, only those whose draught tells are comparable with the dark ones
        is_proven=pl.col("draught_source").ne("none") & pl.col("p_laden").eq(1.0),
    )
    groups = (
        rows.group_by("month", "port_id")
        .agg(
            pl.col("port_name").first(),
            pl.col("is_transit_port").first(),
            pl.col("at"),
            n_calls=(~pl.col("is_dark")).sum().cast(pl.Int64),
            n_laden_seen=(pl.col("is_proven") & ~pl.col("is_dark")).sum().cast(pl.Int64),
            n_laden_dark=pl.col("is_dark").sum().cast(pl.Int64),
        )
        .sort("month", "port_id")
        .with_columns(
            port_seen=pl.col("n_laden_seen").sum().over("port_id"),
            port_dark=pl.col("n_laden_dark").sum().over("port_id"),
        )
    )
    flat = priors["detection"].args
    pool = (pl.col("port_seen") + pl.col("port_dark")).cast(pl.Float64)
    other_seen = pl.col("port_seen") - pl.col("n_laden_seen")
    other_dark = pl.col("port_dark") - pl.col("n_laden_dark")
    others = (other_seen + other_dark).cast(pl.Float64)
    pooled = pl.min_horizontal(pl.lit(priors["pool_calls"].value), others)
    weight = pooled / pl.max_horizontal(others, pl.lit(1.0))
    groups = groups.with_columns(
        alpha=flat[0] + pl.col("n_laden_seen") + weight * other_seen,
        beta=flat[1] + pl.col("n_laden_dark") + weight * other_dark,
        is_prior_driven=pool < 3,
    )
    p_detect = rng.beta(
        groups["alpha"].to_numpy()[:, None],
        groups["beta"].to_numpy()[:, None],
        (groups.height, draws),
    )
    laden = np.zeros((groups.height, draws))
    tonnes = np.zeros((groups.height, draws))
    dark_tonnes = np.zeros((groups.height, draws))
    dark = (loadings["evidence"] == "gap").to_numpy()
    weights = np.where(cargo.is_laden, cargo.cargo_t, 0.0)
    # a group is a port's month: tens of them, whatever the number of positions
    for at, members in enumerate(groups["at"].to_list()):
        inside = np.array(members)
        seen = inside[~dark[inside]]
        laden[at] = cargo.is_laden[seen].sum(axis=0)
        tonnes[at] = weights[seen].sum(axis=0)
        dark_tonnes[at] = weights[inside[dark[inside]]].sum(axis=0)
    n_dark = groups["n_laden_dark"].to_numpy()[:, None]
    missed = undetected(laden, p_detect, rng, at_least=n_dark)
    total = laden + missed
    n_laden = cargo.is_laden.sum(axis=0)
    mean_cargo = np.where(
        n_laden > 0, weights.sum(axis=0) / np.maximum(n_laden, 1), cargo.cargo_t.mean(axis=0)
    )
    all_tonnes = tonnes + dark_tonnes + (missed - n_dark) * mean_cargo

    def cuts(values: np.ndarray, name: str) -> list[pl.Series]:
        found = np.quantile(values, _CUTS, axis=1)
        return [
            pl.Series(f"{name}_{label}", found[at])
            for at, label in enumerate(("q05", "q50", "q95"))
        ]

    table = groups.with_columns(
        *cuts(p_detect, "p_detect"),
        *cuts(total, "n_total"),
        *cuts(tonnes, "cargo_t_seen"),
        *cuts(all_tonnes, "cargo_t_total"),
    ).select(pl.col(name).cast(kind) for name, kind in DETECTION_SCHEMA.items())
    drawn = pl.DataFrame(
        {
            "month": pl.Series(groups["month"]).gather(np.repeat(np.arange(groups.height), draws)),
            "port_id": np.repeat(groups["port_id"].to_numpy(), draws),
            "draw": np.tile(np.arange(draws), groups.height),
            "n_total": total.ravel(),
            "cargo_t_seen": tonnes.ravel(),
            "cargo_t_total": all_tonnes.ravel(),
        }
    )
    return table, drawn


def as_observations(
    loadings: pl.DataFrame,
    cargo: CargoDraws,
    detection: pl.DataFrame,
    drawn: pl.DataFrame,
    *,
    retrieved_at: dt.datetime,
    origin_id: str = "own-ais",
    source_id: str = "ais-positions",
) -> pl.DataFrame:
    """Monthly rows for the ledger, over all coal ports but those with coal in transit.

    Three a month: laden departures proven by draught (`lower_bound`, shipments), all laden
    departures with the undetected (`count`, shipments, 5 and 95 % as low and high), tonnes of the
    proven ones (`lower_bound`, export_t: their 5 % quantile).

    Returns:
        OBSERVATION_SCHEMA; no rows without loadings.
    """
    own = detection.filter(~pl.col("is_transit_port"))
    if own.is_empty():
        return pl.DataFrame(schema=OBSERVATION_SCHEMA)
    counts = (
        drawn.join(own.select("month", "port_id"), on=["month", "port_id"], how="semi")
        .group_by("month", "draw")
        .agg(pl.col("n_total").sum())
        .group_by("month")
        .agg(
            low=pl.col("n_total").quantile(0.05),
            central=pl.col("n_total").median(),
            high=pl.col("n_total").quantile(0.95),
        )
    )
    rows = loadings.with_row_index("at").with_columns(
        month=pl.col("departed_at").dt.date().dt.month_start()
    )
    proven = rows.filter(
        ~pl.col("is_transit_port") & pl.col("p_laden").eq(1.0) & pl.col("draught_source").ne("none")
    )
    sums = [
        {
            "month": month,
            "proven": len(members),
            "proven_t": float(np.quantile(cargo.cargo_t[np.array(members)].sum(axis=0), 0.05)),
        }
        for month, members in proven.group_by("month").agg("at").sort("month").iter_rows()
    ]
    months = own.group_by("month").agg(ports=pl.col("port_name").unique().sort().str.join(", "))
    known = months.join(
        pl.DataFrame(sums, schema={"month": pl.Date, "proven": pl.Int64, "proven_t": pl.Float64}),
        on="month",
        how="left",
    ).join(counts, on="month", how="left")
    shapes: list[dict[str, str | pl.Expr]] = [
        {
            "code": "proven-shipments",
            "quantity": "shipments",
            "concept": "shipments",
            "kind": "lower_bound",
            "low": pl.col("proven"),
            "unit": "count",
            "note": "hull deeper after the call than before; shipping.loadings lists each",
        },
        {
            "code": "all-shipments",
            "quantity": "shipments",
            "concept": "shipments",
            "kind": "count",
            "low": pl.col("low"),
            "central": pl.col("central"),
            "high": pl.col("high"),
            "unit": "count",
            "note": "with undetected calls; 5, 50 and 95 % quantiles; shipping.detection",
        },
        {
            "code": "proven-tonnes",
            "quantity": "export_t",
            "concept": "tonnes",
            "kind": "lower_bound",
            "low": pl.col("proven_t"),
            "unit": "t",
            "note": "5 % quantile of the cargo of the proven departures",
        },
    ]
    told = [
        known.select(
            "month",
            "ports",
            **{name: pl.lit(one) if isinstance(one, str) else one for name, one in shape.items()},
        ).filter(pl.col("low").is_not_null())
        for shape in shapes
    ]
    month = pl.col("month").dt.strftime("%Y-%m")
    found = pl.concat(told, how="diagonal_relaxed").with_columns(
        observation_id=pl.format("ais-{}-{}", month, "code"),
        locator=pl.format("laden departures from {} in {}", "ports", month),
        counterpart_iso3=pl.lit("WLD"),
        sector=pl.lit("HS2701"),
        window_start_on="month",
        window_end_on=pl.col("month").dt.month_end(),
        # what one observer's positions show, of whatever papers the cargo carries
        coverage=pl.lit("part"),
        declared=pl.lit("all"),
        origin_id=pl.lit(origin_id),
        stated_by=pl.lit("this project, from ship positions"),
        source_id=pl.lit(source_id),
        retrieved_at=pl.lit(retrieved_at.replace(tzinfo=None)),
        **{"class": pl.lit("observer")},
    )
    # the ledger's other columns stay empty
    return (
        pl.concat([pl.DataFrame(schema=OBSERVATION_SCHEMA), found], how="diagonal_relaxed")
        .select(pl.col(name).cast(kind) for name, kind in OBSERVATION_SCHEMA.items())
        .sort("observation_id")
    )
