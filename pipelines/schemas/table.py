"""What every contract is written in: Pandera, with unit, meaning and source on each column.

A contract is a class: of a published table in a file named after it, of a table of the work
database with the table's address, in `pipelines/schemas` or the folder of its stream or source. Its
docstring says what a reader learns from the table, its `key` fields are the grain, and its fields
are the columns in published order. A column that says nothing of itself means what `words.txt` says
of its name; its unit is the one that its name ends with, unless it says another. Where columns come
from that do not say so themselves is said of the class.
Validation, DDL, comments, asset specs, `data_dictionary`, `datapackage.json` and the pages of
tables come from it.
"""

from __future__ import annotations

import datetime as dt
import inspect
import itertools
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import pandera.polars as pa
import polars as pl
from pandera.api.polars.types import PolarsData

from pipelines.schemas.types import Instant

_WORDS = Path(__file__).with_name("words.txt").read_text(encoding="utf-8").splitlines()[1:]
WORDS = {
    name: (unit, meaning)
    for name, unit, meaning in ([cell.strip() for cell in line.split("|", 2)] for line in _WORDS)
}
"""What a column's name means: its unit (empty where it has none) and its meaning, everywhere."""
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
UNITS = {
    "usd_per_t": "USD/t",
    "usd_m": "USD m",
    "usd": "USD",
    "tonnes": "t",
    "t": "t",
    "share": "share",
    "quantile": "share",
    "months": "months",
    "hours": "h",
    "km": "km",
    "m": "m",
    "kn": "kn",
    "lon": "degree",
    "lat": "degree",
}
"""The end of a column's name, before the point of an interval, and the unit it says."""
_UNIT = re.compile(rf"(?:^|_)({'|'.join(UNITS)})(?:_q\d\d|_mean)?$")


class Quantiles:
    """The type of a field that stands for the eight columns of an interval; see `quantiles`."""

    def __init__(self, meaning: str, prefix: str | None, told: dict[str, Any]) -> None:
        self.meaning, self.prefix, self.told = meaning, prefix, told

    def __set_name__(self, _: type, name: str) -> None:
        self.prefix = name if self.prefix is None else self.prefix

    def named(self, point: str) -> str:
        return f"{self.prefix}_{point}" if self.prefix else point


def column(
    meaning: str = "", *, source: str = "", unit: str = "", nullable: bool = True, **bounds: Any
) -> Any:
    """One promised column.

    Args:
        meaning: what it holds, in words; without any it means what its name means everywhere.
        source: the table or document it comes from, where that is not the table's own.
        unit: of its values, where its name does not end with it.
        nullable: whether a row may leave it empty.
        bounds: as `pandera.Field` takes them (`ge`, `isin`, …), and `alias` where the column's name
            is a word of Python.
    """
    about = {"unit": unit, "meaning": meaning, "source": source}
    return pa.Field(nullable=nullable, metadata=about, **bounds)


def given(meaning: str = "", **told: Any) -> Any:
    """A column that every row fills; arguments as of a `column`."""
    return column(meaning, nullable=False, **told)


def share(meaning: str = "", *, unit: str = "share", **told: Any) -> Any:
    """A column of parts of one, from 0 to 1; arguments as of a `column`."""
    return column(meaning, unit=unit, ge=0, le=1, **told)


def probability(meaning: str = "", **told: Any) -> Any:
    """A column of chances, from 0 to 1; arguments as of a `column`."""
    return share(meaning, unit="probability", **told)


def key(meaning: str = "", *, source: str = "", unit: str = "", **bounds: Any) -> Any:
    """A column of the grain: rows differ in these columns together, in the order of the class."""
    nullable = bounds.pop("nullable", False)
    field = column(meaning, source=source, unit=unit, nullable=nullable, **bounds)
    field.metadata["is_key"] = True
    return field


def quantiles(
    meaning: str, *, source: str = "", unit: str = "", prefix: str | None = None, **bounds: Any
) -> Any:
    """The eight columns of an interval: seven rising quantiles and the mean.

    Args:
        meaning: of what they are the quantiles.
        source, unit: as of a `column`.
        prefix: before each name, without the underscore; that of the field where not given.
        bounds: of every one of the eight.
    """
    return Quantiles(meaning, prefix, {"source": source, "unit": unit, **bounds})


def _about(field: Any) -> dict[str, Any]:
    return field.metadata or {}


def _unit_of(name: str, kind: Any) -> str:
    """The unit that a column's name ends with, UTC for instants; empty where it says none."""
    found = _UNIT.search(name)
    return "UTC" if kind in (dt.datetime, Instant) else UNITS[found[1]] if found else ""


def _spread(cls: type) -> None:
    """Put the eight columns where the class names an interval, and say what names say."""
    told: dict[str, Any] = {}
    for name, kind in inspect.get_annotations(cls, eval_str=True).items():
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
    for name in told:
        field = cls.__dict__.get(name)
        about = getattr(field, "metadata", None)
        if about is None:
            continue
        called = getattr(field, "alias", None) or name
        if not about.get("meaning"):
            unit, meaning = WORDS.get(called, ("", ""))
            about.update(meaning=meaning, unit=about["unit"] or unit)
        if not about["unit"]:
            about["unit"] = _unit_of(called, told[name])


class Table(pa.DataFrameModel):
    """A table as it is promised: these columns, in this order, of these types and bounds.

    A class says of its table, where there is something to say: `table`, its address in the work
    database; `source`, where its columns come from; `without`, which columns only the reader of a
    file sees; and `made_as`, `references`, `is_file_published` of a published one, as
    `PublishedTable` has them.
    """

    class Config:
        strict = True
        ordered = True

    _address: ClassVar[str] = ""
    _not_stored: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(
        cls,
        table: str = "",
        source: str = "",
        without: tuple[str, ...] = (),
        made_as: str = "",
        references: Mapping[str, str] | None = None,
        is_file_published: bool = True,
    ) -> None:
        _spread(cls)
        super().__init_subclass__()
        cls._address = table
        cls._not_stored = without or cls._not_stored
        if cls.__config__ is not None:
            cls.__config__.unique = cls.grain() or None
            cls.__config__.metadata = {
                "source": source or (cls.__config__.metadata or {}).get("source", ""),
                "made_as": made_as,
                "references": references or {},
                "is_file_published": is_file_published,
            }

    @classmethod
    def stored_columns(cls) -> dict[str, Any]:
        """Columns of the table as it stands in the database, by name."""
        columns = cls.to_schema().columns
        return {name: columns[name] for name in columns if name not in cls._not_stored}

    @classmethod
    def stored(cls) -> pa.DataFrameSchema:
        """The table as it stands in the database, to hold its rows to."""
        whole, columns = cls.to_schema(), cls.stored_columns()
        if columns.keys() == whole.columns.keys():
            return whole
        return whole.remove_columns(list(cls._not_stored)).add_columns(
            {name: columns[name] for name in columns.keys() - whole.columns.keys()}
        )

    @classmethod
    def typed(cls) -> tuple[str, ...]:
        """The header an analyst types: every column but the line a row stands on."""
        return tuple(name for name in cls.to_schema().columns if name != "line")

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


def address_of(model: type[pa.DataFrameModel]) -> str:
    """`layer.table` of a table of the work database; empty for any other."""
    return model._address if issubclass(model, Table) else ""


class HandKept(Table, without=("line",)):
    """A table typed by hand: read with the line a row starts on, stored without."""

    line: int = given(ge=1)

    class Config:
        ordered = False


class Provenance(Table):
    """What stands beside every row of a source's file in the database."""

    file: str = given()
    snapshot_sha256: str = given()
    retrieved_at: Instant = column()


class Feed(Table):
    """A table read from a source's files: stored with the file, its hash and when it was had."""

    line: int = given(ge=1)

    class Config:
        ordered = False

    @classmethod
    def stored_columns(cls) -> dict[str, Any]:
        """Columns of the table as it stands in the database, by name."""
        return super().stored_columns() | Provenance.to_schema().columns
