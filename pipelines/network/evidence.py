"""Statements into probabilities: classes, witnesses, noisy-or, and a check on the grades."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
import scipy

from pipelines.network.summaries import jeffreys
from pipelines.schemas.network import ASSERTS_NOTHING, GOVERNMENT_OF, PERSON_AUTHORITIES

# no relation is certain, however many bodies state it
CERTAINTY_CAP = 0.99
# annexes of Regulation (EU) 2017/1509 that carry over what the Security Council listed
_TRANSPOSED = r"(?:Annex |entry )(?:XIII|XIV)\b"
# who speaks of nobody by name on the page
UNOFFICIAL = ("PRESS", "MODEL")


class EvidenceError(ValueError):
    """A hand-kept network table contradicts itself; the message names the row and the remedy."""


def classify(statements: pl.DataFrame, grades: pl.DataFrame) -> pl.DataFrame:
    """Give every statement its class, rank, grade and witness.

    Replies, denials and refusals assert nothing about a relation: class `reply`, no grade.

    Raises:
        EvidenceError: a (kind, authority) pair has no class.
    """
    pair = pl.col("pairs").str.split(":").list
    graded_pairs = (
        grades.with_columns(pl.col("pairs").str.split(";"))
        .explode("pairs")
        .select("class", "rank", "grade", kind=pair.get(0), authority=pair.get(1))
    )
    is_reply = pl.col("kind").is_in(["reply", "denied", "refused"])
    out = statements.join(
        graded_pairs.select("kind", "authority", "class", "rank", "grade"),
        on=["kind", "authority"],
        how="left",
    ).with_columns(pl.when(is_reply).then(pl.lit("reply")).otherwise("class").alias("class"))
    lost = out.filter(pl.col("class").is_null())
    if lost.height:
        row = lost.row(0, named=True)
        raise EvidenceError(
            f"statement {row['statement_id']}: kind {row['kind']!r} by {row['authority']!r} has "
            "no class; add the pair to evidence_grades.csv or correct the statement"
        )
    return witnesses(out)


def witnesses(statements: pl.DataFrame) -> pl.DataFrame:
    """Add `witness`: statements that lean on one another speak with one voice.

    Agencies of one government that speak on one day of one thing are one witness: they act on one
    file. A body that repeats itself is one witness however often. An EU annex that carries over
    Security Council listings is the Council's voice, not a second one.

    Args:
        statements: about, authority, stated_on, stated_on_precision, is_edition_date, locator.
    """
    is_dated = (pl.col("stated_on_precision") == "day") & ~pl.col("is_edition_date")
    carried = (pl.col("authority") == "EU") & pl.col("locator").str.contains(_TRANSPOSED)
    voice = pl.when(carried).then(pl.lit("UNSC")).otherwise("authority")
    government = pl.col("authority").replace_strict(
        GOVERNMENT_OF, default=None, return_dtype=pl.String
    )
    out = statements.with_columns(__voice=voice).with_columns(
        witness="__voice",
        __together=pl.when(is_dated & government.is_not_null())
        .then(pl.concat_str(government, pl.lit(" "), pl.col("stated_on").cast(pl.String)))
        .otherwise("__voice"),
    )
    # three rounds join a body to a body it never spoke with, through a third
    for _ in range(3):
        out = out.with_columns(witness=pl.col("witness").min().over("about", "__together"))
        out = out.with_columns(witness=pl.col("witness").min().over("about", "__voice"))
    return out.drop("__voice", "__together")


def _best_of_witnesses(statements: pl.DataFrame, contested_factor: float) -> pl.DataFrame:
    """Each witness's best statement on each thing; `standing` is its grade, less if contested."""
    doubt = pl.when(pl.col("is_contested")).then(contested_factor).otherwise(1.0)
    return (
        statements.filter(pl.col("grade").is_not_null())
        .with_columns(standing=pl.col("grade") * doubt)
        .sort(["about", "witness", "standing"], descending=[False, False, True])
        .unique(subset=["about", "witness"], keep="first", maintain_order=True)
    )


def link_probabilities(
    statements: pl.DataFrame, links: pl.DataFrame, *, contested_factor: float
) -> pl.DataFrame:
    """Noisy-or over independent witnesses: p = 1 - prod(1 - g), at most 0.99.

    One witness counts once however often it repeats itself: its best statement stands.

    Args:
        statements: classified statements.
        links: grain link_id.
        contested_factor: what a contested statement's grade is multiplied by.

    Returns:
        link_id, probability, n_origins, best_class, is_contested. Grain: link_id. A link that
        no statement asserts has probability 0 and no origin.
    """
    best = _best_of_witnesses(statements, contested_factor).sort(
        "standing", descending=True, maintain_order=True
    )
    per_link = best.group_by("about", maintain_order=True).agg(
        probability=(1 - (1 - pl.col("standing")).product()).clip(upper_bound=CERTAINTY_CAP),
        n_origins=pl.len().cast(pl.Int64),
        best_class=pl.col("class").first(),
        only_inferred=(pl.col("class") == "inferred").all(),
    )
    contested = statements.group_by("about").agg(is_contested=pl.col("is_contested").any())
    return (
        links.select("link_id")
        .join(per_link, left_on="link_id", right_on="about", how="left")
        .join(contested, left_on="link_id", right_on="about", how="left")
        .with_columns(
            pl.col("probability").fill_null(0.0),
            pl.col("n_origins").fill_null(0),
            pl.col("only_inferred").fill_null(value=False),
            pl.col("is_contested").fill_null(value=False),
        )
    )


def grade_draws(
    grades: pl.DataFrame, draws: int, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """One grade per class and draw: a class that is too trusted is so for all its statements.

    The range of a class is read as the central 80% of a normal on the logit.

    Returns:
        class → array of shape (draws,).
    """
    z = scipy.stats.norm.ppf(0.9)
    out = {}
    for name, middle, low, high in (
        grades.sort("class").select("class", "grade", "grade_low", "grade_high").iter_rows()
    ):
        logit = [np.log(value / (1 - value)) for value in (low, middle, high)]
        spread = (logit[2] - logit[0]) / (2 * z)
        out[name] = 1 / (1 + np.exp(-(logit[1] + spread * rng.standard_normal(draws))))
    return out


def probability_draws(
    statements: pl.DataFrame,
    about: list[str],
    grades: dict[str, np.ndarray],
    contested: np.ndarray,
) -> np.ndarray:
    """Noisy-or per draw, with the grades of that draw.

    Args:
        statements: classified statements.
        about: the link or amount ids, in the order wanted.
        grades: class → (draws,) from `grade_draws`.
        contested: (draws,) factor on contested statements.

    Returns:
        (len(about), draws) probabilities, at most 0.99; 0 where nothing is asserted.
    """
    draws = contested.shape[0]
    doubt = np.zeros((len(about), draws))  # sum of log(1 - g) over origins
    position = {name: index for index, name in enumerate(about)}
    best = _best_of_witnesses(statements.filter(pl.col("about").is_in(about)), 0.5)
    # at most one row per origin: a few hundred, each a vector over all draws
    for name, kind, disputed in best.select("about", "class", "is_contested").iter_rows():
        grade = grades[kind] * (contested if disputed else 1.0)
        doubt[position[name]] += np.log1p(-grade)
    return np.minimum(1 - np.exp(doubt), CERTAINTY_CAP)


@dataclass(frozen=True)
class GradeCalibration:
    """What became of each class's assertions.

    Attributes:
        table: grain class, year: links first asserted by the class in or before the year.
        verdicts: grain class: the pooled share and whether the grade is consistent with it.
    """

    table: pl.DataFrame
    verdicts: pl.DataFrame


def calibrate(statements: pl.DataFrame, grades: pl.DataFrame) -> GradeCalibration:
    """Time-split check of the grades: how many assertions did a higher class confirm later?

    For a class and a year y: the links it asserted by the end of y that no higher class had
    stated yet; the share that a higher class stated after y. A link nobody took up again is
    not refuted, so the share is a floor on the class's truth: a grade below the lower end of
    its Jeffreys interval is contradicted, a grade above it is not proven. `power_too_low` says how
    likely the check is to see a grade that is 0.2 too low, `power_too_high` one that is too high:
    the grades are judged, and this check does not make them more than that.

    Args:
        statements: classified statements on links; those dated by a list's edition only are
            left out, since the edition is later than the listing.
        grades: the grades table.

    Returns:
        GradeCalibration.
    """
    ranks = grades.select("class", "rank", "grade", "grade_low", "grade_high")
    dated = statements.filter(
        pl.col("grade").is_not_null() & ~pl.col("is_edition_date")
    ).with_columns(year=pl.col("stated_on").dt.year().cast(pl.Int64))
    firsts = dated.group_by("about", "class", "rank").agg(first_year=pl.col("year").min())
    higher = firsts.select("about", higher_rank="rank", confirmed_in="first_year")
    held = firsts.join(
        firsts.join(higher, on="about")
        .filter(pl.col("higher_rank") > pl.col("rank"))
        .group_by("about", "class")
        .agg(pl.col("confirmed_in").min()),
        on=["about", "class"],
        how="left",
    )
    counts = {
        "n_links": pl.len().cast(pl.Int64),
        "n_confirmed": pl.col("confirmed_in").count().cast(pl.Int64),
    }
    # a link counts in every year from its assertion to the last before a higher class spoke
    until = pl.min_horizontal("confirmed_in", pl.lit(dated["year"].max(), dtype=pl.Int64))
    by_year = (
        held.with_columns(year=pl.int_ranges("first_year", until, dtype=pl.Int64))
        .explode("year")
        .group_by("class", "year")
        .agg(**counts)
    )
    table = _jeffreys(by_year.select("class", *counts, "year").sort("class", "year"))
    # pooled: each link once, confirmed ever after its first assertion or not
    ever = (
        held.filter(
            pl.col("confirmed_in").is_null() | (pl.col("confirmed_in") > pl.col("first_year"))
        )
        .group_by("class")
        .agg(**counts)
    )
    other = (
        dated.filter(pl.col("witness").n_unique().over("about") > 1)
        .group_by("class")
        .agg(n_with_second_body=pl.col("about").n_unique().cast(pl.Int64))
    )
    verdicts = (
        _jeffreys(
            ranks.join(ever, on="class", how="left").with_columns(
                pl.col("n_links", "n_confirmed").fill_null(0)
            )
        )
        .join(other, on="class", how="left")
        .with_columns(pl.col("n_with_second_body").fill_null(0))
        .with_columns(
            is_top=pl.col("rank") == pl.col("rank").max(),
            is_consistent=pl.col("grade") >= pl.col("confirmed_share_low"),
        )
        .sort("rank", "class", descending=[True, False])
    )
    power = [
        power_of_check(grade, n, high)
        for grade, n, high in verdicts.select(
            "grade", "n_links", "confirmed_share_high"
        ).iter_rows()
    ]
    return GradeCalibration(
        table,
        verdicts.with_columns(
            power_too_low=pl.Series(power, dtype=pl.Float64),
            # silence refutes nothing, so a grade that is too high is never caught
            power_too_high=pl.lit(0.0),
            standing=pl.lit("judged"),
        ),
    )


def power_of_check(grade: float, n: int, taken_up: float, *, off: float = 0.2) -> float:
    """The chance that the check refutes a grade that is `off` too low.

    If the truth is grade + off, and a higher class takes up a true assertion as often as it can
    have done here at most, how often would the lower end of the Jeffreys interval of what was
    confirmed lie above the grade?

    Args:
        grade: the judged grade.
        n: assertions of the class that no higher class had made before.
        taken_up: upper end of the confirmed share.
        off: how far off the grade is.
    """
    truth = min(grade + off, 1.0)
    hits = np.arange(n + 1)
    low, _ = jeffreys(hits, n)
    chance = min(taken_up / grade, 1.0) * truth
    return float(scipy.stats.binom.pmf(hits, n, chance)[low > grade].sum()) if n else 0.0


def _jeffreys(frame: pl.DataFrame) -> pl.DataFrame:
    """Add the confirmed share and its 90% Jeffreys interval; no link, no share."""
    hits = frame["n_confirmed"].to_numpy().astype(float)
    size = frame["n_links"].to_numpy().astype(float)
    low, high = jeffreys(hits, size)
    return frame.with_columns(
        confirmed_share=pl.when(pl.col("n_links") > 0).then(
            pl.col("n_confirmed") / pl.col("n_links")
        ),
        confirmed_share_low=pl.Series(low, dtype=pl.Float64),
        confirmed_share_high=pl.Series(high, dtype=pl.Float64),
    )


def check_grades(verdicts: pl.DataFrame) -> list[str]:
    """Reasons why the grades may not be used; empty when they may.

    A higher class must not be graded lower; a grade must lie in its own range and must not lie
    below what later years confirmed.
    """
    wrong = [
        f"class {row['class']}: grade {row['grade']:.2f} is below {row['confirmed_share_low']:.2f},"
        f" the lower end of what a higher class later confirmed ({row['n_confirmed']} of "
        f"{row['n_links']}); raise the grade"
        for row in verdicts.filter(~pl.col("is_consistent")).iter_rows(named=True)
    ]
    wrong += [
        f"class {row['class']}: grade {row['grade']} is outside its own range"
        for row in verdicts.filter(
            (pl.col("grade") <= pl.col("grade_low")) | (pl.col("grade") >= pl.col("grade_high"))
        ).iter_rows(named=True)
    ]
    by_rank = (
        verdicts.group_by("rank")
        .agg(low=pl.col("grade").min(), high=pl.col("grade").max())
        .sort("rank")
    )
    for lower, upper in zip(
        by_rank.iter_rows(named=True), by_rank[1:].iter_rows(named=True), strict=False
    ):
        if lower["high"] > upper["low"]:
            wrong.append(
                f"rank {upper['rank']} is graded {upper['low']}, below rank {lower['rank']} with "
                f"{lower['high']}; a higher class is trusted at least as much"
            )
    return wrong


def shown_since(
    entities: pl.DataFrame, links: pl.DataFrame, statements: pl.DataFrame, *, day: str
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """From when parties and relations may be shown.

    A person needs a list, a court, a prosecutor or a UN report; a firm needs any official voice or
    its own; what names nobody (topic `unnamed`) may rest on the press. A relation needs the same of
    its own statements, and both its ends.

    Args:
        day: column of the statements that says when they count.

    Returns:
        entities and links, each with `since` (null: never) and `is_nobody`, of a relation where
        either of its ends is.
    """
    authority = pl.col("authority")
    by_whom = (
        statements.filter(~pl.col("kind").is_in(ASSERTS_NOTHING))
        .group_by("about")
        .agg(
            by_anybody=pl.col(day).filter(authority != "MODEL").min(),
            by_officials=pl.col(day).filter(~authority.is_in(UNOFFICIAL)).min(),
            by_the_sworn=pl.col(day).filter(authority.is_in(PERSON_AUTHORITIES)).min(),
        )
    )
    topics = pl.col("topics").fill_null("").str.split(";")
    parties = (
        entities.with_columns(is_nobody=topics.list.contains("unnamed"))
        .join(by_whom, left_on="entity_id", right_on="about", how="left", maintain_order="left")
        .with_columns(
            since=pl.when(pl.col("schema") == "Person")
            .then("by_the_sworn")
            .when("is_nobody")
            .then("by_anybody")
            .otherwise("by_officials")
        )
        .select(*entities.columns, "since", "is_nobody")
    )
    ties = links.join(
        by_whom, left_on="link_id", right_on="about", how="left", maintain_order="left"
    )
    for side in ("source", "target"):
        ties = ties.join(
            parties.select("entity_id", pl.col("since", "is_nobody").name.prefix(f"{side}_")),
            left_on=f"{side}_id",
            right_on="entity_id",
            how="left",
            maintain_order="left",
        )
    days = (
        pl.when("is_nobody").then("by_anybody").otherwise("by_officials"),
        pl.col("source_since"),
        pl.col("target_since"),
    )
    return parties, (
        ties.with_columns(is_nobody=pl.any_horizontal("source_is_nobody", "target_is_nobody"))
        .with_columns(
            since=pl.when(pl.all_horizontal(one.is_not_null() for one in days)).then(
                pl.max_horizontal(*days)
            )
        )
        .select(*links.columns, "since", "is_nobody")
    )


def publishable(
    entities: pl.DataFrame, links: pl.DataFrame, statements: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Mark what may be shown: `is_publishable` on all three tables.

    What `shown_since` dates may be; a press statement about a named party is never shown.
    """
    parties, ties = shown_since(entities, links, statements, day="stated_on")
    both = pl.concat(
        [
            parties.select("since", "is_nobody", about="entity_id"),
            ties.select("since", "is_nobody", about="link_id"),
        ]
    )
    is_shown = pl.col("since").is_not_null()
    shown = both.filter(is_shown)["about"].implode()
    nobody = both.filter("is_nobody")["about"].implode()
    heard = ~pl.col("authority").is_in(UNOFFICIAL) | pl.col("about").is_in(nobody)
    return (
        parties.select(*entities.columns, is_publishable=is_shown),
        ties.select(*links.columns, is_publishable=is_shown),
        statements.with_columns(is_publishable=pl.col("about").is_in(shown) & heard),
    )


def graded(
    statements: pl.DataFrame, grades: pl.DataFrame, relations: pl.Series
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Calibration of the grades and its verdicts, of statements about relations and about parties.

    Args:
        statements: as `classify` gives them.
        grades: the staged table of grades.
        relations: ids of relations; every other `about` is a party.

    Returns:
        The tables `calibration` and `grade_verdicts`, with a column `about`.
    """
    is_relation = pl.col("about").is_in(relations.implode())
    found = {
        about: calibrate(statements.filter(chosen), grades)
        for about, chosen in (("relations", is_relation), ("parties", ~is_relation))
    }
    return (
        pl.concat([one.table.with_columns(about=pl.lit(about)) for about, one in found.items()]),
        pl.concat([one.verdicts.with_columns(about=pl.lit(about)) for about, one in found.items()]),
    )
