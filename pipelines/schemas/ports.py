"""Contract of the hand-kept table of ports."""

from __future__ import annotations

from pipelines.schemas.table import HandKept, column, given, key


class Ports(HandKept, table="staged.ports", source="ports.csv"):
    """Ports of the coal routes."""

    port_id: int = key(ge=1)
    source: str = given(isin=["wpi", "unlocode", "gem"])
    code: str = given()
    locode: str = column(str_matches=r"^[A-Z]{2}[A-Z0-9]{3}$")
    name: str = given()
    name_at_source: str = given()
    country_iso3: str = given(str_matches=r"^[A-Z]{3}$")
    lat: float = given(ge=-90, le=90)
    lon: float = given(ge=-180, le=180)
    coordinate_precision: str = given(isin=["exact", "minute", "approximate"])
    coordinate_source_id: str = given()
    coordinate_locator: str = given()
    r_in_km: float = given(gt=0, le=50)
    r_out_km: float = given(gt=0, le=50)
    role: str = column(isin=["loading", "receiving"])
    is_coal_port: bool = given()
    is_transit_port: bool = given()
    coal_source_id: str = column()
    coal_statement: str = column()


class PortSources(HandKept, table="staged.port_sources", source="port_sources.csv"):
    """Where coordinates and statements about ports were read."""

    source_id: str = key()
    title: str = given()
    publisher: str = given()
    published_on: str = column(str_matches=r"^\d{4}(-\d{2}(-\d{2})?)?$")
    url: str = given(str_matches=r"^https?://")
    licence: str = given()
