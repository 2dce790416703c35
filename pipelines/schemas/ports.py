"""Contract of the hand-kept table of ports."""

from __future__ import annotations

import pandera.polars as pa


class Ports(pa.DataFrameModel):
    """Ports of the coal routes. Grain: port_id; a port is known by (source, code)."""

    line: int = pa.Field(ge=1)
    port_id: int = pa.Field(ge=1)
    source: str = pa.Field(isin=["wpi", "unlocode", "gem"])
    code: str
    locode: str = pa.Field(nullable=True, str_matches=r"^[A-Z]{2}[A-Z0-9]{3}$")
    name: str
    name_at_source: str
    country_iso3: str = pa.Field(str_matches=r"^[A-Z]{3}$")
    lat: float = pa.Field(ge=-90, le=90)
    lon: float = pa.Field(ge=-180, le=180)
    coordinate_precision: str = pa.Field(isin=["exact", "minute", "approximate"])
    coordinate_source_id: str
    coordinate_locator: str
    r_in_km: float = pa.Field(gt=0, le=50)
    r_out_km: float = pa.Field(gt=0, le=50)
    role: str = pa.Field(nullable=True, isin=["loading", "receiving"])
    is_coal_port: bool
    is_transit_port: bool
    coal_source_id: str = pa.Field(nullable=True)
    coal_statement: str = pa.Field(nullable=True)

    class Config:
        strict = True
        unique = ["port_id"]


class PortSources(pa.DataFrameModel):
    """Where coordinates and statements about ports were read. Grain: source_id."""

    line: int = pa.Field(ge=1)
    source_id: str
    title: str
    publisher: str
    published_on: str = pa.Field(nullable=True, str_matches=r"^\d{4}(-\d{2}(-\d{2})?)?$")
    url: str = pa.Field(str_matches=r"^https?://")
    licence: str

    class Config:
        strict = True
        unique = ["source_id"]
