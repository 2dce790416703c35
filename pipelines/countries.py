"""Names of countries, from Unicode CLDR: codes are for joins, names for people."""

from __future__ import annotations

import functools

import polars as pl
from babel import Locale
from babel.core import get_global


@functools.cache
def _by_iso3() -> pl.DataFrame:
    names = Locale("en").territories
    known = [
        (code, aliases[0], names[aliases[0]].replace(" SAR China", ""))
        for code, aliases in get_global("territory_aliases").items()
        if len(code) == 3 and code.isalpha() and aliases and aliases[0] in names
    ]
    return pl.DataFrame(known, schema=["iso3", "iso2", "country"], orient="row")


def with_names(codes: pl.DataFrame) -> pl.DataFrame:
    """Add `iso2` and `country`, the usual English name; null where a code is no country.

    Args:
        codes: has a column `iso3`.
    """
    return codes.join(_by_iso3(), on="iso3", how="left", maintain_order="left")
