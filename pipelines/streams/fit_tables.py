"""Tables of a joint fit, all streams alike: what the release is made from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import polars as pl

from pipelines.draws import to_long
from pipelines.inference import estimate, influence
from pipelines.inference.estimate import Fit
from pipelines.inference.joint import Joint
from pipelines.streams import Stream

# readings beside the number: what each leaves out
READINGS = {"without desk": "desk", "without press": "press"}


def tables(
    fitted: Fit,
    streams: Mapping[str, Stream],
    obtainable: pl.DataFrame,
    seed: int,
) -> Iterator[tuple[str, pl.DataFrame]]:
    """Every table of a fit by name, streams' own ones as ``<stream>_<name>``.

    Args:
        fitted: the joint fit.
        streams: those fitted, by name.
        obtainable: data that could be had, all streams.
        seed: for the noise of data not yet had.
    """
    headline = {name: stream.headline for name, stream in streams.items()}
    yield "streams", _streams(streams)
    yield "stream_measures", _measures(streams)
    yield (
        "densities",
        pl.DataFrame(
            [
                (name, Joint([one]).density.fingerprint())
                for name, one in fitted.joint.evidence.items()
            ],
            schema=["stream", "density"],
            orient="row",
        ),
    )
    yield "income_draws", pl.concat([_income(fitted, stream) for stream in streams.values()])
    moved = influence.influence(fitted, headline)
    yield (
        "influence",
        moved.rename({level: f"headline_without_{level}" for level in ("q05", "q50", "q95")}),
    )
    yield "observation_use", pl.concat([_use(fitted, name, moved) for name in streams])
    yield (
        "components",
        pl.concat(
            [estimate.components(fitted, name, measure) for name, measure in headline.items()]
        ),
    )
    spoken = pl.concat([_spoken(fitted, name) for name in streams])
    yield "month_roots", spoken.select("stream", "month", "root_id").unique()
    yield (
        "year_roots",
        spoken.select(
            "stream", "root_id", year=pl.col("month").dt.year().cast(pl.Int64), measure="component"
        ).unique(),
    )
    yield "readings", influence.readings(fitted, headline, READINGS)
    yield "seems_to_mean", pl.concat([_meant(fitted, name) for name in streams])
    yield "prior_sensitivity", influence.power_scaled(fitted, headline)
    yield (
        "value_of_information",
        pl.concat(
            [
                estimate.value_of_information(
                    fitted,
                    name,
                    stream.headline,
                    obtainable.filter(pl.col("stream") == name),
                    stream.answers,
                    seed,
                )
                for name, stream in streams.items()
            ]
        ),
    )
    yield "diagnostics", fitted.diagnostics
    yield (
        "sampling",
        pl.DataFrame(
            {"n_divergent": [fitted.samples.n_divergent], "acceptance": [fitted.samples.acceptance]}
        ),
    )
    yield "mcse", mcse(fitted, streams)
    for name in streams:
        for table, made in fitted.outcomes[name].tables.items():
            yield f"{name}_{table}", made()


def _streams(streams: Mapping[str, Stream]) -> pl.DataFrame:
    told = ("title", "colour", "headline", "first_month", "sort_order")
    return pl.DataFrame(
        [
            {"stream": s.name} | {field: getattr(s, field) for field in told}
            for s in streams.values()
        ]
    )


def _measures(streams: Mapping[str, Stream]) -> pl.DataFrame:
    return pl.DataFrame(
        [
            {
                "stream": s.name,
                "measure": measure,
                "label": label,
                "is_gross_income": measure == s.gross_income,
                "is_state_income": measure == s.state_income,
            }
            for s in streams.values()
            for measure, label in s.measures.items()
        ]
    )


def _common(stream: Stream) -> dict[str, str]:
    """Published measure to the stream's own: the totals' concepts under their common names."""
    own = {measure: measure for measure in stream.measures}
    return own | {"gross_income_usd": stream.gross_income, "state_income_usd": stream.state_income}


def _income(fitted: Fit, stream: Stream) -> pl.DataFrame:
    months = fitted.joint.evidence[stream.name].months
    held = fitted.outcomes[stream.name].measures
    return pl.concat(
        [
            to_long(months, usd=held[own]).select(
                pl.lit(stream.name).alias("stream"),
                pl.lit(published).alias("measure"),
                "draw",
                "month",
                "usd",
            )
            for published, own in _common(stream).items()
        ]
    )


def _use(fitted: Fit, name: str, moved: pl.DataFrame) -> pl.DataFrame:
    """What became of each figure; ``influence`` is the largest shift of a year, in widths."""
    rows = fitted.joint.evidence[name].rows
    most = (
        moved.filter(pl.col("what") == "figure", pl.col("stream") == name)
        .group_by(observation_id="name")
        .agg(influence=pl.col("shift_in_widths").max())
    )
    return (
        rows.join(estimate.places(fitted, name), on="observation_id")
        .join(most, on="observation_id", how="left")
        .select(
            "observation_id",
            "site",
            "role",
            "measure",
            "reason_not_used",
            "^concept_q..$",
            "posterior_quantile",
            "predictive_quantile",
            "influence",
            stream=pl.lit(name),
            is_used=pl.col("reason_not_used").is_null(),
            value_usd_or_unit=pl.col("value_log").exp(),
        )
    )


def _spoken(fitted: Fit, name: str) -> pl.DataFrame:
    """stream, month, component, root_id: who speaks of the stream's own quantities, and when."""
    one = fitted.joint.evidence[name]
    grid = pl.DataFrame({"month": one.months})
    return (
        estimate.speaking(one.rows)
        .join_where(
            grid,
            pl.col("month") <= pl.col("window_end_on"),
            pl.col("month").dt.month_end() >= pl.col("window_start_on"),
        )
        .select(pl.lit(name).alias("stream"), "month", "component", "root_id")
        .unique()
    )


def _meant(fitted: Fit, name: str) -> pl.DataFrame:
    """Weight of each concept that a figure may mean, mean over worlds."""
    schema = {
        "stream": pl.String,
        "observation_id": pl.String,
        "root_id": pl.String,
        "concept": pl.String,
        "weight": pl.Float64,
    }
    one = fitted.joint.evidence[name]
    sites = fitted.joint.sites_of(name, fitted.joint.density.outputs(fitted.theta))
    parts = [pl.DataFrame(schema=schema)]
    for site, concepts in one.meanings.items():
        weights = sites[f"{site}/reading"].mean(axis=0)
        rows = one.rows.filter(pl.col("site") == site).sort("at")
        parts += [
            rows.select(
                pl.lit(name).alias("stream"),
                "observation_id",
                "root_id",
                pl.lit(concept).alias("concept"),
                pl.Series("weight", weights[rows["at"].to_numpy(), at]),
            )
            for at, concept in enumerate(concepts)
        ]
    return pl.concat(parts)


def mcse(fitted: Fit, streams: Mapping[str, Stream]) -> pl.DataFrame:
    """Monte Carlo error of every published point, totals as if draws were independent."""
    own = pl.concat(
        [
            fitted.diagnostics.filter(
                pl.col("stream") == stream.name, pl.col("measure") == measure
            ).with_columns(measure=pl.lit(published))
            for stream in streams.values()
            for published, measure in _common(stream).items()
        ]
    ).select("stream", "measure", "year", "mcse_q05", "mcse_q50", "mcse_q95")
    # errors of streams add in quadrature at the most
    total = (
        own.filter(pl.col("measure").is_in(["gross_income_usd", "state_income_usd"]))
        .group_by("measure", "year")
        .agg([pl.col(name).pow(2).sum().sqrt() for name in ("mcse_q05", "mcse_q50", "mcse_q95")])
        .select(pl.lit("total").alias("stream"), pl.all())
    )
    return pl.concat([own, total]).sort("stream", "measure", "year")
