"""How often is another seed called a change, and how small a move is found?

    python -m benchmarks.noise_rate [--pairs 300] [--seed 1]

Takes the joint draws of the published release and draws pairs of releases from them, with
replacement, all series of a pair from the same draws, so that years, measures and streams err
together as they do. One of the two is moved, or neither; both go through what a release does to
tell moves from noise (`explain`). Printed: the share of pairs in which anything was called a
change, by a year alone and by a series' years together.
"""

from __future__ import annotations

import argparse

import numpy as np
import polars as pl

from pipelines.paths import published_dir
from pipelines.publish.vintages import (
    BATCHES,
    GROSS,
    HEADLINE,
    JOINT_SIGMAS,
    KEY,
    NOISE_SIGMAS,
    Estimates,
    explain,
)

NOTHING = pl.DataFrame(schema={"observation_id": pl.String, "stream": pl.String, "how": pl.String})
MOVED = ("labor", HEADLINE)


def yearly_draws() -> tuple[pl.DataFrame, np.ndarray]:
    """Yearly sums of gross and headline income by stream and of both streams' totals.

    Returns:
        KEY, a row a number; and draws by numbers, USD.
    """
    kinds = pl.read_parquet(published_dir() / "parquet" / "stream_measures.parquet")
    wanted = kinds.filter(pl.col("is_gross_income") | pl.col("is_state_income")).with_columns(
        counts_as=pl.when("is_gross_income").then(pl.lit(GROSS)).otherwise(pl.lit(HEADLINE))
    )
    found = []
    for stream in kinds["stream"].unique(maintain_order=True):
        file = published_dir() / "draws" / f"{stream}.parquet"
        names = wanted.filter(pl.col("stream") == stream).select("measure", "counts_as")
        found.append(
            pl.scan_parquet(file)
            .join(names.lazy(), on="measure")
            .group_by("draw", year=pl.col("month").dt.year(), measure="counts_as")
            .agg(pl.col("usd").sum())
            .with_columns(stream=pl.lit(stream))
            .collect()
        )
    each = pl.concat(found)
    total = each.group_by("draw", "year", "measure").agg(pl.col("usd").sum())
    every = pl.concat([each, total.with_columns(stream=pl.lit("total"))], how="diagonal")
    wide = every.sort(KEY).pivot(on="draw", index=KEY, values="usd").sort(KEY)
    return wide.select(KEY), wide.drop(KEY).to_numpy().T


def estimates(keys: pl.DataFrame, draws: np.ndarray) -> Estimates:
    """What a release keeps of such draws."""
    medians = np.median(draws.reshape(BATCHES, -1, draws.shape[1]), axis=1)
    batches = pl.concat(
        keys.with_columns(batch=pl.lit(batch), q50=pl.Series(row))
        for batch, row in enumerate(medians)
    )
    return Estimates(keys.with_columns(q50=pl.Series(np.median(draws, axis=0))), batches)


def main() -> None:
    """Print a line a move."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    keys, draws = yearly_draws()
    rng = np.random.default_rng(chosen.seed)
    # a whole number of draws a stretch
    size = len(draws) // BATCHES * BATCHES

    def again() -> np.ndarray:
        return draws[rng.integers(0, len(draws), size)]

    def changes(shift: np.ndarray | float) -> pl.DataFrame:
        pair = [estimates(keys, again()), estimates(keys, again() + shift)]
        return explain(pair, ["code"], NOTHING, release_id="r", sequence=2)

    errors = keys.join(
        pl.concat(changes(0.0).select(*KEY, "mc_error_usd") for _ in range(30))
        .group_by(KEY)
        .agg((pl.col("mc_error_usd") ** 2).mean().sqrt()),
        on=KEY, maintain_order="left",
    )["mc_error_usd"].to_numpy()  # fmt: skip
    of_moved = keys.select(
        (pl.col("stream") == MOVED[0]) & (pl.col("measure") == MOVED[1])
    ).to_series().to_numpy()  # fmt: skip
    print("| moved, in Monte Carlo errors of each year | a year alone | years together | either |")
    print("|---|--:|--:|--:|")
    for size_in_errors in (0.0, 0.5, 1.0, 1.5, 2.0):
        found = []
        for _ in range(chosen.pairs):
            told = changes(size_in_errors * errors * of_moved)
            if size_in_errors:
                told = told.filter(pl.lit(value=True).and_(*(
                    pl.col(name) == value for name, value in zip(KEY, MOVED, strict=False)
                )))  # fmt: skip
            alone = bool((told["moved_usd"].abs() > NOISE_SIGMAS * told["mc_error_usd"]).any())
            found.append((alone, bool((told["joint_errors"].abs() > JOINT_SIGMAS).any())))
        one, joint = np.array(found).T
        what = f"{' '.join(MOVED)} by {size_in_errors:g}" if size_in_errors else "nothing at all"
        print(f"| {what} | {one.mean():.1%} | {joint.mean():.1%} | {(one | joint).mean():.1%} |",
              flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
