"""Why numbers moved, on moves worked out by hand; history that no lost file takes along."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import shutil
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from pipelines.publish.release import heal, id_of
from pipelines.publish.vintages import (
    BATCHES,
    SHIFTS_SCHEMA,
    Estimates,
    MadeFrom,
    VintageStore,
    causes_between,
    chronicle,
    evidence_of,
    explain,
    rows_changed,
    sentences,
    states_between,
)
from pipelines.versions import hash_frame

AT = dt.datetime(2026, 3, 1, 12)  # noqa: DTZ001  as tables hold instants
MADE = MadeFrom(code="c1", evidence="e1", inputs="i1", seed=1, draws=100, last_month="2026-01-01")


def estimates(median: float, *, jitter: float = 0.0, stream: str = "coal") -> Estimates:
    """One stream, one full year; medians of the batches alternate by `jitter` around the median."""
    annual = pl.DataFrame(
        {
            "stream": [stream],
            "measure": ["state_income_usd"],
            "year": [2025],
            "q05": [median / 2],
            "q25": [median * 0.8],
            "q50": [median],
            "q75": [median * 1.2],
            "q95": [median * 2],
            "is_partial_year": [False],
        }
    )
    batches = pl.DataFrame(
        {
            "stream": [stream] * BATCHES,
            "measure": ["state_income_usd"] * BATCHES,
            "year": [2025] * BATCHES,
            "batch": list(range(BATCHES)),
            "q50": [median + (jitter if batch % 2 else -jitter) for batch in range(BATCHES)],
        }
    )
    return Estimates(annual, batches)


def ledger(*rows: tuple[str, str, float]) -> pl.DataFrame:
    return pl.DataFrame(
        [(*row, AT) for row in rows],
        schema=["observation_id", "stream", "central", "retrieved_at"],
        orient="row",
    )


def put(
    store: VintageStore, tmp_path, release_id: str, made: MadeFrom, now: Estimates, rows, **more
):
    """What a release does: take its place in history, and be kept."""
    told = chronicle(
        store, release_id, made, now, monthly=now.annual, ledger=rows, published_at=AT, **more
    )
    folder = tmp_path / "building"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    told.write(folder)
    files = {
        f"vintage/{path.name}": {"sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
        for path in (folder / "vintage").iterdir()
    }
    (folder / "manifest.json").write_text(json.dumps({"files": files}))
    store.add_from(folder)
    return told


@pytest.mark.parametrize("harm", ["note", "table", "manifest"])
def test_a_damaged_vintage_is_set_aside_and_the_others_are_read(tmp_path, harm):
    store = VintageStore(tmp_path / "vintages")
    put(store, tmp_path, "r1", MADE, estimates(100e6), ledger())
    put(store, tmp_path, "r2", MADE, estimates(200e6), ledger(("a", "coal", 1.0)))
    assert store.set_damaged_aside() == []
    last = store.entries()[-1].folder
    if harm == "note":
        (last / "entry.json").write_bytes(b"\xff{")
    elif harm == "table":
        content = bytearray((last / "annual.parquet").read_bytes())
        content[40] ^= 1
        (last / "annual.parquet").write_bytes(bytes(content))
    else:
        (last / "manifest.json").write_text("{")
    assert [one.release_id for one in store.entries()][:1] == ["r1"]
    assert store.set_damaged_aside() == ["000002-r2"]
    assert [one.release_id for one in store.entries()] == ["r1"]
    assert len(list((tmp_path / "vintages").glob(".damaged-000002-r2-*"))) == 1


def test_a_damaged_vintage_comes_back_from_its_release(tmp_path):
    store = VintageStore(tmp_path / "vintages")
    put(store, tmp_path, "r1", MADE, estimates(100e6), ledger())
    (tmp_path / "releases").mkdir()
    kept = tmp_path / "releases" / "r1"
    (tmp_path / "building").rename(kept)
    content = {"tables": {}}
    files = {
        str(path.relative_to(kept)): {
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            "bytes": path.stat().st_size,
        }
        for path in (kept / "vintage").iterdir()
    }
    manifest = {"release_id": id_of(content), "sequence": 1, "content": content, "files": files}
    (kept / "manifest.json").write_text(json.dumps(manifest))
    (tmp_path / "published").symlink_to("releases/r1")
    (store.entries()[0].folder / "annual.parquet").write_bytes(b"x")
    assert heal(tmp_path / "published", store) == [
        "vintage 000001-r1 was damaged; its release brought it back"
    ]
    assert store.entries()[0].frame("annual")["q50"].to_list() == [100e6]
    assert heal(tmp_path / "published", store) == []


def test_ledger_rows_are_added_removed_and_changed_but_not_by_retrieval():
    before = ledger(("a", "coal", 1.0), ("b", "coal", 2.0), ("c", "labor", 3.0))
    now = ledger(("a", "coal", 1.5), ("c", "labor", 3.0), ("d", "labor", 4.0)).with_columns(
        retrieved_at=pl.lit(AT + dt.timedelta(days=9))
    )
    assert rows_changed(before, now).rows() == [
        ("a", "coal", "changed"),
        ("b", "coal", "removed"),
        ("d", "labor", "added"),
    ]


def test_a_move_is_taken_apart_in_steps_that_add_up():
    """100 -> 110 by code, -> 140 by evidence, -> 141 by a month within noise."""
    states = [
        estimates(100e6),
        estimates(110e6, jitter=1e6),
        estimates(140e6),
        estimates(141e6, jitter=2e6),
    ]
    rows = pl.DataFrame({"observation_id": ["x"], "stream": ["coal"], "how": ["added"]})
    one = explain(states, ["code", "evidence", "month"], rows, release_id="r", sequence=2).row(
        0, named=True
    )
    assert one["moved_usd"] == 41e6
    assert one["code_usd"] == 10e6
    assert one["evidence_usd"] == 30e6
    # batches differ by -2e6, +2e6, …: standard error 2e6 * sqrt(20/19) / sqrt(20) = 0.459e6
    assert one["mc_error_usd"] == pytest.approx(2e6 / 19**0.5)
    assert one["month_usd"] == 0
    assert one["noise_usd"] == 1e6
    assert (one["cause"], one["is_noise"]) == ("code + evidence", False)
    assert (one["n_rows_changed"], one["rows_changed"]) == (1, "added x")


def test_a_move_within_four_monte_carlo_errors_is_noise_and_no_revision(tmp_path):
    store = VintageStore(tmp_path / "vintages")
    put(store, tmp_path, "r1", MADE, estimates(100e6), ledger())
    noisy = replace(MADE, code="c2")
    # standard error 0.459e6: 1.8e6 is within four of them, 1.9e6 is not
    for move, is_noise in ((1.8e6, True), (1.9e6, False)):
        told = chronicle(
            store, "r2", noisy, estimates(100e6 + move, jitter=2e6),
            monthly=ledger(), ledger=ledger(), published_at=AT,
        )  # fmt: skip
        assert told.tables["changes"]["is_noise"].to_list() == [is_noise]
        assert told.tables["revisions"].height == (0 if is_noise else 1)
        assert ("sampling noise" in told.told["coal"]) == is_noise


def test_the_same_seed_gives_errors_in_pairs_that_cancel(tmp_path):
    """Both wide in the same way: a small move shared by every batch is real."""
    states = [estimates(100e6, jitter=30e6), estimates(101e6, jitter=30e6)]
    moved = explain(states, ["code"], pl.DataFrame(schema=SCHEMA), release_id="r", sequence=2)
    assert moved["mc_error_usd"].item() == pytest.approx(0, abs=1e-6)
    assert moved["code_usd"].item() == 1e6


SCHEMA = {"observation_id": pl.String, "stream": pl.String, "how": pl.String}


def test_a_new_month_moves_numbers_with_a_row_that_says_so(tmp_path):
    store = VintageStore(tmp_path / "vintages")
    put(store, tmp_path, "r1", MADE, estimates(100e6), ledger(("a", "coal", 1.0)))
    later = replace(MADE, last_month="2026-02-01")
    told = put(store, tmp_path, "r2", later, estimates(108e6), ledger(("a", "coal", 1.0)))
    assert told.tables["revisions"].select("vintage_id", "cause", "before", "after").rows() == [
        ("r2", "month", 100e6, 108e6)
    ]
    assert told.tables["changes"]["month_usd"].item() == 8e6
    assert told.told["coal"] == (
        "coal 2025: USD 108 million, before 100: a new month +8"
    )  # fmt: skip


def test_two_causes_not_taken_apart_are_called_unsplit(tmp_path):
    store = VintageStore(tmp_path / "vintages")
    put(store, tmp_path, "r1", MADE, estimates(100e6), ledger(("a", "coal", 1.0)))
    both = replace(MADE, last_month="2026-02-01", code="c2")
    told = chronicle(
        store, "r2", both, estimates(130e6),
        monthly=ledger(), ledger=ledger(("a", "coal", 1.0)), published_at=AT,
    )  # fmt: skip
    one = told.tables["changes"].row(0, named=True)
    assert (one["unsplit_usd"], one["cause"]) == (30e6, "code + month")
    split = chronicle(
        store, "r2", both, estimates(130e6), monthly=ledger(), ledger=ledger(("a", "coal", 1.0)),
        published_at=AT, between={"code": estimates(120e6)},
    ).tables["changes"].row(0, named=True)  # fmt: skip
    assert (split["code_usd"], split["month_usd"], split["unsplit_usd"]) == (20e6, 10e6, 0)


def test_the_content_of_the_last_vintage_is_that_vintage_again(tmp_path):
    store = VintageStore(tmp_path / "vintages")
    first = put(store, tmp_path, "r1", MADE, estimates(100e6), ledger())
    later = chronicle(
        store, "r1", MADE, estimates(100e6),
        monthly=ledger(), ledger=ledger(), published_at=AT + dt.timedelta(days=3),
    )  # fmt: skip
    assert (later.sequence, later.published_at) == (first.sequence, AT)
    for name, frame in first.tables.items():
        assert later.tables[name].equals(frame), name


def test_a_content_that_comes_back_is_a_new_entry_under_its_old_id(tmp_path):
    store = VintageStore(tmp_path / "vintages")
    other = replace(MADE, code="c2")
    put(store, tmp_path, "r1", MADE, estimates(100e6), ledger())
    put(store, tmp_path, "r2", other, estimates(120e6), ledger())
    back = put(store, tmp_path, "r1", MADE, estimates(100e6), ledger())
    assert (back.sequence, back.name) == (3, "r1.3")
    assert back.tables["vintages"]["vintage_id"].to_list() == ["r1", "r2"]
    assert back.tables["releases"]["sequence"].to_list() == [1, 2, 3]
    assert back.tables["release_headlines"]["q50"].to_list() == [100e6, 120e6, 100e6]


def test_what_a_killed_run_left_half_made_is_no_vintage(tmp_path):
    store = VintageStore(tmp_path / "vintages")
    put(store, tmp_path, "r1", MADE, estimates(100e6), ledger())
    half = tmp_path / "vintages" / ".part-1"
    shutil.copytree(store.entries()[0].folder, half)
    assert [one.sequence for one in store.entries()] == [1]
    store.sweep()
    assert not half.exists()
    assert len(store.entries()) == 1


def shifts(*rows: tuple[str, float | None]) -> pl.DataFrame:
    return pl.DataFrame(
        [("coal", 2025, name, usd) for name, usd in rows], schema=SHIFTS_SCHEMA, orient="row"
    )


def test_rows_are_named_with_what_each_moved_the_headline_by_the_largest_first(tmp_path):
    """a: 2 -> 5 is +3; b leaves, and took 4 away; c is new: +20; d's weights cannot tell."""
    store = VintageStore(tmp_path / "vintages")
    before = ledger(("a", "coal", 1.0), ("b", "coal", 2.0), ("d", "coal", 2.0))
    put(
        store, tmp_path, "r1", MADE, estimates(100e6), before,
        shifts=shifts(("a", 2e6), ("b", -4e6), ("d", None)),
    )  # fmt: skip
    now = ledger(("a", "coal", 1.5), ("c", "coal", 2.0), ("d", "coal", 2.5))
    told = put(
        store, tmp_path, "r2", MADE, estimates(130e6), now,
        shifts=shifts(("a", 5e6), ("c", 20e6), ("d", 1e6)),
    )  # fmt: skip
    assert told.told["coal"] == (
        "coal 2025: USD 130 million, before 100: new evidence +30 "
        "(added c +20.0, removed b +4.0, changed a +3.0, changed d)"
    )
    by_row = told.tables["change_rows"].sort("observation_id")
    assert by_row.select("sequence", "observation_id", "how", "moved_usd").rows() == [
        (2, "a", "changed", 3e6),
        (2, "b", "removed", 4e6),
        (2, "c", "added", 20e6),
        (2, "d", "changed", None),
    ]
    # kept with the vintage: the next release publishes it too
    third = replace(MADE, code="c9")
    later = put(store, tmp_path, "r3", third, estimates(130e6), now)
    assert later.tables["change_rows"].equals(told.tables["change_rows"])


def test_nothing_is_estimated_anew_where_one_cause_was_at_work_or_nothing_moved(tmp_path):
    store = VintageStore(tmp_path / "vintages")
    rows = ledger(("a", "coal", 1.0))
    put(store, tmp_path, "r1", MADE, estimates(100e6), rows)
    (last,) = store.entries()
    one = replace(MADE, code="c2")
    two = replace(one, last_month="2026-02-01")
    assert states_between(last, one, estimates(150e6), rows) == ([], "")
    # 1.8e6 is within four standard errors, see above
    assert states_between(last, two, estimates(101.8e6, jitter=2e6), rows) == ([], "")
    assert len(states_between(last, two, estimates(150e6), rows)[0]) == 1


def test_a_ledger_of_before_a_column_was_named_anew_states_the_same(tmp_path):
    store = VintageStore(tmp_path / "vintages")
    now = ledger(("a", "coal", 1.0)).with_columns(is_usable=pl.lit(value=True))
    old = now.rename({"is_usable": "is_used"})
    put(store, tmp_path, "r1", MADE, estimates(100e6), old)
    kept = store.entries()[0].frame("ledger")
    assert kept.columns == now.columns
    assert rows_changed(kept, now).is_empty()
    assert hash_frame(evidence_of(now)) == hash_frame(evidence_of(old))
    unusable = now.with_columns(is_usable=pl.lit(value=False))
    assert rows_changed(kept, unusable)["how"].to_list() == ["changed"]
    assert hash_frame(evidence_of(unusable)) != hash_frame(evidence_of(old))


def test_states_between_put_one_cause_after_the_other(tmp_path):
    store = VintageStore(tmp_path / "vintages")
    old, new = ledger(("a", "coal", 1.0)), ledger(("a", "coal", 2.0))
    put(store, tmp_path, "r1", MADE, estimates(100e6), old)
    (last,) = store.entries()
    changed = {"code": "c2", "last_month": "2026-02-01", "seed": 2, "draws": 200}
    states, why = states_between(last, replace(MADE, **changed), estimates(150e6), new)
    assert why == ""
    assert [
        (s.cause, s.ledger["central"].item(), s.last_month, s.seed, s.draws) for s in states
    ] == [
        ("code", 1.0, "2026-01-01", 1, 100),
        ("evidence", 2.0, "2026-01-01", 1, 100),
        ("month", 2.0, "2026-02-01", 1, 100),
    ]
    other = new.with_columns(grade=pl.lit("a"))
    states, why = states_between(last, replace(MADE, **changed), estimates(150e6), other)
    assert states == []
    assert "other columns" in why


def test_code_that_makes_no_income_is_no_cause_of_a_move(tmp_path):
    rows = pl.DataFrame({"observation_id": ["x"], "stream": ["coal"], "how": ["added"]})
    before = replace(MADE, model="m1", settings="s1")
    other_code = replace(before, code="c2", inputs="i2")
    assert causes_between(before, other_code, rows) == ["evidence"]
    for name in ("model", "settings"):
        assert causes_between(before, replace(before, **{name: "2"}), rows) == [
            "code", "evidence",
        ]  # fmt: skip


def test_new_rates_of_exchange_are_evidence_and_no_change_of_code():
    """A month's rates move every stream a little; no row of the ledger says so."""
    none = pl.DataFrame(schema={"observation_id": pl.String, "stream": pl.String, "how": pl.String})
    before = replace(MADE, model="m1", settings="s1", rates="r1")
    after = replace(before, inputs="i2", rates="r2")
    assert causes_between(before, after, none) == ["evidence"]
    assert causes_between(before, replace(after, settings="s2"), none) == ["code", "evidence"]
    later = replace(after, last_month="2026-02-01")
    assert causes_between(before, later, none) == ["evidence", "month"]
    # a release of before they were told apart had them among its settings
    assert causes_between(replace(before, rates="", settings="s1+r1"), after, none) == ["code"]


def test_what_new_rates_moved_is_told_apart_from_a_new_month():
    """100 to 103 by rates, to 110 by the month: no row changed, and the rates are named."""
    rng = np.random.default_rng(5)
    noise = rng.normal(0.0, 1e3, (20, 1))
    noise -= noise.mean(axis=0)
    states = [series([move], noise, "state_income_usd") for move in (0.0, 3e6, 10e6)]
    none = pl.DataFrame(schema={"observation_id": pl.String, "stream": pl.String, "how": pl.String})
    found = explain(
        states, ["evidence", "month"], none, release_id="x", sequence=2, have_new_rates=True
    )
    (row,) = found.to_dicts()
    assert row["evidence_usd"] == pytest.approx(3e6)
    assert row["month_usd"] == pytest.approx(7e6)
    assert (row["cause"], row["n_rows_changed"]) == ("evidence + month", 0)
    assert row["rows_changed"] == "new rates of exchange"
    told = sentences(found, states[-1].annual, is_first=False)
    assert told == {
        "coal": "coal 2000: USD 110 million, before 100: new evidence +3, a new month +7 "
        "(new rates of exchange)"
    }


YEARS = 16


def series(moves: list[float], noise: np.ndarray, measure: str = "net_usd") -> Estimates:
    """A coal series at 100 million a year; noise of stretch and year, each column of mean 0."""
    years = range(2000, 2000 + len(moves))
    annual = [
        ("coal", measure, year, 100e6 + move, False)
        for year, move in zip(years, moves, strict=True)
    ]
    batches = [
        ("coal", measure, year, batch, 100e6 + move + noise[batch, place])
        for place, (year, move) in enumerate(zip(years, moves, strict=True))
        for batch in range(len(noise))
    ]
    return Estimates(
        pl.DataFrame(
            annual,
            schema=["stream", "measure", "year", "q50", "is_partial_year"],
            orient="row",
        ),
        pl.DataFrame(batches, schema=["stream", "measure", "year", "batch", "q50"], orient="row"),
    )


def both(*of: Estimates) -> Estimates:
    return Estimates(pl.concat(one.annual for one in of), pl.concat(one.batches for one in of))


# columns that are uncorrelated over 32 stretches, each of mean 0 and of ones alone
SIGNS = np.array(
    [[(-1.0) ** (bin(row & column).count("1")) for column in range(1, 32)] for row in range(32)]
)
# standard error of a mean of 32 values of one million each, half of each sign
ERROR = 1e6 / 31**0.5


def moved(before: Estimates, after: Estimates, cause: str = "code") -> pl.DataFrame:
    return explain(
        [before, after], [cause], pl.DataFrame(schema=SCHEMA), release_id="r", sequence=2
    )


def test_one_error_in_every_year_is_a_change_where_years_err_independently():
    """16 years, each moved by its own error: together sqrt(16) = 4 errors, beyond 3.4."""
    still = series([0.0] * YEARS, np.zeros((32, YEARS)))
    now = series([ERROR] * YEARS, 1e6 * SIGNS[:, :YEARS])
    rows = moved(still, now)
    assert rows["mc_error_usd"].to_list() == pytest.approx([ERROR] * YEARS)
    # means of what moves all stretches alike: the years' own mean move is exactly one error
    assert rows["joint_errors"].to_list() == pytest.approx([4.0] * YEARS)
    assert rows["is_joint"].all()
    assert not rows["is_noise"].any()
    assert rows["code_usd"].to_list() == pytest.approx([ERROR] * YEARS)
    assert (rows["noise_usd"] + rows["unsplit_usd"]).to_list() == pytest.approx([0.0] * YEARS)
    assert set(rows["cause"]) == {"code"}


def test_a_year_that_covers_more_months_has_moved_for_certain():
    """Two errors of a whole year are noise; of a year that was partial they are the new months."""
    noise = 1e6 * SIGNS[:, :2]
    still, now = series([0.0, 0.0], np.zeros((32, 2))), series([2 * ERROR, 2 * ERROR], noise)
    running = Estimates(
        still.annual.with_columns(is_partial_year=pl.col("year") == 2001), still.batches
    )
    rows = moved(running, now, "month")
    assert rows["is_noise"].to_list() == [True, False]
    assert rows["month_usd"].to_list() == pytest.approx([0.0, 2 * ERROR])
    assert rows["cause"].to_list() == ["noise", "month"]
    assert moved(running, now, "code")["is_noise"].all()


def test_the_order_of_stretches_does_not_settle_the_last_bits():
    rng = np.random.default_rng(7)
    noise = 1e6 * rng.normal(size=(BATCHES, YEARS))
    still = series([0.0] * YEARS, np.zeros((BATCHES, YEARS)))
    now = series(noise.mean(axis=0).tolist(), noise - noise.mean(axis=0))
    told = set()
    for seed in range(5):
        shuffled = now.batches.sample(fraction=1.0, shuffle=True, seed=seed)
        told |= set(moved(still, replace(now, batches=shuffled))["joint_errors"])
    # one series has one answer: level / (spread / sqrt(20)) of its yearly means in their errors
    by_batch = (noise / (noise.std(axis=0, ddof=1) / BATCHES**0.5)).mean(axis=1)
    by_hand = by_batch.mean() / (by_batch.std(ddof=1) / BATCHES**0.5)
    assert len(told) == 1
    assert told.pop() == pytest.approx(by_hand)


def test_eleven_years_of_one_error_are_noise():
    """sqrt(11) = 3.3 errors, within 3.4."""
    still = series([0.0] * 11, np.zeros((32, 11)))
    rows = moved(still, series([ERROR] * 11, 1e6 * SIGNS[:, :11]))
    assert rows["joint_errors"].to_list() == pytest.approx([11**0.5] * 11)
    assert rows["is_noise"].all()
    assert not rows["is_joint"].any()
    assert rows["noise_usd"].to_list() == pytest.approx([ERROR] * 11)


def test_years_that_err_as_one_do_not_count_as_many():
    """16 years of one error, all with the same noise: still one error, and of one sign."""
    still = series([0.0] * YEARS, np.zeros((32, YEARS)))
    same = np.repeat(1e6 * SIGNS[:, :1], YEARS, axis=1)
    rows = moved(still, series([ERROR] * YEARS, same))
    assert rows["joint_errors"].to_list() == pytest.approx([1.0] * YEARS)
    assert rows["is_noise"].all()


def test_moves_of_both_signs_are_no_shift():
    still = series([0.0] * YEARS, np.zeros((32, YEARS)))
    signs = [ERROR * (-1) ** year for year in range(YEARS)]
    rows = moved(still, series(signs, 1e6 * SIGNS[:, :YEARS]))
    assert rows["joint_errors"].to_list() == pytest.approx([0.0] * YEARS, abs=1e-9)
    assert rows["is_noise"].all()


def test_a_share_that_moved_shows_beside_the_gross_income_that_did_not():
    """Net and gross share the noise of their years; net has as much again of its own, halved.

    Gross is still. Net: noise a + b/2 of stretches, error ERROR * sqrt(5)/2 a year, moved by one
    error. Beside gross: (a + b/2) / (sqrt(5)/2) - a a stretch, whose spread is
    sqrt((2/sqrt(5) - 1)^2 + 1/5) = 0.4595; sqrt(4) / 0.4595 = 4.353 errors over four years. By
    themselves the four years come to 2.
    """
    shared, own = SIGNS[:, :4], SIGNS[:, 4:8]
    still = both(
        series([0.0] * 4, np.zeros((32, 4))),
        series([0.0] * 4, np.zeros((32, 4)), "gross_income_usd"),
    )
    move = ERROR * 5**0.5 / 2
    now = both(
        series([move] * 4, 1e6 * (shared + own / 2)),
        series([0.0] * 4, 1e6 * shared, "gross_income_usd"),
    )
    rows = moved(still, now)
    net = rows.filter(pl.col("measure") == "net_usd")
    assert net["joint_errors"].to_list() == pytest.approx([4.3525] * 4, abs=1e-3)
    assert net["is_joint"].all()
    # gross did not move at all and has no row
    assert set(rows["measure"]) == {"net_usd"}


def test_rounding_is_no_change_however_alike_it_is():
    still = series([0.0] * YEARS, np.zeros((32, YEARS)))
    rows = moved(still, series([1e-6] * YEARS, 1e-5 * (1 + SIGNS[:, :YEARS])))
    assert rows["joint_errors"].null_count() == YEARS
    assert rows["is_noise"].all()


def test_two_seeds_of_one_truth_are_noise_at_the_rate_that_is_promised():
    """Correlated years as streams have them; 3.4 errors of Student's t with 19 are passed by 0.3%.

    2,000 pairs of releases of one series: 6 are expected, and at most 14 with 99.9%.
    """
    rng = np.random.default_rng(20260)
    n_called, n_pairs = 0, 2_000
    for _ in range(n_pairs // 100):
        frames = []
        for number in range(100):
            common = rng.normal(size=(BATCHES, 1))
            noise = 1e6 * (0.6 * common + 0.8 * rng.normal(size=(BATCHES, 12)))
            frames.append(
                series(noise.mean(axis=0).tolist(), noise - noise.mean(axis=0), f"m{number}")
            )
        after = both(*frames)
        before = Estimates(
            after.annual.with_columns(q50=pl.lit(100e6)),
            after.batches.with_columns(q50=pl.lit(100e6)),
        )
        called = moved(before, after, "sampling").unique("measure")
        n_called += called.filter(pl.col("joint_errors").abs() > 3.4).height
    assert 1 <= n_called <= 14


def test_changes_of_a_release_that_kept_fewer_columns_are_read(tmp_path):
    store = VintageStore(tmp_path / "vintages")
    put(store, tmp_path, "r1", MADE, estimates(100e6), ledger())
    put(store, tmp_path, "r2", replace(MADE, code="c2"), estimates(120e6), ledger())
    file = store.entries()[-1].folder / "changes.parquet"
    pl.read_parquet(file).drop("is_joint", "joint_errors").write_parquet(file)
    third = replace(MADE, code="c3")
    told = put(store, tmp_path, "r3", third, estimates(150e6), ledger())
    assert told.tables["changes"].select("sequence", "is_joint").rows() == [(2, None), (3, False)]
    assert told.tables["revisions"]["is_joint"].to_list() == [None, False]
