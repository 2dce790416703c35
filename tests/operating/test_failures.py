"""A step that fails says so in the error's own sentence, also among the tags of its run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import dagster as dg
import pytest

from pipelines.operating.failures import WHY_TAG, failure_text, tag_why, tell_failures, why_failed
from pipelines.quarantine import SourceDrift


@dg.asset(name="plain")
def plain() -> None:
    raise SourceDrift("figures.csv, line 1:\n columns missing: central")


@dg.multi_asset(specs=[dg.AssetSpec("one"), dg.AssetSpec("two")])
def streamed() -> Iterator[dg.MaterializeResult]:
    yield dg.MaterializeResult("one")
    raise KeyError("gone")


@dg.asset_check(asset="plain", blocking=True)
def held() -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=False, description="row 7: 22.49 Mt is no number")


@dg.asset(name="sound")
def sound() -> None:
    return None


for definition in (plain, streamed, held):
    tell_failures(definition)
    # told once, however often the code location is loaded
    tell_failures(definition)


def tags_of(instance: dg.DagsterInstance, run_id: str) -> Mapping[str, str]:
    run = instance.get_run_by_id(run_id)
    assert run is not None
    return run.tags


@pytest.mark.parametrize(
    ("asset", "sentence"),
    [
        (plain, "figures.csv, line 1: columns missing: central"),
        (streamed, "KeyError: 'gone'"),
    ],
)
def test_the_sentence_is_the_failure_and_a_tag(asset, sentence) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        outcome = dg.materialize([asset], instance=instance, raise_on_error=False)
        assert not outcome.success
        (event,) = [one for one in outcome.all_events if one.is_step_failure]
        told = event.step_failure_data.user_failure_data
        assert told is not None
        assert told.description == sentence
        assert failure_text(event) == sentence
        assert why_failed(instance, outcome.run_id) == [
            ("run failed", f"{event.step_key}: {sentence}")
        ]
        tag_why(instance, outcome.run_id)
        tag = tags_of(instance, outcome.run_id)[WHY_TAG]
        assert tag == f"run failed: {event.step_key}: {sentence}"


def test_a_check_that_holds_a_release_back_is_told_by_its_own_words() -> None:
    @dg.asset(name="plain")
    def fine() -> None:
        return None

    with dg.DagsterInstance.ephemeral() as instance:
        outcome = dg.materialize([fine, held], instance=instance, raise_on_error=False)
        assert why_failed(instance, outcome.run_id) == [
            ("release blocked", "held: row 7: 22.49 Mt is no number")
        ]


def test_a_run_that_went_well_has_no_such_tag() -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        outcome = dg.materialize([sound], instance=instance)
        tag_why(instance, outcome.run_id)
        assert WHY_TAG not in tags_of(instance, outcome.run_id)
