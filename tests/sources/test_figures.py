"""Hand-kept figures: whatever an editor or a slip does to the file is named, the rest loads."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.quarantine import SourceDrift, Split
from pipelines.reference_tables import RowRule, parse_table
from pipelines.schemas.figures import (
    FIGURE_COLUMNS,
    StagedClaims,
    StagedFigures,
    StagedHalts,
    StagedPriors,
)
from pipelines.schemas.table import Table
from pipelines.sources.figures import (
    Known,
    claims_rules,
    figures_rules,
    halts_rules,
    priors_rules,
)

GOOD = {
    "observation_id": "coal-1",
    "stream": "coal",
    "quantity": "export_t",
    "concept": "tonnes",
    "counterpart_iso3": "CHN",
    "sector": "HS2701",
    "window_start_on": "2016-01-01",
    "window_end_on": "2016-12-31",
    "kind": "exact",
    "low": "",
    "central": "22490000",
    "high": "",
    "unit": "t",
    "coverage": "whole",
    "class": "customs",
    "declared": "declared",
    "delivery_point": "",
    "nature": "",
    "assumed_price_usd_per_t": "",
    "persons": "",
    "origin_id": "gacc",
    "stated_by": "",
    "stated_on": "",
    "stated_year": "",
    "source_id": "nikkei",
    "locator": "text",
    "read_at": "https://example.org/a",
    "retrieved_at": "2026-11-24T00:00:00Z",
    "held_back": "",
    "note": "",
}


QUANTITIES = pl.DataFrame(
    {
        "quantity": ["export_t", "price", "share"],
        "unit": ["t", "USD/t", "share"],
        "concepts": ["tonnes", "price", "share"],
        "needs": ["declared", "delivery_point;nature", None],
        "largest": [4e7, 400.0, 100.0],
    }
)


def parse(*rows: dict[str, str], columns: tuple[str, ...] = FIGURE_COLUMNS) -> Split:
    lines = [",".join(columns)]
    lines += [",".join({**GOOD, **row}.get(name, "") for name in columns) for row in rows]
    return parse_bytes("\n".join(lines).encode())


KNOWN = Known(
    quantities=QUANTITIES,
    units=["t", "USD", "USD/t", "share"],
    countries=["CHN", "WLD"],
    source_ids=["nikkei"],
    origin_ids=["gacc"],
    root_ids=["customs"],
    reasons=["derived"],
    taken=["other-1"],
)


def parse_bytes(content: bytes) -> Split:
    return parse_table(
        content,
        StagedFigures,
        file="coal/figures.csv",
        source="figures",
        rules=figures_rules("coal", KNOWN),
    )


def of_coal(content: bytes, contract: type[Table], rules: list[RowRule]) -> Split:
    """One of the stream's own tables, whose file leaves the stream out."""
    coal = {"stream": "coal"}
    return parse_table(content, contract, source="", file="", rules=rules, constants=coal)


def test_a_good_row_keeps_its_line_and_its_number():
    split = parse({})
    assert split.kept.select("line", "central").row(0) == (2, 22_490_000.0)
    assert split.quarantined.is_empty()


@pytest.mark.parametrize(
    ("change", "rule", "column", "word"),
    [
        ({"unit": "stone"}, "unit_of_another_quantity", "unit", "quantities.csv"),
        ({"unit": "USD"}, "unit_of_another_quantity", "unit", "never stated"),
        ({"quantity": "exports_t"}, "unknown_quantity", "quantity", "no such quantity"),
        ({"concept": "cif_usd"}, "concept_of_another_quantity", "concept", "quantities.csv"),
        ({"counterpart_iso3": "CNH"}, "unknown_country", "counterpart_iso3", "ISO 3166"),
        ({"central": "1e300"}, "too_large", "central", "digit"),
        ({"central": "40000001"}, "too_large", "central", "digit"),
        ({"window_start_on": "0202-01-01"}, "year_out_of_range", "window_start_on", "2035"),
        ({"window_end_on": "2120-12-31"}, "year_out_of_range", "window_end_on", "2035"),
        ({"window_end_on": "0202-12-31"}, "year_out_of_range", "window_end_on", "2035"),
        ({"declared": ""}, "declared_missing", "declared", "declared"),
        ({"class": "rumour"}, "isin", "class", "listed codes"),
        ({"coverage": "most"}, "isin", "coverage", "listed codes"),
        ({"stated_year": "2120"}, "less_than", "stated_year", "number"),
        ({"stream": "labor"}, "another_stream", "stream", "table of coal"),
        ({"observation_id": "other-1"}, "id_of_another_stream", "observation_id", "its own"),
        (
            {"low": "9", "high": "3", "kind": "interval", "central": ""},
            "reversed_range",
            "low",
            "swap",
        ),
        ({"window_end_on": "2015-12-31"}, "reversed_window", "window_end_on", "dates"),
        ({"source_id": "nobody"}, "missing_source", "source_id", "add the source"),
        ({"source_id": ""}, "not_nullable", "source_id", "fill"),
        ({"origin_id": "nobody"}, "missing_origin", "origin_id", "add the origin"),
        ({"central": "22.49 Mt"}, "not_readable", "central", "plain number"),
        ({"central": "22490000,"}, "cells_per_row", "(row)", "comma"),
        ({"central": "nan"}, "not_readable", "central", "plain number"),
        ({"central": "-5"}, "negative", "central", "sign"),
        ({"central": ""}, "no_number", "central", "at least one"),
        ({"kind": "guess"}, "isin", "kind", "listed codes"),
        (
            {"quantity": "share", "concept": "share", "unit": "share", "central": "85"},
            "share_outside_0_1",
            "unit",
            "divide",
        ),
        ({"held_back": "whim"}, "unknown_reason", "held_back", "held_back_reasons.csv"),
        ({"window_start_on": "01/02/2016"}, "not_readable", "window_start_on", "YYYY-MM-DD"),
    ],
)
def test_a_bad_row_is_named_and_the_other_one_loads(change, rule, column, word):
    split = parse({"observation_id": "coal-2", **change}, {})
    assert split.kept["observation_id"].to_list() == ["coal-1"]
    assert split.rows_in == split.kept.height + split.rows_quarantined == 2
    # named once, whatever else the row might be told of
    assert split.quarantined.height == 1
    told = split.quarantined.row(0, named=True)
    assert told["rule"].startswith(rule)
    assert (told["file"], told["line"], told["column"]) == ("coal/figures.csv", 2, column)
    assert word in told["reason"]


def test_a_price_must_say_where_and_how():
    price = {"quantity": "price", "concept": "price", "unit": "USD/t", "central": "70"}
    told = parse(price).quarantined
    assert told["rule"].to_list() == ["delivery_point_missing", "nature_missing"]
    said = {"delivery_point": "nampo", "nature": "asked"}
    assert parse(price | said).kept.select("delivery_point", "nature").row(0) == ("nampo", "asked")


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        ("a,normal,1;2,log,why", None),
        ("a,normal,1,log,why", "args_of_another_distribution"),
        ("a,normal,one;2,log,why", "args_not_numbers"),
        ("a,cauchy,1;2,log,why", "isin"),
        ("a,normal,1;2,log,", "not_nullable"),
    ],
)
def test_a_prior_has_the_arguments_of_its_distribution_and_a_source(row, rule):
    content = f"parameter,distribution,args,unit,source\n{row}\n".encode()
    split = of_coal(content, StagedPriors, priors_rules())
    assert [told.split("(")[0] for told in split.quarantined["rule"]] == ([rule] if rule else [])
    assert split.kept["stream"].to_list() == ([] if rule else ["coal"])


@pytest.mark.parametrize(
    ("change", "rule", "column"),
    [
        ({}, None, None),
        ({"end_on": ""}, None, None),
        ({"end_on": "2019-12-31"}, "reversed_window", "end_on"),
        ({"start_on": "0202-01-22"}, "year_out_of_range", "start_on"),
        ({"end_on": "2120-03-24"}, "year_out_of_range", "end_on"),
        ({"source_id": "nobody"}, "missing_source", "source_id"),
        ({"words": ""}, "not_nullable", "words"),
    ],
)
def test_a_halt_is_dated_and_cited(change, rule, column):
    good = {
        "halt_id": "halt-1",
        "kind": "halt",
        "start_on": "2020-01-22",
        "end_on": "2020-03-24",
        "words": "a halt",
        "source_id": "nikkei",
        "locator": "text",
        "note": "",
    }
    row = good | change
    content = f"{','.join(row)}\n{','.join(row.values())}\n".encode()
    split = of_coal(content, StagedHalts, halts_rules(KNOWN))
    told = split.quarantined.select("rule", "column").rows()
    assert told == ([(rule, column)] if rule else [])
    assert split.kept["stream"].to_list() == ([] if rule else ["coal"])


@pytest.mark.parametrize(
    ("change", "rule", "column"),
    [
        ({}, None, None),
        ({"low": "", "high": ""}, "no_number", "low"),
        ({"low": "5000000"}, "reversed_range", "low"),
        ({"high": "1e300"}, "too_large", "high"),
        ({"unit": "USD"}, "unit_of_another_quantity", "unit"),
        ({"root_id": "gacc"}, "missing_root", "root_id"),
        ({"counterpart_iso3": "CNH"}, "unknown_country", "counterpart_iso3"),
    ],
)
def test_a_claim_names_a_quantity_a_root_and_a_source(change, rule, column):
    good = {
        "claim_id": "claim-1",
        "words": "3.7 million tonnes",
        "quantity": "export_t",
        "concept": "tonnes",
        "counterpart_iso3": "WLD",
        "window_start_on": "2019-01-01",
        "window_end_on": "2019-08-31",
        "low": "3700000",
        "high": "3700000",
        "unit": "t",
        "root_id": "customs",
        "source_id": "nikkei",
        "locator": "text",
        "observation_id": "coal-1",
    }
    row = good | change
    content = f"{','.join(row)}\n{','.join(row.values())}\n".encode()
    split = of_coal(content, StagedClaims, claims_rules(KNOWN))
    told = split.quarantined.select("rule", "column").rows()
    assert told == ([(rule, column)] if rule else [])


def test_both_rows_of_a_repeated_id_are_refused():
    split = parse({}, {}, {"observation_id": "coal-2"})
    assert split.kept["observation_id"].to_list() == ["coal-2"]
    assert split.quarantined["line"].to_list() == [2, 3]


def test_byte_order_mark_and_crlf_change_nothing():
    plain = "\n".join([",".join(FIGURE_COLUMNS), ",".join(GOOD[c] for c in FIGURE_COLUMNS)])
    windows = b"\xef\xbb\xbf" + plain.replace("\n", "\r\n").encode() + b"\r\n"
    assert parse_bytes(windows).kept.equals(parse_bytes(plain.encode()).kept)


def test_line_numbers_count_physical_lines_through_quoted_line_breaks():
    rows = [{**GOOD, "note": '"two\nlines"'}, {**GOOD, "observation_id": "coal-2", "unit": "stone"}]
    text = "\n".join(
        [",".join(FIGURE_COLUMNS), *(",".join(row[c] for c in FIGURE_COLUMNS) for row in rows)]
    )
    assert parse_bytes(text.encode()).quarantined["line"].to_list() == [4]


def test_an_extra_column_stops_the_source_with_both_lists():
    with pytest.raises(SourceDrift, match="not expected: 'colour'"):
        parse({}, columns=(*FIGURE_COLUMNS, "colour"))


def test_a_missing_column_stops_the_source():
    with pytest.raises(SourceDrift, match="missing: unit"):
        parse({}, columns=tuple(name for name in FIGURE_COLUMNS if name != "unit"))


def test_latin_1_is_refused_with_its_line():
    with pytest.raises(SourceDrift, match="line 2: not UTF-8"):
        parse_bytes((",".join(FIGURE_COLUMNS) + "\ncaf\xe9").encode("latin-1"))


@given(st.binary(max_size=400))
def test_any_bytes_load_or_drift_and_nothing_else(content):
    try:
        split = parse_bytes(content)
    except SourceDrift:
        return
    assert split.rows_in == split.kept.height + split.rows_quarantined


PLAIN_CELLS = st.text(
    st.characters(blacklist_characters='",\r\n\x00', blacklist_categories=("Cs",)), max_size=12
)


@settings(max_examples=40)
@given(st.lists(PLAIN_CELLS, min_size=len(FIGURE_COLUMNS), max_size=len(FIGURE_COLUMNS)))
def test_any_cells_are_kept_or_refused(cells):
    split = parse_bytes((",".join(FIGURE_COLUMNS) + "\n" + ",".join(cells)).encode())
    assert split.rows_in == split.kept.height + split.rows_quarantined
