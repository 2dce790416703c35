"""Functions that make the tables that no SQL file makes, each with what it makes and reads.

A room lists its own in `makers.py`; `assets` wires whatever stands in a file of that name.
"""

from __future__ import annotations

import datetime as dt
import functools
import importlib
import inspect
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, Self

import duckdb
import polars as pl

from pipelines.paths import REPOSITORY

# what opens a link: a file, or where a module defines this
Place = Path | type | str | Callable[..., Any]


# how to sample, the bytes as received, and whether this run may fetch
GIVEN = ("sampling", "store", "network")


class SamplingPlan(Protocol):
    """How many joint draws, from which seed, up to when: same three, same numbers."""

    draws: int
    seed: int
    least_ess: float
    highest_rhat: float

    def key(self) -> tuple[int, int]: ...
    def last_month(self) -> dt.date: ...
    def model_copy(self, *, update: Mapping[str, Any] | None = None) -> Self:
        """The same but for some of it."""
        ...


class NetworkUse(Protocol):
    """Whether a run may ask, and of which day it is."""

    def is_online(self) -> bool:
        """Fetching is asked for, and the run is not of a past day."""
        ...

    def as_of(self) -> str:
        """YYYY-MM-DD of the day to rebuild; empty means today."""
        ...


@dataclass(frozen=True)
class Made:
    """What was made.

    Attributes:
        tables: address and frame, each written before the next is asked for.
        told: what the page of the run says of it, once all are written.
        warnings: sentences for whoever started the run.
    """

    tables: Iterable[tuple[str, pl.DataFrame]]
    told: Mapping[str, Any] = field(default_factory=dict)
    warnings: Sequence[str] = ()


@dataclass(frozen=True)
class Maker:
    """A function and its tables.

    Attributes:
        make: the open work database, and what it names of `GIVEN`, to what it made; a frame alone
            where it makes one table.
        makes: addresses of its tables.
        reads: addresses of the tables it waits for.
        kinds: what it is made with, as its page shows.
        by: what a reader should open to see how; `make` where nothing is said.
        keeps_books: it also writes what all sources share, so no other such runs beside it.
        made_from: arguments of `make` to a hash of whatever decides the tables; while that is what
            it was the tables stand. Without one they are made in every run.
    """

    make: Callable[..., Made | pl.DataFrame]
    makes: tuple[str, ...]
    reads: tuple[str, ...]
    kinds: frozenset[str]
    made_from: Callable[..., str] | None = None
    by: tuple[Place, ...] = ()
    keeps_books: bool = False

    @property
    def wants(self) -> list[str]:
        """What of `GIVEN` it asks for."""
        return [name for name in inspect.signature(self.make).parameters if name in GIVEN]

    def __call__(self, connection: duckdb.DuckDBPyConnection, **more: Any) -> Made:
        """Make the tables; `more` is what it wants."""
        made = self.make(connection, **more)
        return Made([(self.makes[0], made)]) if isinstance(made, pl.DataFrame) else made

    def version(self, connection: duckdb.DuckDBPyConnection, **more: Any) -> str:
        """Hash of whatever decides its tables; empty where they are made in every run."""
        return self.made_from(connection, **more) if self.made_from else ""


def maker(
    *makes: str,
    reads: Iterable[str],
    kinds: Iterable[str] = ("duckdb", "polars"),
    **more: Any,
) -> Callable[[Callable[..., Made | pl.DataFrame]], Maker]:
    """Say of a function which tables it makes; arguments as of a `Maker`."""
    return lambda make: Maker(make, makes, tuple(reads), frozenset(kinds), **more)


@functools.cache
def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def stands_at(what: Place) -> tuple[Path, int]:
    """The file that holds what makes or promises a table, and the line where that begins.

    Args:
        what: a function or a class of a module; its name where importing it would take seconds, as
            `package.module:function`; or a whole file.

    Raises:
        ValueError: no line of the module defines it.
    """
    if isinstance(what, Path):
        return what, 1
    if isinstance(what, str):
        module, _, name = what.partition(":")
        path = REPOSITORY.joinpath(*module.split(".")).with_suffix(".py")
    else:
        path, name = Path(str(sys.modules[what.__module__].__file__)), getattr(what, "__name__", "")
    text = _text(path)
    found = re.search(rf"^(?:def |class )?{name}\b", text, re.MULTILINE)
    if found is None:
        raise ValueError(f"{path.name} defines no {name}")
    return path, text.count("\n", 0, found.start()) + 1


def list_makers() -> list[Maker]:
    """What stands in every `makers.py` of a room or of a folder in it, by path."""
    modules = [
        importlib.import_module(".".join(path.relative_to(REPOSITORY).with_suffix("").parts))
        for path in sorted((REPOSITORY / "pipelines").rglob("makers.py"))
    ]
    found = [one for module in modules for one in vars(module).values()]
    flat = [one for each in found for one in (each if isinstance(each, list) else [each])]
    return [one for one in flat if isinstance(one, Maker)]
