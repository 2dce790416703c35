"""What a BI tool does first to the published file gives a right number or a refusal.

Right is worked out with numpy from the arrays that the world was drawn as.
"""

from __future__ import annotations

import dataclasses
import itertools

import duckdb
import numpy as np
import pytest

from pipelines.publish.contract import ContractError, checked_keys, load_contract
from pipelines.publish.release import DATABASE_NAME, PublishError, macro_files, publish
from pipelines.warehouse import WarehouseError, build_table
from tests.publish.semantic_world import MONTHS, SERIES, promised, published_world

# tables that a BI tool is sent to
ADDED = (
    "headline_cells",
    "headline_annual",
    "headline_total_annual",
    "headline_by_party_annual",
    "coal_by_destination_annual",
)
NUMERIC = {"DOUBLE", "BIGINT"}


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """The drawn arrays, and the published file opened read-only."""
    with duckdb.connect() as connection:
        for schema in ("staged", "facts", "estimates", "published"):
            connection.execute(f"create schema {schema}")
        drawn, folder = published_world(connection, tmp_path_factory.mktemp("semantic"))
    with duckdb.connect(str(folder / DATABASE_NAME), read_only=True) as reader:
        yield drawn, reader


def every(*_: str) -> bool:
    """All series."""
    return True


def rows(reader, query: str) -> dict:
    """First column to the second."""
    return dict(reader.execute(query).fetchall())


# the five gestures ---------------------------------------------------------------------------


def test_sum_of_everything_is_the_mean_of_everything(world):
    drawn, reader = world
    found = reader.execute("select sum(cell_mean_usd) from headline_cells").fetchone()[0]
    assert found == pytest.approx(drawn.sum_of(every).mean(), rel=1e-12)
    # complete years only: 2020 and 2021, and IT workers have but six months of 2020
    annual = reader.execute("select sum(stream_mean_usd) from headline_annual").fetchone()[0]
    known = drawn.sum_of(lambda stream, _: stream != "it_workers", 0, 24)
    known = known + drawn.sum_of(lambda stream, _: stream == "it_workers", 12, 24)
    assert annual == pytest.approx(known.mean(), rel=1e-12)


def test_the_average_year_counts_a_year_once_however_many_rows_it_has(world):
    drawn, reader = world
    years = rows(reader, "select stream, avg(stream_mean_usd) from headline_annual group by stream")
    for stream in ("coal", "labor"):
        own = drawn.sum_of(lambda name, _, stream=stream: name == stream, 0, 24).mean() / 2
        assert years[stream] == pytest.approx(own, rel=1e-12)
    expression = metric(reader, "headline_average_year")
    found = reader.execute(
        f"select {expression} from headline_cells where stream in ('coal', 'labor')"
    ).fetchone()[0]
    both = drawn.sum_of(lambda name, _: name != "it_workers", 0, 24).mean() / 2
    assert found == pytest.approx(both / 1e6, rel=1e-12)
    total = reader.execute("select avg(total_mean_usd) from headline_total_annual").fetchone()[0]
    # the total of 2020 covers half a year of IT workers: it is no complete year
    assert total == pytest.approx(drawn.sum_of(every, 12, 24).mean(), rel=1e-12)


@pytest.mark.parametrize("by", ["stream", "country_iso3", "year"])
def test_a_pivot_adds_up_and_its_medians_are_joint(world, by):
    drawn, reader = world
    place = {"stream": 0, "country_iso3": 1}
    sums = rows(reader, f"select {by}, sum(cell_mean_usd) from headline_cells group by {by}")
    medians = rows(
        reader, f"select {by}, headline_quantile(list(cell), 0.5) from headline_cells group by {by}"
    )
    for value in sums:
        if by == "year":
            first = 12 * (value - 2020)
            own = drawn.sum_of(every, first, first + 12)
        else:
            own = drawn.sum_of(lambda *series, value=value: series[place[by]] == value)
        assert sums[value] == pytest.approx(own.mean(), rel=1e-12)
        assert medians[value] == pytest.approx(np.median(own), rel=1e-12)
    assert sum(sums.values()) == pytest.approx(drawn.sum_of(every).mean(), rel=1e-12)


def test_no_other_column_of_these_tables_adds_up_to_nonsense(world):
    """Every number is a key, a calendar, or a mean that adds; the rest refuses SUM and AVG."""
    _, reader = world
    for table in ADDED:
        for column in promised()[table].columns:
            name = column.name
            if column.type in NUMERIC and name not in ("year", "month_of_year"):
                assert "_mean_" in name
                continue
            if column.type == "VARCHAR":
                for gesture in ("sum", "avg"):
                    with pytest.raises(duckdb.BinderException, match="No function matches"):
                        reader.execute(f"select {gesture}({name}) from {table}")


def test_the_old_gesture_is_what_this_layer_is_for(world):
    """SUM of the median over income_annual counts money several times; of the cells it cannot."""
    drawn, reader = world
    old = reader.execute("select sum(q50) from income_annual where year = 2021").fetchone()[0]
    right = np.median(drawn.sum_of(every, 12, 24))
    assert old > 2.5 * right
    new = reader.execute(
        "select headline_quantile(list(cell), 0.5) from headline_cells where year = 2021"
    ).fetchone()[0]
    assert new == pytest.approx(right, rel=1e-12)


# macros --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("streams", "countries", "first", "last"),
    [
        (None, None, 12, 24),
        (["coal", "labor"], None, 0, 30),
        (["labor"], ["RUS"], 3, 17),
        (None, ["CHN", "RUS"], 5, 6),
    ],
)
def test_any_window_of_any_streams_and_hosts_is_added_within_a_draw(
    world, streams, countries, first, last
):
    drawn, reader = world
    own = drawn.sum_of(
        lambda stream, country: (
            (streams is None or stream in streams) and (countries is None or country in countries)
        ),
        first,
        last,
    )
    found = reader.execute(
        "select q05, q50, q95, mean, months_covered from headline_between($1, $2, $3, $4)",
        [streams, countries, MONTHS[first], MONTHS[last - 1]],
    ).fetchone()
    points = np.quantile(own, [0.05, 0.5, 0.95])
    assert found[:3] == pytest.approx(points, rel=1e-12)
    assert found[3:] == (pytest.approx(own.mean(), rel=1e-12), last - first)


def test_a_window_without_draws_has_no_number_and_a_short_stream_is_named(world):
    _, reader = world
    between = "select q50, streams from headline_between"
    assert (
        reader.execute(f"{between}(null, null, '2019-12-01', '2020-02-01')").fetchone()[0] is None
    )
    assert reader.execute(f"{between}(['tin'], null, '2020-01-01', '2020-02-01')").fetchone() == (
        None,
        None,
    )
    found = reader.execute(f"{between}(null, null, '2020-01-01', '2020-12-01')").fetchone()
    assert found[1] == "coal, it_workers (6 of 12 months), labor"


def test_workers_of_hosts_are_added_and_months_averaged(world):
    drawn, reader = world
    own = sum(
        drawn.amount[series][:, 2:20].mean(axis=1) for series in SERIES if series[0] == "labor"
    )
    window = (MONTHS[2], MONTHS[19])
    found = reader.execute(
        "select q05, q50, mean from workers_between(['labor'], null, $1, $2)", window
    ).fetchone()
    assert found == pytest.approx((*np.quantile(own, [0.05, 0.5]), own.mean()), rel=1e-9)
    by_cells = reader.execute(
        "select workers_quantile(list(cell), 0.5) from headline_cells "
        "where month between $1 and $2 and stream in ('labor', 'coal')",
        window,
    ).fetchone()
    assert by_cells[0] == pytest.approx(np.median(own), rel=1e-9)


def test_tonnes_go_to_any_destinations_jointly_with_their_shares(world):
    drawn, reader = world
    tonnes = drawn.amount["coal", "WLD"]
    # ten months of 2020, six of 2021
    own = tonnes[:, 2:12].sum(axis=1) * drawn.share["CHN"][:, 0]
    own = own + tonnes[:, 12:18].sum(axis=1) * drawn.share["CHN"][:, 1]
    found = reader.execute(
        "select q05, q50, months_covered from coal_tonnes_to(['CHN'], $1, $2)",
        [MONTHS[2], MONTHS[17]],
    ).fetchone()
    assert found == pytest.approx((*np.quantile(own, [0.05, 0.5]), 16), rel=1e-9)
    everywhere = reader.execute(
        "select q50 from coal_tonnes_to(null, $1, $2)", [MONTHS[2], MONTHS[17]]
    ).fetchone()[0]
    assert everywhere == pytest.approx(np.median(tonnes[:, 2:18].sum(axis=1)), rel=1e-9)
    assert reader.execute(
        "select sum(destination_mean_tonnes) from coal_by_destination_annual where year = 2021"
    ).fetchone()[0] == pytest.approx(tonnes[:, 12:24].sum(axis=1).mean(), rel=1e-9)


def test_a_cell_listed_twice_counts_once_and_shares_of_draws_are_probabilities(world):
    drawn, reader = world
    own = drawn.sum_of(lambda stream, _: stream == "coal")
    limit = float(np.quantile(own, 0.3))
    found = reader.execute(
        "select headline_quantile(list(cell), 0.5), headline_above_share(list(cell), $1) "
        "from (from headline_cells union all from headline_cells) where stream = 'coal'",
        [limit],
    ).fetchone()
    assert found == (
        pytest.approx(np.median(own), rel=1e-12),
        pytest.approx((own > limit).mean(), rel=1e-12),
    )


def test_every_macro_carries_its_description(world):
    _, reader = world
    found = rows(
        reader,
        "select function_name, comment from duckdb_functions() "
        "where function_type in ('macro', 'table_macro') and not internal",
    )
    assert set(found) == set(macro_files())
    for name, comment in found.items():
        assert comment.startswith(f"{name}(")


# metrics -------------------------------------------------------------------------------------


def metric(reader, name: str) -> str:
    """A metric's expression."""
    return reader.execute("select expression from metrics where metric = $1", [name]).fetchone()[0]


def test_every_metric_is_an_aggregate_of_its_table_under_any_grouping(world):
    _, reader = world
    described = reader.execute(
        "select metric, table_name, expression, is_additive from metrics"
    ).fetchall()
    contract = load_contract()
    for name, table, expression, is_additive in described:
        assert table in contract, name
        if table not in ADDED:
            continue
        whole = reader.execute(f"select {expression} from {table}").fetchone()[0]
        groups = [column for column in contract[table].references if column != "cell"]
        for pair in itertools.combinations([*groups, "year"], 2):
            by = ", ".join(pair)
            parts = [
                row[0]
                for row in reader.execute(
                    f"select {expression} from {table} group by {by}"
                ).fetchall()
            ]
            if is_additive:
                assert sum(parts) == pytest.approx(whole, rel=1e-9), (name, by)


# keys ----------------------------------------------------------------------------------------


def test_keys_are_declared_and_hold(world):
    _, reader = world
    foreign = reader.execute(
        "select table_name, constraint_column_names[1], referenced_table from duckdb_constraints() "
        "where constraint_type = 'FOREIGN KEY'"
    ).fetchall()
    promised_keys = {
        (table.name, column, parent)
        for table in promised().values()
        for column, parent in table.references.items()
    }
    assert set(foreign) == promised_keys
    assert ("headline_cells", "stream", "dim_stream") in promised_keys


@pytest.fixture
def work(connection, tmp_path):
    """The work database of a published world."""
    _, folder = published_world(connection, tmp_path)
    return connection, folder


def test_a_row_whose_key_has_no_parent_is_not_published(work):
    connection, folder = work
    before = folder.resolve()
    connection.execute("update published.headline_annual set stream = 'tin' where year = 2020")
    with pytest.raises(PublishError, match=r"headline_annual does not fit.*tin"):
        publish(connection, promised(), folder)
    assert folder.resolve() == before


def test_a_stream_without_cells_stops_the_run_by_name(work):
    connection, _ = work
    connection.execute("delete from published.cell_draws where cell like 'labor/%'")
    with pytest.raises(WarehouseError, match=r"cell_draws\.sql in the folder of stream labor"):
        build_table(connection, "published.headline_cells")


def test_a_key_to_no_table_of_one_key_is_refused():
    contract = load_contract()
    one = contract["headline_annual"]
    for references, told in (
        ({"stream": "income_annual"}, "no table of one key"),
        ({"strom": "dim_stream"}, "no column strom"),
    ):
        bad = dataclasses.replace(one, references=references)
        with pytest.raises(ContractError, match=told):
            checked_keys({**contract, one.name: bad})
