"""The contract files keep the public promise."""

from __future__ import annotations

import pytest

from pipelines.publish.contract import ContractError, load_contract, load_table
from tests.publish.promised import PROMISED


@pytest.mark.parametrize("table", sorted(PROMISED))
def test_every_promised_column_is_there(table):
    assert set(PROMISED[table]) <= set(load_contract()[table].column_names)


def test_every_column_says_what_it_means():
    empty = [
        (table.name, column.name)
        for table in load_contract().values()
        for column in table.columns
        if not column.meaning or not column.source
    ]
    assert empty == []


def test_a_type_that_bi_tools_cannot_read_is_refused(tmp_path):
    file = tmp_path / "bad.toml"
    file.write_text(
        'description = "x"\ngrain = ["a"]\n'
        'columns = [{ name = "a", type = "HUGEINT", meaning = "x", source = "x" }]\n'
    )
    with pytest.raises(ContractError, match="HUGEINT"):
        load_table(file)
