"""The links of a table's page open what makes it and what it promises."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import sqlglot

from assets.definitions import defs
from pipelines.catalog import contract_of
from pipelines.making import list_makers
from pipelines.paths import REPOSITORY

MAIN = defs.resolve_job_def("main")
SPECS = {
    ".".join(key.path): spec
    for asset in defs.resolve_asset_graph().assets_defs
    for key, spec in asset.specs_by_key.items()
}
MADE = {
    address: getattr(maker.make, "__name__", "")
    for maker in list_makers()
    if not maker.by
    for address in maker.makes
}


def links(address: str) -> list[tuple[Path, int]]:
    told = SPECS[address].metadata["dagster/code_references"]
    return [(Path(one.file_path), one.line_number) for one in told.code_references]


def line(place: tuple[Path, int]) -> str:
    return place[0].read_text(encoding="utf-8").splitlines()[place[1] - 1]


def test_every_table_of_the_main_job_is_looked_at():
    wired = {".".join(key.path) for key in MAIN.asset_layer.executable_asset_keys}
    assert len(wired) > 150
    assert wired <= set(SPECS)


@pytest.mark.parametrize("address", sorted(SPECS))
def test_links_open_a_maker_and_never_the_wiring(address):
    first = links(address)[0]
    assert first[0].is_relative_to(REPOSITORY)
    assert REPOSITORY / "assets" not in first[0].parents
    if first[0].suffix == ".sql":
        layer, name = address.split(".")
        assert (first[0].parent.name, first[0].stem) == (layer, name)
        # the words of a file alone, with no wiring before or after them, are a select
        assert sqlglot.parse_one(first[0].read_text(encoding="utf-8"), dialect="duckdb").key in (
            "select",
            "union",
        )
    else:
        assert re.match(r"def [a-z_]+\(|(fetch|parse) = ", line(first))


@pytest.mark.parametrize("address", sorted(MADE))
def test_a_made_table_opens_its_own_maker(address):
    assert line(links(address)[0]).startswith(f"def {MADE[address]}(")


@pytest.mark.parametrize("address", sorted(one for one in SPECS if contract_of(one)))
def test_the_last_link_opens_the_contract(address):
    table = contract_of(address)
    assert table is not None
    assert line(links(address)[-1]).startswith(f"class {table.model.__name__}(")


@pytest.mark.parametrize(
    ("address", "file"),
    [
        ("facts.trade_flows", "sql/facts/trade_flows.sql"),
        ("published.income_annual", "sql/published/income_annual.sql"),
        ("network.calibration", "pipelines/network/makers.py"),
        ("staged.comtrade", "pipelines/sources/comtrade/read.py"),
        ("raw.comtrade", "pipelines/sources/comtrade/read.py"),
        ("staged.network_links", "pipelines/hand_kept.py"),
        ("estimates.income_draws", "pipelines/fitting/tables.py"),
        ("published.release", "pipelines/publish/release.py"),
    ],
)
def test_known_tables_open_where_a_reader_would_look(address, file):
    assert links(address)[0][0] == REPOSITORY / file


def test_what_people_type_is_linked_too():
    files = {path for path, _ in links("staged.figures")}
    assert REPOSITORY / "pipelines/streams/coal/figures.csv" in files
