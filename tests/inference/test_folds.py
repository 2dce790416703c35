"""What folds hide, what restates what, and that a killed run resumes."""

import datetime as dt

import polars as pl
import pytest

from pipelines.inference import folds
from tests.inference import toy


def live(*changes):
    """A desk and an outlet tell 100 of 2019, with what is changed in the second."""
    row = {
        "observation_id": "a", "root_id": "desk-a", "quantity": "income_usd", "measure": "cif_usd",
        "role": "whole", "counterpart_iso3": "WLD", "value_log": 4.605, "class": "desk",
        "window_start_on": dt.date(2019, 1, 1), "window_end_on": dt.date(2019, 12, 31),
        "site": "amount", "reason_not_used": None,
    }  # fmt: skip
    second = row | {"observation_id": "b", "root_id": "outlet-b", "class": "press"}
    rows = [row, second | dict(changes)]
    return pl.DataFrame(rows, schema_overrides={"reason_not_used": pl.String})


@pytest.mark.parametrize(
    ("change", "is_same"),
    [
        (("value_log", 4.62), True),  # 1.5% off
        (("value_log", 4.63), False),  # 2.5% off
        (("window_start_on", dt.date(2019, 7, 1)), True),
        (("window_start_on", dt.date(2019, 12, 31)), True),  # one day is theirs both
        (("measure", "net_usd"), False),
        (("role", "part"), False),
        (("role", "record"), True),
        (("counterpart_iso3", "CHN"), False),
        (("root_id", "desk-a"), False),  # its own echo is hidden with it
    ],
)
def test_a_restatement_is_one_value_one_time_one_definition(change, is_same):
    pairs = folds.restatements(live(change)).rows()
    assert pairs == ([("a", "b"), ("b", "a")] if is_same else [])


def test_an_assessment_is_held_out_with_its_root_and_with_what_restates_it():
    found = [one for one in folds.folds_of(live(), dt.date(2020, 1, 1)) if "assess" in one.test]
    assert [(one.name, set(one.hidden), one.scored) for one in found] == [
        ("desk-a", {"a", "b"}, ("a",))
    ]


def test_an_assessment_that_the_record_restates_is_not_scored():
    frame = live(("site", None), ("role", "record"))
    assert not [one for one in folds.folds_of(frame, dt.date(2020, 1, 1)) if "assess" in one.test]


def test_a_figure_left_in_sight_that_restates_the_held_out_one_is_refused():
    fold = folds.Fold("assessment_held_out", "desk-a", frozenset({"a"}), ("a",))
    with pytest.raises(ValueError, match=r"a is held out, yet b says the same.*one root_id"):
        folds.require_unrestated(fold, live())
    folds.require_unrestated(fold, live(("value_log", 5.0)))


def test_folds_hide_whole_roots_years_classes_and_the_future():
    rows = toy.evidence(toy.ledger()).rows.with_columns(counterpart_iso3=pl.lit("WLD"))
    found = {(one.test, one.name): one for one in folds.folds_of(rows, dt.date(2021, 12, 1))}
    root = found["leave_one_root_out", "root-0"]
    assert root.hidden == {"f-0-2018", "f-0-2019", "f-floor"}
    # a floor is hidden with its root and never scored
    assert root.scored == ("f-0-2018", "f-0-2019")
    assert all(name.endswith("2020") for name in found["leave_one_year_out", "2020"].hidden)
    assert found["leave_class_out", "press"].hidden.isdisjoint(root.hidden)
    ahead = found["forward", "2020"]
    assert {name[-4:] for name in ahead.hidden} == {"2020", "2021"}
    assert {name[-4:] for name in ahead.scored} == {"2020"}
    # before 2019 too little is shown to go on
    assert ("forward", "2018") not in found


def test_a_killed_run_resumes_and_another_key_starts_anew(tmp_path):
    some = [folds.Fold("t", name, frozenset(), ()) for name in ("a", "b", "c")]
    done = []

    def score(fold):
        if fold.name == "c" and "killed" not in done:
            done.append("killed")
            raise KeyboardInterrupt
        done.append(fold.name)
        return pl.DataFrame({"name": [fold.name]})

    told = []

    def run(key):
        return folds.run_resumable(
            some, score, key=key, prefix="toy", store=tmp_path, progress=lambda *at: told.append(at)
        )

    with pytest.raises(KeyboardInterrupt):
        run("k")
    assert run("k")["name"].to_list() == ["a", "b", "c"]
    assert done == ["a", "b", "killed", "c"]
    assert told[-1] == (3, 3, "done")
    run("other")
    assert done[4:] == ["a", "b", "c"]


def test_no_fold_is_said():
    with pytest.raises(ValueError, match="no fold"):
        folds.run_resumable([], lambda fold: pl.DataFrame(), key="", prefix="", store=None)
