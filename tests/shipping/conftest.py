"""A folder for landed files, and the packed land mask made once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.shipping.landing import FileReport, land_file

RECEIVED_AT = dt.datetime(2026, 11, 24, tzinfo=dt.UTC)


@pytest.fixture(scope="session")
def land_mask_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("land")


@pytest.fixture
def land_text(tmp_path: Path, land_mask_dir: Path) -> Callable[..., tuple[FileReport, Path]]:
    """Land text or bytes as a dropped file; returns its report and the folder of its Parquet."""

    def run(content: str | bytes, name: str = "dropped.txt") -> tuple[FileReport, Path]:
        file = tmp_path / name
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        report = land_file(
            file, tmp_path / "landed", received_at=RECEIVED_AT, cache_dir=land_mask_dir
        )
        return report, tmp_path / "landed" / report.sha256

    return run
