"""What rows of the tables an analyst keeps for each stream must hold, beside their columns."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

import polars as pl

from pipelines.reference_tables import RowRule
from pipelines.schemas.figures import DISTRIBUTIONS, FIRST_YEAR, LAST_YEAR


@dataclass(frozen=True)
class Known:
    """What the rows of one stream's figures may name.

    Attributes:
        quantities: the stream's closed list, columns of `StagedQuantities`.
        units, countries: codes, ISO 3166 and areas together.
        source_ids, origin_ids, root_ids: ids of the stream's own tables.
        reasons: codes that `held_back` may hold.
        taken: observation ids that stand in another stream's table.
    """

    quantities: pl.DataFrame
    units: Collection[str]
    countries: Collection[str]
    source_ids: Collection[str]
    origin_ids: Collection[str]
    root_ids: Collection[str]
    reasons: Collection[str]
    taken: Collection[str] = field(default=())


def _outside_years(column: str) -> pl.Expr:
    return ~pl.col(column).dt.year().is_between(FIRST_YEAR, LAST_YEAR)


def _year_rules(start: str = "window_start_on", end: str = "window_end_on") -> list[RowRule]:
    return [
        RowRule(
            "year_out_of_range",
            column,
            _outside_years(column),
            f"the year is not between {FIRST_YEAR} and {LAST_YEAR}; correct its digits",
        )
        for column in (start, end)
    ] + [
        RowRule(
            "reversed_window",
            end,
            (pl.col(end) < pl.col(start)) & ~_outside_years(start) & ~_outside_years(end),
            "the window ends before it starts; correct one of the two dates",
        )
    ]


def _country_rule(countries: Collection[str]) -> RowRule:
    return RowRule(
        "unknown_country",
        "counterpart_iso3",
        ~pl.col("counterpart_iso3").is_in(list(countries)),
        "no such country code; use ISO 3166 alpha-3 or an area of areas.csv (WLD is the world)",
    )


def _source_rule(known: Known) -> RowRule:
    return RowRule(
        "missing_source",
        "source_id",
        ~pl.col("source_id").is_in(list(known.source_ids)),
        "no such source_id in the stream's figure_sources.csv; add the source there first",
    )


def _listed_rule(known: pl.DataFrame) -> RowRule:
    return RowRule(
        "unknown_quantity",
        "quantity",
        ~pl.col("quantity").is_in(known["quantity"].to_list()),
        "the stream has no such quantity; use one of its quantities.csv, or add it there",
    )


def _quantity_rules(known: pl.DataFrame, values: tuple[str, ...]) -> list[RowRule]:
    """Rules that a stream's closed list of quantities sets: unit, concept, size."""
    listed = known["quantity"].unique(maintain_order=True).to_list()
    pairs = list(known.select("quantity", "unit").iter_rows())
    concepts = {
        (quantity, concept)
        for quantity, text in known.select("quantity", "concepts").iter_rows()
        for concept in text.split(";")
    }
    is_listed = pl.col("quantity").is_in(listed)
    pair = pl.concat_str("quantity", "unit", separator="\t")
    is_pair = pair.is_in(["\t".join(one) for one in pairs])
    largest = pair.replace_strict(
        ["\t".join(one) for one in pairs], known["largest"], default=None, return_dtype=pl.Float64
    )
    rules = [
        _listed_rule(known),
        RowRule(
            "unit_of_another_quantity",
            "unit",
            is_listed & ~is_pair,
            "the quantity is never stated in this unit; correct one of the two "
            "(quantities.csv lists the pairs)",
        ),
        RowRule(
            "concept_of_another_quantity",
            "concept",
            is_listed
            & ~pl.concat_str("quantity", "concept", separator="\t").is_in(
                ["\t".join(one) for one in sorted(concepts)]
            ),
            "the quantity cannot measure this concept; use one that quantities.csv lists for it",
        ),
    ]
    rules += [
        RowRule(
            "too_large",
            column,
            is_pair & (pl.col(column).abs() > largest),
            "beyond the largest value that quantities.csv allows; look for a digit too many",
        )
        for column in values
    ]
    return rules


def _need_rules(known: pl.DataFrame) -> list[RowRule]:
    """Columns that a quantity of the stream cannot go without."""
    needs = {
        (column, quantity)
        for quantity, text in known.select("quantity", "needs").iter_rows()
        for column in (text or "").split(";")
        if column
    }
    return [
        RowRule(
            f"{column}_missing",
            column,
            pl.col(column).is_null()
            & pl.col("quantity").is_in([quantity for one, quantity in needs if one == column]),
            f"a figure of this quantity must say its {column}; README.md of pipelines/streams "
            "lists the words",
        )
        for column in sorted({column for column, _ in needs})
    ]


def figures_rules(stream: str, known: Known) -> list[RowRule]:
    """Published figures of a stream."""
    low, central, high = pl.col("low"), pl.col("central"), pl.col("high")
    kind = pl.col("kind")
    nothing = low.is_null() & central.is_null() & high.is_null()
    repeated = pl.col("held_back").str.starts_with("repeat_of:")
    return [
        RowRule(
            "another_stream",
            "stream",
            pl.col("stream") != stream,
            f"this is the table of {stream}; move the row to its own stream's figures.csv",
        ),
        RowRule(
            "id_of_another_stream",
            "observation_id",
            pl.col("observation_id").is_in(list(known.taken)),
            "this id stands in another stream's table; give the row an id of its own",
        ),
        *_quantity_rules(known.quantities, ("low", "central", "high")),
        *_need_rules(known.quantities),
        _country_rule(known.countries),
        RowRule(
            "unknown_unit",
            "unit",
            pl.col("unit").is_in(known.quantities["unit"].to_list())
            & ~pl.col("unit").is_in(list(known.units)),
            "this unit of quantities.csv is not in units.csv; add it there with its meaning",
        ),
        RowRule(
            "reversed_range",
            "low",
            (low > high) | (low > central) | (central > high),
            "low, central and high are not in rising order; swap them or correct the digits",
        ),
        *_year_rules(),
        RowRule(
            "no_number",
            "central",
            nothing,
            "none of low, central and high is given; a figure needs at least one",
        ),
        RowRule(
            "kind_without_its_number",
            "kind",
            ~nothing
            & (
                ((kind == "lower_bound") & low.is_null())
                | ((kind == "upper_bound") & high.is_null())
                | ((kind == "interval") & (low.is_null() | high.is_null()))
                | ((kind == "exact") & central.is_null())
            ),
            "lower_bound needs low, upper_bound needs high, interval needs both, "
            "exact needs central",
        ),
        RowRule(
            "share_outside_0_1",
            "unit",
            (pl.col("unit") == "share") & pl.any_horizontal(pl.col("low", "central", "high") > 1),
            "a share runs from 0 to 1; divide a percentage by 100",
        ),
        RowRule(
            "negative",
            "central",
            pl.any_horizontal(pl.col("low", "central", "high") < 0),
            "no quantity here can be negative; check the sign",
        ),
        _source_rule(known),
        RowRule(
            "missing_origin",
            "origin_id",
            ~pl.col("origin_id").is_in(list(known.origin_ids)),
            "no such origin_id in the stream's origins.csv; add the origin there first",
        ),
        RowRule(
            "unknown_reason",
            "held_back",
            pl.col("held_back").is_not_null()
            & ~repeated
            & ~pl.col("held_back").is_in(list(known.reasons)),
            "held_back takes a code of held_back_reasons.csv or repeat_of:<observation_id>",
        ),
    ]


def priors_rules() -> list[RowRule]:
    """Priors, of a stream or of the feeds: arguments of the distribution they name."""
    is_numbers = pl.col("args").str.contains(r"^-?\d+(\.\d+)?([eE]-?\d+)?(;-?\d+(\.\d+)?)*$")
    given = pl.col("args").str.count_matches(";") + 1
    fewest, most = (
        pl.col("distribution").replace_strict(
            list(DISTRIBUTIONS), [span[at] for span in DISTRIBUTIONS.values()], default=None
        )
        for at in (0, 1)
    )
    return [
        RowRule(
            "args_not_numbers",
            "args",
            ~is_numbers,
            "args are plain numbers split by ';', such as 0.2;0.1",
        ),
        RowRule(
            "args_of_another_distribution",
            "args",
            is_numbers & ~given.is_between(fewest, most),
            "the distribution takes another number of arguments; correct one of the two",
        ),
    ]


def obtainable_data_rules(known: Known) -> list[RowRule]:
    """Data still to be had of a stream."""
    return [
        _listed_rule(known.quantities),
        _country_rule(known.countries),
        *_year_rules(),
    ]


def halts_rules(known: Known) -> list[RowRule]:
    """Dated halts and reopenings of a stream."""
    return [_source_rule(known), *_year_rules("start_on", "end_on")]


def claims_rules(known: Known) -> list[RowRule]:
    """Public claims of a stream."""
    return [
        *_quantity_rules(known.quantities, ("low", "high")),
        _country_rule(known.countries),
        *_year_rules(),
        RowRule(
            "no_number",
            "low",
            pl.col("low").is_null() & pl.col("high").is_null(),
            "neither low nor high is given; a claim needs at least one",
        ),
        RowRule(
            "reversed_range",
            "low",
            pl.col("low") > pl.col("high"),
            "low exceeds high; swap them or correct the digits",
        ),
        _source_rule(known),
        RowRule(
            "missing_root",
            "root_id",
            ~pl.col("root_id").is_in(list(known.root_ids)),
            "no origin of the stream's origins.csv has this root; correct it",
        ),
    ]
