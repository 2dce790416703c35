"""Tables of a joint fit, all streams alike: what the release is made from.

What follows from these tables alone is SQL, in ``sql/estimates``.
"""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor

import polars as pl

from pipelines.draws import to_long
from pipelines.inference import estimate, influence
from pipelines.inference.estimate import Fit
from pipelines.inference.joint import Joint
from pipelines.streams import Stream

# readings beside the number: what each leaves out
READINGS = {"without desk": "desk", "without press": "press"}


def drawn(fitted: Fit, streams: Mapping[str, Stream]) -> Iterator[tuple[str, pl.DataFrame]]:
    """What a fit says of every world, and how it went, by name.

    Args:
        fitted: the joint fit.
        streams: those fitted, by name; their own tables are called ``<stream>_<name>``.
    """
    told = ("name", "title", "colour", "headline", "first_month", "sort_order")
    described = [{field: getattr(one, field) for field in told} for one in streams.values()]
    yield "streams", pl.DataFrame(described).rename({"name": "stream"})
    measures = [
        (one.name, measure, label, measure == one.gross_income, measure == one.state_income)
        for one in streams.values()
        for measure, label in one.measures.items()
    ]
    columns = ("stream", "measure", "label", "is_gross_income", "is_state_income")
    yield "stream_measures", pl.DataFrame(measures, schema=columns, orient="row")
    yield "income_draws", pl.concat([_income(fitted, stream) for stream in streams.values()])
    for name in streams:
        for table, made in fitted.outcomes[name].tables.items():
            yield f"{name}_{table}", made()
    yield "diagnostics", fitted.diagnostics
    samples = fitted.samples
    went = {"n_divergent": [samples.n_divergent], "acceptance": [samples.acceptance]}
    yield "sampling", pl.DataFrame(went)


def judged(
    fitted: Fit,
    streams: Mapping[str, Stream],
    obtainable: pl.DataFrame,
    seed: int,
) -> Iterator[tuple[str, pl.DataFrame]]:
    """What moves a fit's numbers: figures, priors, readings, data not yet had; by name.

    Args:
        fitted: the joint fit.
        streams: those fitted, by name.
        obtainable: data that could be had, all streams.
        seed: for the noise of data not yet had.
    """

    def each(make: Callable[[Stream], pl.DataFrame]) -> pl.DataFrame:
        return pl.concat([make(stream) for stream in streams.values()])

    def shares(of: Stream) -> pl.DataFrame:
        return estimate.component_shares(fitted, of.name, of.headline)

    def worth(of: Stream) -> pl.DataFrame:
        mine = obtainable.filter(pl.col("stream") == of.name)
        return estimate.value_of_information(fitted, of.name, of.headline, mine, of.answers, seed)

    headline = {name: stream.headline for name, stream in streams.items()}
    # two more fits, which keep a second core busy while all that follows is worked out
    with ThreadPoolExecutor(max_workers=1) as aside:
        readings = aside.submit(influence.readings, fitted, headline, READINGS)
        moved = influence.influence(fitted, headline)
        levels = {level: f"headline_without_{level}" for level in ("q05", "q50", "q95")}
        yield "influence", moved.rename(levels)
        yield "observation_use", each(lambda stream: _use(fitted, stream.name, moved))
        yield "seems_to_mean", each(lambda stream: _meant(fitted, stream.name))
        yield "prior_sensitivity", influence.power_scaled(fitted, headline)
        yield "component_shares", each(shares)
        yield "value_of_information", each(worth)
        evidence = fitted.joint.evidence
        prints = [Joint([evidence[name]]).density.fingerprint() for name in streams]
        yield "densities", pl.DataFrame({"stream": list(streams), "density": prints})
        yield "readings", readings.result()


def _income(fitted: Fit, stream: Stream) -> pl.DataFrame:
    """The stream's measures by world and month; the totals' concepts under common names too."""
    months = fitted.joint.evidence[stream.name].months
    own = {measure: measure for measure in stream.measures}
    own |= {"gross_income_usd": stream.gross_income, "state_income_usd": stream.state_income}
    held = fitted.outcomes[stream.name].measures
    return pl.concat(
        [
            to_long(months, usd=held[name]).select(
                pl.lit(stream.name).alias("stream"),
                pl.lit(published).alias("measure"),
                "draw",
                "month",
                "usd",
            )
            for published, name in own.items()
        ]
    )


def _use(fitted: Fit, name: str, moved: pl.DataFrame) -> pl.DataFrame:
    """What became of each figure; ``influence`` is the largest shift of a year, in widths."""
    most = (
        moved.filter(pl.col("what") == "figure", pl.col("stream") == name)
        .group_by(observation_id="name")
        .agg(influence=pl.col("shift_in_widths").max())
    )
    return (
        fitted.joint.evidence[name]
        .rows.join(estimate.places(fitted, name), on="observation_id")
        .join(most, on="observation_id", how="left")
        .select(
            *("observation_id", "root_id", "window_start_on", "window_end_on", "site", "role"),
            *("component", "measure", "reason_not_used", "^concept_q..$"),
            *("posterior_quantile", "predictive_quantile", "influence"),
            stream=pl.lit(name),
            is_used=pl.col("reason_not_used").is_null(),
            value_usd_or_unit=pl.col("value_log").exp(),
        )
    )


def _meant(fitted: Fit, name: str) -> pl.DataFrame:
    """Weight of each concept that a figure may mean, mean over worlds."""
    one = fitted.joint.evidence[name]
    sites = fitted.joint.sites_of(name, fitted.joint.density.outputs(fitted.theta))
    texts = dict.fromkeys(["stream", "observation_id", "root_id", "concept"], pl.String())
    parts = [pl.DataFrame(schema=texts | {"weight": pl.Float64()})]
    for site, concepts in one.meanings.items():
        weights = sites[f"{site}/reading"].mean(axis=0)
        rows = one.rows.filter(pl.col("site") == site).sort("at")
        may = one.data[site].get("concept")
        if may is not None:
            # of a source that says which, nothing is to be found out
            rows = rows.filter(may[rows["at"].to_numpy()].sum(axis=1) > 1)
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
