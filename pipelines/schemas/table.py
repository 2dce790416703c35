"""What every contract is written in: Pandera, with unit, meaning and source on each column.

A contract is a class in a file named after its table. Its docstring says what a reader learns from
the table, its `key` fields are the grain, and its fields are the columns in published order.
`Config.metadata` says where columns come from that do not say so themselves. Validation, DDL,
comments, asset specs, `data_dictionary` and `datapackage.json` come from it.
"""

from __future__ import annotations

import inspect
import itertools
from typing import Any

import pandera.polars as pa
import polars as pl
from pandera.api.polars.types import PolarsData

QUANTILES = {
    "q05": "5% point",
    "q10": "10% point",
    "q25": "25% point",
    "q50": "median",
    "q75": "75% point",
    "q90": "90% point",
    "q95": "95% point",
    "mean": "mean",
}
RISING = tuple(point for point in QUANTILES if point != "mean")


class Quantiles:
    """The type of a field that stands for the eight columns of an interval; see `quantiles`."""

    def __init__(self, meaning: str, prefix: str, told: dict[str, Any]) -> None:
        self.meaning, self.prefix, self.told = meaning, prefix, told

    def named(self, point: str) -> str:
        return f"{self.prefix}_{point}" if self.prefix else point


def column(
    meaning: str, *, source: str = "", unit: str = "", nullable: bool = True, **bounds: Any
) -> Any:
    """One promised column.

    Args:
        meaning: what it holds, in words.
        source: the table or document it comes from, where that is not the table's own.
        unit: of its values; empty where it has none.
        nullable: whether a row may leave it empty.
        bounds: as `pandera.Field` takes them (`ge`, `isin`, …), and `alias` where the column's name
            is a word of Python.
    """
    about = {"unit": unit, "meaning": meaning, "source": source}
    return pa.Field(nullable=nullable, metadata=about, **bounds)


def key(meaning: str, *, source: str = "", unit: str = "", **bounds: Any) -> Any:
    """A column of the grain: rows differ in these columns together, in the order of the class."""
    field = column(meaning, source=source, unit=unit, **{"nullable": False, **bounds})
    field.metadata["is_key"] = True
    return field


def quantiles(
    meaning: str, *, source: str = "", unit: str = "", prefix: str = "", **bounds: Any
) -> Any:
    """The eight columns of an interval: seven rising quantiles and the mean.

    Args:
        meaning: of what they are the quantiles.
        source, unit: as of a `column`.
        prefix: before each name, without the underscore.
        bounds: of every one of the eight.
    """
    return Quantiles(meaning, prefix, {"source": source, "unit": unit, **bounds})


class Table(pa.DataFrameModel):
    """A table as it is promised: these columns, in this order, of these types and bounds."""

    class Config:
        strict = True
        ordered = True

    def __init_subclass__(cls, **kwargs: Any) -> None:
        _spread(cls)
        super().__init_subclass__(**kwargs)
        if cls.__config__ is not None:
            cls.__config__.unique = cls.grain() or None

    @classmethod
    def grain(cls) -> list[str]:
        """Columns in which rows differ together."""
        return [name for name, (_, field) in cls.__fields__.items() if _about(field).get("is_key")]

    @pa.dataframe_check
    def quantiles_rise(cls, data: PolarsData) -> pl.LazyFrame:
        """Of every interval the 5% point is at most the 10% point, and so on up."""
        names = set(data.lazyframe.collect_schema().names())
        rises = [pl.lit(True)]
        for name in names:
            prefix = name.removesuffix("q05")
            points = [f"{prefix}{point}" for point in RISING]
            if name.endswith("q05") and names.issuperset(points):
                rises += [
                    (pl.col(low) <= pl.col(high)).fill_null(True)
                    for low, high in itertools.pairwise(points)
                ]
        return data.lazyframe.select(pl.all_horizontal(rises))


def _about(field: Any) -> dict[str, Any]:
    return field.metadata or {}


def _spread(cls: type) -> None:
    """Put the eight columns where the class names an interval."""
    told: dict[str, Any] = {}
    for name, kind in inspect.get_annotations(cls).items():
        group = cls.__dict__.get(name)
        if not isinstance(group, Quantiles):
            told[name] = kind
            continue
        delattr(cls, name)
        for point, words in QUANTILES.items():
            field = column(f"{words} of: {group.meaning}", **group.told)
            field.__set_name__(cls, group.named(point))
            setattr(cls, group.named(point), field)
            told[group.named(point)] = float
    cls.__annotations__ = told
