"""The staged table of every source that has a folder, and tables made from several."""

from __future__ import annotations

from pathlib import Path

import duckdb
import polars as pl

from pipelines.countries import with_names
from pipelines.making import Made, Maker, NetworkUse, maker
from pipelines.paths import REFERENCE_DIR
from pipelines.reference_tables import read_table
from pipelines.schemas.sources import CodesOfCountries
from pipelines.schemas.trade import MirrorPriors, Miscoding
from pipelines.schemas.types import polars_schema
from pipelines.snapshots import SnapshotStore
from pipelines.sources.ecb_fx.read import monthly_rates
from pipelines.sources.feeds import stage_feed
from pipelines.sources.folders import SourceFolder, list_folders
from pipelines.sources.list_editions import LISTS, TABLES, stage_lists
from pipelines.sources.mirror import estimate_miscoding, parse_mirror_priors
from pipelines.sources.staging import instant_of
from pipelines.warehouse import read_frame

COUNTRY_CODES = REFERENCE_DIR / "country_codes.csv"
MIRROR_PRIORS = REFERENCE_DIR / "mirror_priors.csv"
BASKETS = Path(__file__).resolve().parent / "mirror.sql"


@maker("staged.country_codes", reads=[], kinds={"duckdb"})
def country_codes(connection: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """Name the countries of the hand-kept table."""
    return with_names(read_table(COUNTRY_CODES, CodesOfCountries))


@maker("staged.mirror_priors", reads=[], kinds={"duckdb"})
def mirror_priors(connection: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """Read the hand-kept table; one that lacks a parameter is refused."""
    table = read_table(MIRROR_PRIORS, MirrorPriors)
    parse_mirror_priors(table)
    return table


@maker("staged.fx_monthly", reads=["staged.ecb_fx"])
def fx_monthly(connection: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """Cross daily rates and take monthly means."""
    return monthly_rates(read_frame(connection, "staged.ecb_fx"))


@maker(
    "facts.miscoding",
    reads=["staged.comtrade", "staged.mirror_priors"],
    kinds={"duckdb", "scipy"},
)
def miscoding(connection: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """Compare each reporter's basket with the trusted reporter's two."""
    priors = parse_mirror_priors(read_frame(connection, "staged.mirror_priors"))
    chapters = connection.sql(BASKETS.read_text(encoding="utf-8")).pl()
    if chapters.is_empty():
        return pl.DataFrame(schema=polars_schema(Miscoding))
    return estimate_miscoding(chapters, priors)


def _staged(source: SourceFolder) -> Maker:
    def staged(
        connection: duckdb.DuckDBPyConnection, store: SnapshotStore, network: NetworkUse
    ) -> Made:
        return stage_feed(connection, store, source, network.as_of())

    return maker(
        f"staged.{source.name}",
        reads=[f"raw.{source.name}"],
        by=(f"{source.module.__name__}:parse", stage_feed),
        keeps_books=True,
    )(staged)


STAGED = [_staged(source) for source in list_folders()]


@maker(
    *(f"staged.{table}" for table in TABLES),
    reads=[f"raw.{one.source}" for one in LISTS],
    by=(stage_lists,),
    keeps_books=True,
)
def official_lists(
    connection: duckdb.DuckDBPyConnection, store: SnapshotStore, network: NetworkUse
) -> Made:
    """Stage the newest readable edition of every list."""
    return stage_lists(connection, store, instant_of(network.as_of()))
