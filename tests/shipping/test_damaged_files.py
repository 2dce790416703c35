"""Damaged ship files: every line is kept, refused by name, or blank; the sums are hand-made."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from pipelines.shipping.decode.lines import Block
from pipelines.shipping.landing import FileReport
from tests.fixtures.ais_damaged_files import Damaged, cases, land


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_lines_of_a_damaged_file_add_up(case: Damaged, tmp_path: Path, land_mask_dir: Path) -> None:
    found = land(case, tmp_path, cache_dir=land_mask_dir)
    if case.refused:
        assert isinstance(found, str)
        assert case.refused in found
        assert found.startswith("dropped")
        return
    assert isinstance(found, FileReport), found
    assert found.lines == case.total
    assert (found.header_lines, found.blank_lines) == (case.header, case.blank)
    assert (found.rows_kept, found.rows_quarantined) == (case.kept, case.quarantined)
    refused = pl.read_parquet(tmp_path / "landed" / found.sha256 / "quarantine.parquet")
    assert refused.height == case.quarantined
    if case.rule:
        assert set(refused["rule"]) <= {case.rule}
    if case.lines:
        assert refused["line"].to_list() == list(case.lines)
    assert refused["column"].null_count() == 0
    kept = pl.read_parquet(tmp_path / "landed" / found.sha256 / "positions-*.parquet")
    # nothing shifts: a value stands in its own column, a line keeps its number
    assert set(kept["lon"]) <= {121.5}
    assert set(kept["line"]).isdisjoint(refused["line"])


def test_there_are_more_than_forty_kinds_of_damage() -> None:
    names = [case.name for case in cases()]
    assert len(names) == len(set(names)) > 40


@pytest.mark.parametrize("share", [100, 3, 1])
def test_a_line_that_is_no_utf8_is_told_among_any_number_of_others(share: int) -> None:
    names = ["은하수" if at % share == 0 else "A" for at in range(300)]
    whole = "".join(f"{name},1\n" for name in names).encode()
    assert not Block(whole, 1).is_damaged.any()
    lines = whole.splitlines(keepends=True)
    lines[150] = b"\xec\x9d,1\n"  # the first two bytes of three
    assert np.flatnonzero(Block(b"".join(lines), 1).is_damaged).tolist() == [150]
