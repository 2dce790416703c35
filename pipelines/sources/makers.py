"""Tables made from several sources' feeds, where no SQL file makes them."""

from __future__ import annotations

from pathlib import Path

import duckdb
import polars as pl

from pipelines.making import maker
from pipelines.schemas.trade import Miscoding
from pipelines.schemas.types import polars_schema
from pipelines.sources.ecb_fx.read import monthly_rates
from pipelines.sources.mirror import estimate_miscoding, parse_mirror_priors
from pipelines.warehouse import read_frame

BASKETS = Path(__file__).resolve().parent / "mirror.sql"


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
