"""Tables made from several sources' feeds, where no SQL file makes them."""

from __future__ import annotations

from pathlib import Path

import duckdb
import polars as pl

from pipelines.countries import with_names
from pipelines.making import maker
from pipelines.paths import REFERENCE_DIR
from pipelines.reference_tables import read_table
from pipelines.schemas.sources import CodesOfCountries
from pipelines.schemas.trade import MirrorPriors, Miscoding
from pipelines.schemas.types import polars_schema
from pipelines.sources.ecb_fx.read import monthly_rates
from pipelines.sources.mirror import estimate_miscoding, parse_mirror_priors
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
