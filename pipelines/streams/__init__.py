"""Streams of income, a folder each, found by listing.

A folder holds ``stream.toml``, the hand-kept tables, ``figures.py`` (which figure enters where) and
``model.py`` (the density). Nothing outside a folder knows its name.
"""

from __future__ import annotations

import datetime as dt
import importlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl

from pipelines.paths import STREAMS_DIR

if TYPE_CHECKING:  # what stands behind it takes seconds to load
    from pipelines.inference.joint import Evidence, Outcome


# tables that every fit writes
TABLES = {
    "streams": "Streams as their folders describe them. Grain: stream.",
    "stream_measures": "Measures of each stream. Grain: stream, measure.",
    "densities": "Fingerprint of each stream's density, figures and priors with it. Grain: stream.",
    "income_draws": "Every stream's USD by world and month. Grain: stream, measure, draw, month.",
    "observation_use": "What became of each figure and where it falls in the draws. Grain: "
    "observation_id.",
    "components": "What a year's uncertainty is made of, and on what evidence each part stands. "
    "Grain: stream, year, component.",
    "year_roots": "Roots that speak of a stream's own quantities. Grain: stream, year, root_id, "
    "measure.",
    "month_roots": "The same by month. Grain: stream, month, root_id.",
    "influence": "The headline without each figure, root and class. Grain: stream, year, what, "
    "name.",
    "readings": "The headline without one kind of source. Grain: stream, year, reading.",
    "seems_to_mean": "Which money a source that does not say seems to mean. Grain: stream, "
    "observation_id, concept.",
    "prior_sensitivity": "The headline with each prior stronger and weaker. Grain: stream, year, "
    "prior, alpha.",
    "value_of_information": "What a datum that could be had would narrow. Grain: stream, year, "
    "datum.",
    "diagnostics": "Convergence by year. Grain: stream, measure, year.",
    "sampling": "How the sampler went. Grain: one row.",
    "mcse": "Monte Carlo error of published points. Grain: stream, measure, year.",
}


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

    def evidence(self, *ledger: Any, **more: Any) -> Evidence:
        """The stream's figures as its model reads them; arguments of `_ask`.

        ``more`` is passed on, such as an earlier end of the record.
        """
        return self._ask("figures", "evidence", *ledger, **more)

    def plain(self, *ledger: Any, **more: Any) -> Outcome:
        """The plain estimate that the model is held against, of streams whose folder has one.

        Arguments of `_ask`; ``more`` is ``hidden``, ``draws``, ``seed``.
        """
        return self._ask("plain", "estimate", *ledger, **more)

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
            more: passed on.
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
