"""The ledger of legal status: what stands on a day, since when, and what ended it."""

import datetime as dt

import polars as pl
import pytest

from pipelines.network.evidence import EvidenceError
from pipelines.network.status import (
    delistings,
    designations,
    legal_status,
    public_by,
    standing,
    traced,
)

DAY = dt.date


def said(number, about, kind, authority, on, **more):
    return {
        "statement_id": f"s{number}",
        "about": about,
        "kind": kind,
        "authority": authority,
        "program": None,
        "stated_on": on,
        "stated_on_precision": "day",
        "public_on": None,
        "is_edition_date": False,
        "document": "82 FR 31537, finding",
        "locator": "whole page",
        "read_via": "official_text",
        "url": "https://example.org/x",
        "is_contested": False,
        **more,
    }


STATEMENTS = pl.DataFrame(
    [
        said(1, "bank", "finding", "FinCEN", DAY(2005, 9, 20)),
        said(2, "bank", "final_rule", "FinCEN", DAY(2007, 3, 19)),
        said(3, "firm", "designated", "OFAC", DAY(2019, 1, 1), is_edition_date=True),
        said(4, "both", "designated", "UNSC", DAY(2018, 3, 30)),
        said(5, "both", "designated", "OFAC", DAY(2018, 2, 23)),
        said(6, "order", "blocked_by_order", "US_PRESIDENT", DAY(2016, 3, 15)),
        said(7, "served", "warrant", "US_COURT", DAY(2017, 5, 22), public_on=DAY(2017, 7, 6)),
        said(8, "told", "reported", "UN_PoE", DAY(2017, 5, 22)),
        said(9, "month", "charged", "DOJ", DAY(2017, 8, 1), stated_on_precision="month"),
    ],
    schema_overrides={"program": pl.String, "public_on": pl.Date},
)
ENDS = pl.DataFrame(
    [
        {
            "end_id": f"e{number}",
            "statement_id": statement,
            "ended_on": DAY(2020, 8, 10),
            "ended_on_precision": "day",
            "ended_by": by,
            "authority": "FinCEN",
            "document": "85 FR 48105",
            "url": "https://example.org/y",
        }
        for number, statement, by in ((1, "s1", "withdrawn"), (2, "s2", "repealed"))
    ]
)


def ledger(as_of, ends=ENDS):
    return legal_status(STATEMENTS, ends, as_of=as_of)


def row(frame, status_id):
    return frame.filter(pl.col("status_id") == status_id).row(0, named=True)


def test_a_rule_stands_until_its_repeal_and_not_after():
    before, after = ledger(DAY(2020, 8, 9)), ledger(DAY(2020, 8, 10))
    assert row(before, "s2")["is_in_force"]
    assert row(before, "s2")["to_on"] is None
    assert not row(after, "s2")["is_in_force"]
    assert (row(after, "s2")["to_on"], row(after, "s2")["ended_by"]) == (
        DAY(2020, 8, 10), "repealed",
    )  # fmt: skip
    assert "s2" not in set(ledger(DAY(2007, 3, 18))["status_id"])


def test_a_list_edition_is_no_day_of_designation():
    found = row(ledger(DAY(2026, 1, 1)), "s3")
    assert found["from_on"] is None
    assert found["known_by_on"] == DAY(2019, 1, 1)
    listed = designations(ledger(DAY(2026, 1, 1)))
    firm = listed.filter(pl.col("entity_id") == "firm").row(0, named=True)
    assert (firm["designated_on"], firm["is_designation_undated"]) == (None, True)


def test_every_body_in_force_is_named_first_dated_first():
    listed = designations(ledger(DAY(2026, 1, 1)))
    by = {one["entity_id"]: one for one in listed.iter_rows(named=True)}
    assert by["both"]["designated_by"] == "OFAC;UNSC"
    assert by["both"]["designated_on"] == DAY(2018, 2, 23)
    assert by["order"]["designated_by"] == "US_PRESIDENT"
    # neither a finding, nor a warrant, nor a report blocks anybody
    assert set(by) == {"firm", "both", "order"}
    then = designations(ledger(DAY(2018, 3, 1)))
    assert then.filter(pl.col("entity_id") == "both")["designated_by"].item() == "OFAC"


def test_only_the_law_is_in_the_ledger():
    assert "told" not in set(ledger(DAY(2026, 1, 1))["about"])


def test_what_is_sealed_is_public_only_when_unsealed():
    public = lambda day: set(public_by(STATEMENTS, day)["statement_id"])  # noqa: E731
    assert "s7" not in public(DAY(2017, 7, 5))
    assert "s7" in public(DAY(2017, 7, 6))
    # a month counts when it is over
    assert "s9" not in public(DAY(2017, 8, 30))
    assert "s9" in public(DAY(2017, 8, 31))


def test_an_ending_of_nothing_or_before_its_beginning_is_refused():
    lost = ENDS.with_columns(statement_id=pl.lit("s99"))
    with pytest.raises(EvidenceError, match=r"network_status_ends.csv: e1 ends statement s99"):
        ledger(DAY(2026, 1, 1), lost)
    early = ENDS.with_columns(ended_on=pl.lit(DAY(2001, 1, 1)))
    with pytest.raises(EvidenceError, match=r"e1.*before its own day"):
        ledger(DAY(2026, 1, 1), early)


def test_the_words_say_what_stands_and_what_ended():
    words = dict(standing(ledger(DAY(2026, 1, 1))).iter_rows())
    assert words["bank"] == (
        "final rule by FinCEN since 2007-03-19, repealed 2020-08-10; "
        "finding by FinCEN since 2005-09-20, withdrawn 2020-08-10"
    )
    assert words["firm"] == "designated by OFAC (day not known)"
    assert words["month"] == "charged by DOJ since 2017-08"


def test_a_document_is_traced_by_its_number_its_entry_or_its_day():
    found = traced(
        pl.DataFrame(
            [
                said(1, "x", "finding", "FinCEN", DAY(2017, 7, 7)),
                said(2, "x", "designated", "OFAC", DAY(2019, 1, 1), document="OFAC SDN list",
                     read_via="official_list"),
                said(3, "x", "charged", "DOJ", DAY(2017, 1, 1), document="an indictment",
                     read_via="press_account"),
                said(4, "x", "charged", "DOJ", DAY(2017, 1, 1), document="an indictment",
                     stated_on_precision="month", read_via="press_account"),
                said(5, "x", "reported", "PRESS", DAY(2017, 1, 1), document="S/2017/150 as told",
                     read_via="press_account"),
                said(6, "x", "own_statement", "COMPANY", DAY(2017, 1, 1), document="its notice",
                     read_via="press_account"),
            ],
            schema_overrides={"program": pl.String, "public_on": pl.Date},
        )
    )  # fmt: skip
    assert found["tracing"].to_list() == [
        "number", "list_entry", "issuer_and_day", "untraced", "untraced", "own_notice",
    ]  # fmt: skip
    assert found["document_number"].to_list()[0] == "82 FR 31537"
    assert found["is_primary_read"].to_list() == [True, True, False, False, False, False]


def test_an_entry_gone_from_a_list_ends_that_bodys_listing_only():
    changes = pl.DataFrame(
        {
            "list_source": ["ofac_sdn", "ofac_sdn", "ofac_sdn"],
            "list_id": ["1", "2", "3"],
            "change": ["removed", "changed", "removed"],
            "is_dprk": [True, True, False],
            "edition_after": ["2020-01-01-abc"] * 3,
            "seen_at": [dt.datetime(2020, 1, 2, 3, tzinfo=dt.UTC)] * 3,
        }
    )
    entities = pl.DataFrame(
        {"entity_id": ["both", "firm"], "list_key": ["UNSC:KPe.1;OFAC:1", "OFAC:2;OFAC:3"]}
    )
    # what the body said beside the listing does not end with it
    beside = pl.DataFrame([said(10, "both", "alleged", "OFAC", DAY(2018, 2, 23))]).cast(
        dict(STATEMENTS.schema)
    )
    found = delistings(
        changes,
        entities,
        pl.concat([STATEMENTS, beside]),
        {"ofac_sdn": "OFAC", "un_sc": "UNSC"},
    )
    assert found.select("statement_id", "ended_on", "ended_by").rows() == [
        ("s5", DAY(2020, 1, 2), "delisted")
    ]
    after = legal_status(
        STATEMENTS, pl.concat([ENDS, found.select(ENDS.columns)]), as_of=DAY(2021, 1, 1)
    )
    both = designations(after).filter(pl.col("entity_id") == "both")
    assert both["designated_by"].to_list() == ["UNSC"]
