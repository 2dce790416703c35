"""Corrections reach every column of every table, and never miss in silence."""

import random

import polars as pl
import pytest

from pipelines.network.corrections import blame, mend
from pipelines.network.evidence import EvidenceError
from pipelines.paths import REFERENCE_DIR
from pipelines.reference_tables import parse_table
from pipelines.schemas import network as contracts

CONTRACTS = {
    "network_entities": contracts.StagedNetworkEntities,
    "network_links": contracts.StagedNetworkLinks,
    "network_statements": contracts.NetworkStatements,
    "network_amounts": contracts.StagedNetworkAmounts,
    "network_status_ends": contracts.NetworkStatusEnds,
    "network_headcounts": contracts.StagedNetworkHeadcounts,
    "network_bank_notes": contracts.NetworkBankNotes,
    "campaign_events": contracts.StagedCampaignEvents,
    "missile_tests_yearly": contracts.StagedMissileTestsYearly,
    "un_statement_endorsers": contracts.StagedStatementEndorsers,
    "evidence_grades": contracts.EvidenceGrades,
    "network_settings": contracts.NetworkSettings,
    "replaceability": contracts.Replaceability,
    "relation_types": contracts.RelationTypes,
}


def correction(file, row_id, column, expected, corrected, line=2):
    return {
        "line": line,
        "correction_id": f"c{line}",
        "table_name": file,
        "row_id": row_id,
        "column_name": column,
        "expected": expected,
        "corrected": corrected,
        "reason": "a test",
    }


def text_of(file):
    """The file as text, as the reader sees it before it types anything."""
    held = {}

    def keep(text):
        held["text"] = text
        return text, pl.DataFrame(schema=contracts_schema())

    read(file, keep)
    return held["text"]


def contracts_schema():
    from pipelines.schemas.quarantine import QUARANTINE_SCHEMA

    return QUARANTINE_SCHEMA


def read(file, mend_):
    contract = CONTRACTS[file]
    return parse_table(
        (REFERENCE_DIR / f"{file}.csv").read_bytes(),
        contract,
        source=file,
        file=f"{file}.csv",
        mend=mend_,
    )


def applied(file, *rows):
    touched = {}

    def fix(text):
        done = mend(text, pl.DataFrame(list(rows), infer_schema_length=None), file=file)
        touched.update(done.touched)
        return done.text, done.withdrawn

    split = read(file, fix)
    blame(split.quarantined, touched)
    return split


def key_of(file):
    return next(key for name, key in contracts.CORRECTED.values() if name == file).split("/")


# another value that the column's contract allows, by type of the column
def another(now, dtype, choices):
    if choices:
        return next(one for one in sorted(choices) if one != now)
    if dtype == pl.Date:
        return "2017-02-03" if now != "2017-02-03" else "2017-02-04"
    if dtype == pl.Boolean:
        return {"true": "false", "false": "true", None: "true"}[now]
    if dtype == pl.Float64:
        return "0.25" if now != "0.25" else "0.5"
    if dtype == pl.Int64:
        return "1990" if now != "1990" else "1991"
    return f"{now or ''} set right".strip()


def same(value, text, dtype):
    if text is None:
        return value is None
    if dtype == pl.Date:
        return value.isoformat() == text
    if dtype == pl.Boolean:
        return value == (text == "true")
    if dtype in (pl.Float64, pl.Int64):
        return value == float(text)
    return value == text


SHAPED = {
    "entity_id", "link_id", "source_id", "target_id", "statement_id", "about", "amount_id",
    "end_id", "headcount_id", "note_id", "bank_id", "employer_id", "event_id", "url",
    "country_iso2", "country_iso3", "host_iso3", "imo_number", "bic", "pay_currency", "pairs",
    "rank", "dated_by", "joined", "grade", "grade_low", "grade_high", "n_banks", "kind", "bound",
    "precision", "class",
}  # fmt: skip
CHOICES = {
    ("network_statements", "kind"): {"finding", "charged"},
    ("network_statements", "authority"): {"OFAC", "DOJ"},
    ("network_statements", "read_via"): {"repost", "press_account"},
    ("network_links", "money"): {"with", "none"},
    ("network_links", "relation"): {"agent", "payer"},
    ("network_amounts", "measure"): {"income", "processed"},
    ("network_amounts", "scope"): {"link", "scheme_total"},
    ("network_amounts", "held_back"): {"undated", "mixed_goods"},
    ("network_entities", "stage"): {"broker", "front"},
    ("network_entities", "schema"): {"Company", "Person"},
    ("network_entities", "bank_size_tier"): {"global", "unknown"},
}
SETS = {"stream", "stated_on_precision", "ended_on_precision", "ended_by", "relation_type"}
FREE = {
    "stream": {"coal", "labor"},
    "stated_on_precision": {"day", "month"},
    "ended_on_precision": {"day", "month"},
    "ended_by": {"repealed", "withdrawn"},
    "relation_type": {"pays", "owns"},
}


def test_a_thousand_corrections_of_every_column_apply_and_undo():
    rng = random.Random(20_261_126)
    done = 0
    seen = set()
    types = set()
    for file in sorted(CONTRACTS):
        text = text_of(file)
        schema = {
            name: column.dtype.type for name, column in CONTRACTS[file].to_schema().columns.items()
        }
        before = read(file, None).kept
        names = [n for n in text.columns if n not in {"line", *SHAPED, *key_of(file)}]
        names = [
            n
            for n in names
            if (file, n) in CHOICES
            or n in FREE
            or n
            not in (
                "authority",
                "read_via",
                "money",
                "relation",
                "measure",
                "scope",
                "held_back",
                "stage",
                "schema",
                "bank_size_tier",
            )
        ]
        # small tables run out of cells: the large ones make up for it
        each = 320
        rows, wanted = [], {}
        line = 2
        for turn in range(each):
            column = names[turn % len(names)]
            place = rng.randrange(text.height)
            if (place, column) in wanted:
                continue
            now = text[column][place]
            new = another(now, schema[column], CHOICES.get((file, column)) or FREE.get(column))
            row_id = "/".join(text[part][place] or "" for part in key_of(file))
            rows.append(correction(file, row_id, column, now, new, line))
            wanted[place, column] = (row_id, now, new)
            seen.add((file, column))
            types.add(schema[column])
            line += 1
        split = applied(file, *rows)
        assert split.quarantined.height == 0, split.quarantined
        after = split.kept.sort("line")
        for (place, column), (_, _, new) in wanted.items():
            got = after[column][place]
            assert same(got, new, schema[column]), (file, column, new, got)
        # what was not corrected did not move
        changed = (after != before.sort("line")).sum().row(0)
        assert sum(changed) <= len(wanted)
        # withdrawn again: the file is what it was
        back = [
            correction(file, row_id, column, new, now, line + number)
            for number, ((_, column), (row_id, now, new)) in enumerate(wanted.items())
        ]
        undone = applied(file, *rows, *back).kept
        assert undone.equals(before)
        done += len(wanted)
        # and every one of them misses loudly once the cell has changed
        for (place, column), (row_id, now, new) in list(wanted.items())[::7]:
            with pytest.raises(EvidenceError) as told:
                applied(file, correction(file, row_id, column, f"{now}?", new, 77))
            message = str(told.value)
            assert f"{file}.csv, line {text['line'][place]}, column {column}" in message
            assert "network_corrections.csv, line 77" in message
    assert done >= 1_000
    assert {pl.Date, pl.Boolean, pl.Float64, pl.Int64, pl.String} <= types


def test_amounts_and_their_parties_can_be_corrected():
    before = text_of("network_amounts").filter(pl.col("amount_id") == "it-wang").row(0, named=True)
    split = applied(
        "network_amounts",
        correction("network_amounts", "it-wang", "usd", before["usd"], "4000000"),
        correction("network_amounts", "it-wang", "parties", before["parties"], "kejia-wang", 3),
        correction("network_amounts", "it-wang", "window_end_on", before["window_end_on"],
                   "2024-12-31", 4),
    )  # fmt: skip
    row = split.kept.filter(pl.col("amount_id") == "it-wang").row(0, named=True)
    assert (row["usd"], row["parties"], row["window_end_on"].isoformat()) == (
        4_000_000.0, "kejia-wang", "2024-12-31",
    )  # fmt: skip


def test_a_corrected_cell_that_cannot_be_read_names_its_correction():
    with pytest.raises(EvidenceError, match=r"line 9 \(c9\), column usd.*'many'.*mend"):
        applied(
            "network_amounts", correction("network_amounts", "it-wang", "usd", "5000000", "many", 9)
        )


def test_a_row_taken_out_is_in_quarantine_with_its_reason():
    split = applied(
        "network_amounts", correction("network_amounts", "it-wang", "withdrawn", None, "withdrawn")
    )
    assert "it-wang" not in set(split.kept["amount_id"])
    assert split.rows_in == split.kept.height + 1
    gone = split.quarantined.row(0, named=True)
    assert (gone["rule"], gone["value"]) == ("withdrawn", "it-wang")


@pytest.mark.parametrize(
    ("row_id", "column", "expected", "match"),
    [
        ("no-such", "usd", "1", "no row with amount_id = 'no-such'"),
        ("it-wang", "dollars", "1", "has no column 'dollars'"),
        ("it-wang", "withdrawn", "x", "leave `expected` empty"),
    ],
)
def test_a_correction_of_nothing_stops(row_id, column, expected, match):
    with pytest.raises(EvidenceError, match=match):
        applied("network_amounts", correction("network_amounts", row_id, column, expected, "2"))


def test_a_second_correction_of_a_cell_expects_what_the_first_made():
    rows = [
        correction("network_amounts", "it-wang", "usd", "5000000", "4000000", 2),
        correction("network_amounts", "it-wang", "usd", "4000000", "3000000", 3),
    ]
    split = applied("network_amounts", *rows)
    assert split.kept.filter(pl.col("amount_id") == "it-wang")["usd"].item() == 3e6
    with pytest.raises(EvidenceError, match="line 3"):
        applied("network_amounts", rows[0], {**rows[1], "expected": "5000000"})


def test_a_row_taken_out_is_there_for_no_further_correction():
    rows = [
        correction("network_amounts", "it-wang", "withdrawn", None, "withdrawn", 2),
        correction("network_amounts", "it-wang", "usd", "5000000", "4000000", 3),
    ]
    with pytest.raises(EvidenceError, match=r"line 3 .*no row with amount_id = 'it-wang'"):
        applied("network_amounts", *rows)
