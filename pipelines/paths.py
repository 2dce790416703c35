"""Where things live. The data folder is outside the code and moves with DPRK_DATA_DIR."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
SQL_DIR = REPOSITORY / "sql"
REFERENCE_DIR = REPOSITORY / "pipelines" / "reference"
SOURCES_DIR = REPOSITORY / "pipelines" / "sources"
STREAMS_DIR = REPOSITORY / "pipelines" / "streams"


def stream_folders(root: Path = STREAMS_DIR) -> dict[str, Path]:
    """Every stream's folder by its name, in order of name: one that holds figures is a stream."""
    return {file.parent.name: file.parent for file in sorted(root.glob("*/figures.csv"))}


def data_dir() -> Path:
    """The data folder: DPRK_DATA_DIR, else data/ beside the code."""
    chosen = os.environ.get("DPRK_DATA_DIR")
    return Path(chosen).expanduser().resolve() if chosen else REPOSITORY / "data"


def work_database() -> Path:
    """The private database that the pipeline alone opens."""
    return data_dir() / "work.duckdb"


def published_dir() -> Path:
    """What readers open: replaced whole, never written in place."""
    return data_dir() / "published"


def vintages_dir() -> Path:
    """What every release said, kept for good: outside what readers open."""
    return data_dir() / "vintages"


def backtests_dir() -> Path:
    """Where the backtest job keeps its folds and finished suites."""
    return data_dir() / "backtests"


def shown(path: Path) -> str:
    """A path as readers see it: relative to the repository where it lies inside it."""
    try:
        return str(path.relative_to(REPOSITORY))
    except ValueError:
        return str(path)


def write_whole(path: Path, content: bytes) -> None:
    """Write beside, then move: a reader sees the whole file or none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".part-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
