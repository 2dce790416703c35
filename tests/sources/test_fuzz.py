"""Damaged files end in rows, refusals or a named drift: never in anything else."""

from __future__ import annotations

import pytest

from benchmarks.fuzz_parsers import PARSERS, fuzz


@pytest.mark.parametrize("name", sorted(PARSERS))
def test_damaged_bytes_never_crash_a_parser(name):
    outcome = fuzz(name, rounds=25, seed=7)
    assert outcome.crashes == []
    assert outcome.rounds == outcome.parsed + outcome.drift
