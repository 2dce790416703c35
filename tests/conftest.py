"""Fixtures every test may use."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

# before numpy loads: matrices here are small, threads only cost, and one thread gives one answer
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
# before jax loads: many tests fit the same density, and compiling takes longer than sampling
os.environ.setdefault(
    "JAX_COMPILATION_CACHE_DIR",
    str(Path(__file__).resolve().parent.parent / ".pytest_cache" / "compiled"),
)

# compiled in haste: nothing here is sampled for long
os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0")

import duckdb
import pytest
from hypothesis import settings

from tests.workshop import spare_workshop, workshop  # noqa: F401 (fixtures)

# a busy machine is not a failing test
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

REPOSITORY = Path(__file__).resolve().parent.parent

# the files that take longest, begun first: one begun last would keep a core busy and the other idle
LONGEST = [
    "assets/test_main_job.py",
    "assets/test_new_stream.py",
    "browser/test_pages.py",
    "shipping/test_engine.py",
    "browser/test_ui.py",
    "sources/test_fuzz.py",
    "assets/test_trade.py",
    "sources/test_connectors.py",
    "streams/labor/test_model.py",
    "assets/test_listings.py",
    "shipping/test_assets.py",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order files by `LONGEST`, tests of a file left as they are."""
    tests = REPOSITORY / "tests"
    first = {tests / name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: first.get(item.path, len(first)))


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    """An in-memory DuckDB with the pipeline's schemas."""
    with duckdb.connect() as opened:
        for schema in ("raw", "staged", "facts", "shipping", "estimates", "network", "published"):
            opened.execute(f"create schema {schema}")
        yield opened


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """Real files of other people, outside the repository; tests skip without them."""
    folder = Path(os.environ.get("DPRK_SHARED_DIR", REPOSITORY.parent / "shared"))
    if not (folder / "real").is_dir():
        pytest.skip(f"no real files at {folder.name}/real (set DPRK_SHARED_DIR to test on them)")
    return folder
