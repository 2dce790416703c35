"""Contracts of what is known of sources and their files, whatever they say."""

from __future__ import annotations

import datetime as dt

from pipelines.schemas.table import HandKept, Table, column, given, key
from pipelines.schemas.types import Instant


class SourceRuns(Table, table="staged.source_runs", source="the run"):
    """What each source gave to the last run, one row written by each asset that stages one."""

    source: str = key("short name of the source")
    as_of: dt.date = column("last day the source speaks of")
    retrieved_at: Instant = column()
    is_embedded: bool = given()
    is_stale: bool = given()
    rows_in: int = given(ge=0)
    rows_kept: int = given(ge=0)
    rows_quarantined: int = given(ge=0)
    licence: str = given()
    status: str = given()
    cadence: str = column()
    asked_at: Instant = column()
    is_answered: bool = column()
    last_success_at: Instant = column()
    next_due_at: Instant = column()


class Retrievals(Table):
    """Every retrieval of a source: its bytes are kept under their hash and never changed."""

    part: str = key(nullable=True)
    sha256: str = key()
    url: str = given("address asked, or the name of a dropped file")
    retrieved_at: Instant = key()
    http_status: int = column()
    licence: str = given()


class LandedFiles(Table, table="raw.landed_files", source="landing folder"):
    """Files that people dropped, as what they were taken in, and how many rows they gave."""

    sha256: str = key()
    name: str = given("name of the file")
    kind: str = column("what it was recognised as")
    source: str = column("short name of the source")
    rows_in: int = column(ge=0)
    rows_kept: int = column(ge=0)
    loaded_at: str = column()


class Fingerprints(Table, table="meta.fingerprints", source="the run"):
    """What each made table was made from, so that it is not made again."""

    address: str = key("table")
    print: str = given()


class CodesOfCountries(HandKept, source="country_codes.csv"):
    """Countries by the numeric codes of trade statistics."""

    code: int = key("numeric code", ge=0, le=999)
    iso3: str = given()
    issuer: str = given()


class CountryCodes(CodesOfCountries, table="staged.country_codes", source="country_codes.csv"):
    """Countries by the numeric codes of trade statistics: ISO codes and English names."""

    iso2: str = column()
    country: str = column("English name")


class FigureOverlays(Table, table="staged.figure_overlays", source="landing folder"):
    """Figures that stand in a dropped file in place of the shipped table."""

    stream: str = given()
    observation_id: str = key()
    how: str = given(isin=("replaces", "adds"))
    file: str = given()
    taken_in_at: Instant = given()
    snapshot_sha256: str = given()
    is_shipped_row_changed: bool = given()
