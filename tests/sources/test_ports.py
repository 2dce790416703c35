"""The ports table: cited, within its sources' own figures, and free of what no source gives."""

from __future__ import annotations

import csv

import polars as pl
import pytest

from pipelines.paths import SOURCES_DIR
from pipelines.reference_tables import parse_table
from pipelines.schemas.ports import Ports, PortSources
from pipelines.sources.ports.read import ports_rules

PORTS = (SOURCES_DIR / "ports" / "ports.csv").read_bytes()
SOURCES = (SOURCES_DIR / "ports" / "port_sources.csv").read_bytes()


@pytest.fixture(scope="module")
def ports() -> pl.DataFrame:
    sources = parse_table(SOURCES, PortSources, source="port_sources", file="port_sources.csv")
    split = parse_table(
        PORTS,
        Ports,
        source="ports",
        file="ports.csv",
        rules=ports_rules(sources.kept["source_id"].to_list()),
    )
    assert split.quarantined.is_empty()
    return split.kept


def test_every_port_is_cited_and_coal_ports_say_by_whom(ports) -> None:
    coal = ports.filter("is_coal_port")
    assert set(coal["name"]) == {"Nampo", "Songnim", "Wonsan", "Chongjin", "Rajin", "Ryongchon"}
    assert set(coal["country_iso3"]) == {"PRK"}
    assert coal["coal_source_id"].null_count() == 0
    assert {"CHN", "RUS", "KOR"} < set(ports["country_iso3"])


def test_no_port_stands_without_a_cited_coordinate(ports) -> None:
    assert ports["coordinate_source_id"].null_count() == 0
    # no source that was opened gives Taean a position
    assert not ports["name"].str.contains("(?i)taean|daean").any()


def test_port_circles_do_not_overlap(ports) -> None:
    pairs = ports.join(ports, how="cross", suffix="_b").filter(
        pl.col("port_id") < pl.col("port_id_b")
    )
    km = pairs.select(
        (
            ((pl.col("lat") - pl.col("lat_b")) * 111.2) ** 2
            + ((pl.col("lon") - pl.col("lon_b")) * 111.2 * pl.col("lat").radians().cos()) ** 2
        ).sqrt()
        - pl.col("r_in_km")
        - pl.col("r_in_km_b")
    ).to_series()
    assert km.min() > 0


def test_a_row_without_citation_is_refused() -> None:
    row = "99,wpi,1,,X,X,PRK,38,125,exact,nowhere,page 1,3,4,,true,false,,"
    split = parse_table(
        ("\n".join([",".join(Ports.typed()), row])).encode(),
        Ports,
        source="ports",
        file="ports.csv",
        rules=ports_rules(["wpi-pub150"]),
    )
    assert split.kept.is_empty()
    assert set(split.quarantined["rule"]) == {"cited_coordinate", "cited_coal_port"}


def test_world_port_index_coordinates_are_the_indexs_own(ports, shared_dir) -> None:
    file = shared_dir / "real" / "ports" / "UpdatedPub150.csv"
    with file.open(encoding="utf-8-sig", newline="") as stream:
        index = {row["World Port Index Number"]: row for row in csv.DictReader(stream)}
    own = ports.filter(pl.col("coordinate_source_id") == "wpi-pub150")
    assert own.height == 49
    for code, name, lat, lon in own.select("code", "name_at_source", "lat", "lon").iter_rows():
        assert index[code]["Main Port Name"] == name
        assert float(index[code]["Latitude"]) == pytest.approx(lat, abs=1e-6)
        assert float(index[code]["Longitude"]) == pytest.approx(lon, abs=1e-6)
