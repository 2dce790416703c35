"""A published asset's page says what its contract says, before anything was run."""

from __future__ import annotations

import pytest

from assets.definitions import defs
from assets.published import CONTRACT

SPECS = {
    key.path[-1]: spec
    for asset in defs.resolve_asset_graph().assets_defs
    for key, spec in asset.specs_by_key.items()
    if key.path[0] == "published"
}


@pytest.mark.parametrize("name", sorted(set(CONTRACT) & set(SPECS)))
def test_the_asset_of_a_table_tells_what_it_is_and_its_grain(name):
    table = CONTRACT[name]
    assert SPECS[name].description == f"{table.description} Grain: {', '.join(table.grain)}."


def test_the_columns_of_a_table_are_told_with_unit_source_and_key():
    columns = SPECS["income_annual"].metadata["dagster/column_schema"].columns
    assert [one.name for one in columns] == CONTRACT["income_annual"].column_names
    told = {one.name: one for one in columns}
    assert told["q50"].type == "DOUBLE"
    assert told["q50"].description == (
        "median of: income of the year, nominal US dollars [USD]. Source: joint draws."
    )
    assert [one.name for one in columns if one.constraints.other == ["key"]] == [
        "stream", "measure", "year"
    ]  # fmt: skip


def test_every_promised_table_has_an_asset():
    assert set(CONTRACT) <= set(SPECS)
