"""Streams of income, a folder each, found by listing.

A folder holds ``stream.toml``, the hand-kept tables, ``figures.py`` (which figure enters where) and
``model.py`` (the density). Nothing outside a folder knows its name.
"""

import datetime as dt
import importlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partialmethod
from typing import Any

import polars as pl

from pipelines.paths import STREAMS_DIR


@dataclass(frozen=True)
class Stream:
    """One stream as its folder describes it; see any ``stream.toml`` for the fields."""

    name: str
    title: str
    colour: str
    sort_order: int
    first_month: dt.date
    headline: str
    gross_income: str
    state_income: str
    measures: dict[str, str]
    tables: tuple[str, ...] = ()
    reads: dict[str, str] = field(default_factory=dict)
    answers: dict[str, str] = field(default_factory=dict)

    def _ask(
        self,
        module: str,
        function: str,
        observations: pl.DataFrame,
        priors: pl.DataFrame,
        *,
        through: dt.date,
        read: Mapping[str, pl.DataFrame],
        **more: Any,
    ) -> Any:
        """What a function of the stream's folder makes of its figures.

        Args:
            module, function: where it stands.
            observations: the ledger, all streams.
            priors: ``stream, parameter, args``.
            through: last month estimated.
            read: the tables that ``reads`` names, by argument; of a table of all streams it takes
                its own rows.
            more: passed on, such as an earlier end of the record.
        """
        found = importlib.import_module(f"pipelines.streams.{self.name}.{module}")
        mine = pl.col("stream") == self.name
        return getattr(found, function)(
            observations.filter(mine).sort("observation_id"),
            arguments(priors.filter(mine)),
            through=through,
            **{
                name: table.filter(mine) if "stream" in table.columns else table
                for name, table in read.items()
            },
            **more,
        )

    # the stream's figures as its model reads them
    evidence = partialmethod(_ask, "figures", "evidence")
    # the plain estimate that the model is held against, of streams whose folder has one; ``more``
    # is ``hidden``, ``draws``, ``seed``
    plain = partialmethod(_ask, "plain", "estimate")


def arguments(priors: pl.DataFrame) -> dict[str, tuple[float, ...]]:
    """Arguments of every prior by parameter."""
    return {
        parameter: tuple(float(part) for part in str(args).split(";"))
        for parameter, args in priors.select("parameter", "args").iter_rows()
    }


def streams() -> dict[str, Stream]:
    """Every stream by name, in the order they are told.

    Raises:
        ValueError: a ``stream.toml`` lacks a field or names a measure it does not list.
    """
    found = []
    for path in sorted(STREAMS_DIR.glob("*/stream.toml")):
        stated = tomllib.loads(path.read_text(encoding="utf-8"))
        try:
            stream = Stream(name=path.parent.name, **stated)
        except TypeError as error:
            raise ValueError(f"{path.parent.name}/stream.toml: {error}") from error
        for name in ("headline", "gross_income", "state_income"):
            if getattr(stream, name) not in stream.measures:
                raise ValueError(
                    f"{path.parent.name}/stream.toml: {name} is {getattr(stream, name)!r}, "
                    f"which [measures] does not list"
                )
        found.append(stream)
    return {stream.name: stream for stream in sorted(found, key=lambda s: s.sort_order)}
