"""Read one release: tables as Polars frames, draws, and sums of any window."""

from __future__ import annotations

import datetime as dt
import difflib
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

DATABASE_NAME = "dprk_revenue.duckdb"
Month = dt.date | str


class ReleaseError(ValueError):
    """No release there, no table of that name, or a question it cannot answer; says what to do."""


@dataclass(frozen=True)
class Column:
    """One column as the release describes it."""

    name: str
    type: str
    meaning: str


class ReleaseTable:
    """One table of a release: call it for the frame; `help` of it says what its columns mean."""

    def __init__(self, release: Release, name: str, about: str, columns: list[Column]) -> None:
        self._release, self.name, self.about, self.columns = release, name, about, columns
        width = max(len(column.name) for column in columns)
        lines = [f"    {one.name:<{width}}  {one.type:<9}  {one.meaning}" for one in columns]
        self.__doc__ = f"{about}\n\nColumns:\n" + "\n".join(lines)

    def __call__(self) -> pl.DataFrame:
        """The whole table, in published order."""
        return self._release.query(f'from "{self.name}"')

    def __repr__(self) -> str:
        return f"<table {self.name}: {self.about}>"


class Release:
    """One release, opened for reading: `open_release` makes it.

    Every table is an attribute (`release.headline_annual()`); `release.tables` lists them.
    """

    def __init__(self, folder: Path) -> None:
        database = folder / DATABASE_NAME
        if not database.is_file():
            raise ReleaseError(
                f"there is no {DATABASE_NAME} in {folder}; give the folder of a release, or of a "
                "data folder that has published/ in it"
            )
        # pinned: a later release takes the link, and this one stays what it is
        self.folder = folder.resolve()
        try:
            self._connection = duckdb.connect(str(self.folder / DATABASE_NAME), read_only=True)
        except duckdb.Error as error:
            raise ReleaseError(f"{database} cannot be read: {error}") from error
        self._tables = {
            name: ReleaseTable(
                self, name, about or "", [Column(*one) for one in self._columns(name)]
            )
            for name, about in self._connection.execute(
                "select table_name, comment from duckdb_tables() where not internal order by 1"
            ).fetchall()
        }

    def _columns(self, table: str) -> list[tuple[str, str, str]]:
        return self._connection.execute(
            "select column_name, data_type, coalesce(comment, '') from duckdb_columns() "
            "where table_name = $1 order by column_index",
            [table],
        ).fetchall()

    def __enter__(self) -> Release:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._tables]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tables)

    def __getattr__(self, name: str) -> ReleaseTable:
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return self.table(name)
        except ReleaseError as error:
            raise AttributeError(str(error)) from None

    def __repr__(self) -> str:
        return f"<release {self.release_id} in {self.folder.name}, {len(self._tables)} tables>"

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    @property
    def release_id(self) -> str:
        """The id to cite: the hash of what is published and of what it was made from."""
        try:
            return json.loads((self.folder / "manifest.json").read_text("utf-8"))["release_id"]
        except (OSError, ValueError, KeyError) as error:
            raise ReleaseError(f"{self.folder.name} has no readable manifest.json") from error

    @property
    def tables(self) -> dict[str, ReleaseTable]:
        """Every table by name."""
        return dict(self._tables)

    def table(self, name: str) -> ReleaseTable:
        """A table by name; call the result for its frame.

        Raises:
            ReleaseError: there is none of that name; the nearest names are told.
        """
        if name not in self._tables:
            near = difflib.get_close_matches(name, self._tables, n=3)
            hint = f"; did you mean {', '.join(near)}?" if near else ""
            raise ReleaseError(f"the release has no table {name}{hint}")
        return self._tables[name]

    def query(self, sql: str, values: Sequence[Any] | None = None) -> pl.DataFrame:
        """Any SQL over the tables and macros of the release, in DuckDB's dialect.

        Args:
            sql: one select; values as $1, $2, …
            values: what stands for them.
        """
        try:
            # the one form that DuckDB 1.5 and 2.0 share
            return self._connection.sql(sql, params=values).pl()
        except duckdb.Error as error:
            raise ReleaseError(f"the query failed: {error}") from error

    def draws(self, stream: str) -> pl.DataFrame:
        """Joint draws of a stream by month: draw, month, measure, usd and what else it has.

        The same draw number is the same world in every stream: add within a draw, then summarise.

        Raises:
            ReleaseError: no draws of that stream.
        """
        files = {file.stem: file for file in sorted((self.folder / "draws").glob("*.parquet"))}
        if stream not in files:
            raise ReleaseError(f"no draws of {stream}; there are {', '.join(files) or 'none'}")
        return pl.read_parquet(files[stream])

    def income_between(
        self,
        first: Month,
        last: Month,
        *,
        streams: Sequence[str] | None = None,
        countries: Sequence[str] | None = None,
        measure: str | None = None,
    ) -> pl.DataFrame:
        """Income of any window from the joint draws, both months included, nominal USD.

        Args:
            first: first month, a date or YYYY-MM-DD.
            last: last month.
            streams: such as ["coal", "labor"]; all without it.
            countries: host countries by ISO code, for streams whose money is drawn by country.
            measure: of one stream, as in table stream_measures, or gross_income_usd; without it
                what reaches the DPRK side.

        Returns:
            One row: q05 … q95, mean, months_covered, streams. Numbers are null where a month of
            the window has none at all.

        Raises:
            ReleaseError: a stream or country is not there, or the measure is not drawn so.
        """
        self._known("stream", streams)
        self._known("country_iso3", countries)
        if measure is None:
            return self.query(
                "from headline_between($1, $2, $3, $4)",
                [_listed(streams), _listed(countries), first, last],
            )
        if countries is not None or (streams is not None and len(streams) != 1):
            raise ReleaseError(
                f"{measure} is drawn for one stream or for all, and not by country; leave measure "
                "out for what reaches the DPRK side"
            )
        stream = streams[0] if streams else "total"
        return self.query("from income_between($1, $2, $3, $4)", [stream, measure, first, last])

    def workers_between(
        self,
        first: Month,
        last: Month,
        *,
        streams: Sequence[str] | None = None,
        countries: Sequence[str] | None = None,
    ) -> pl.DataFrame:
        """Workers abroad averaged over the months of any window: one row of q05 … q95 and mean.

        Args:
            first, last, streams, countries: as in `income_between`.
        """
        self._known("stream", streams)
        self._known("country_iso3", countries)
        return self.query(
            "from workers_between($1, $2, $3, $4)",
            [_listed(streams), _listed(countries), first, last],
        )

    def _known(self, column: str, asked: Sequence[str] | None) -> None:
        if asked is None:
            return
        if isinstance(asked, str):
            raise ReleaseError(f"give a list: [{asked!r}]")
        known = set(self.query(f"select distinct {column} from headline_cells")[column])
        for one in asked:
            if one not in known:
                raise ReleaseError(f"no {column} {one}; there are {', '.join(sorted(known))}")


def _listed(names: Sequence[str] | None) -> list[str] | None:
    return None if names is None else list(names)


def open_release(path: str | os.PathLike[str] | None = None) -> Release:
    """Open a release for reading.

    Args:
        path: its folder, or a data folder with `published` in it; without it DPRK_DATA_DIR, else
            data/ of the working directory.

    Returns:
        The release, pinned: a newer one does not change it.

    Raises:
        ReleaseError: there is none.
    """
    folder = Path(path) if path is not None else Path(os.environ.get("DPRK_DATA_DIR", "data"))
    if not (folder / DATABASE_NAME).is_file() and (folder / "published").exists():
        folder = folder / "published"
    return Release(folder)
