"""What may leave: rules tried on rows that break them, and held by the embedded cases."""

import datetime as dt

import dagster as dg
import duckdb
import numpy as np
import polars as pl
import pytest

from assets import network
from assets.resources import Snapshots, WarehouseResource
from pipelines.network.run import designation_lag, undesignated_share
from pipelines.paths import REFERENCE_DIR, REPOSITORY, work_database
from pipelines.publish.contract import load_contract
from pipelines.schemas.network import PERSON_AUTHORITIES
from pipelines.warehouse import Warehouse, build_table, read_frame, write_frame

TABLES = (
    "entities",
    "links",
    "link_statements",
    "merges_waiting",
    "evidence_calibration",
    "network_corrections",
    "network_amounts",
)


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    """The work database after the staged, entity and calibration assets ran."""
    folder = tmp_path_factory.mktemp("data")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DPRK_DATA_DIR", str(folder))
        done = dg.materialize(
            [*network.STAGED_ASSETS, network.entities, network.calibration],
            resources={"warehouse": WarehouseResource(), "snapshots": Snapshots()},
        )
        assert done.success
        yield Warehouse(work_database())


def published(connection, name):
    build_table(connection, f"published.{name}")
    return read_frame(connection, f"published.{name}")


@pytest.mark.parametrize("name", TABLES)
def test_tables_have_the_promised_columns(work, name):
    with work.connect() as connection:
        found = connection.sql(f"describe (select * from ({_sql(name)}))").fetchall()
    promised = [(column.name, column.type) for column in load_contract()[name].columns]
    assert [(row[0], row[1]) for row in found] == promised


def _sql(name):
    from pipelines.warehouse import sql_of

    return sql_of(f"published.{name}")


def test_every_row_of_the_hand_kept_tables_arrives(work):
    with work.connect() as connection:
        for table in network.FILES:
            lines = len((REFERENCE_DIR / f"{table}.csv").read_text("utf-8").strip().splitlines())
            assert read_frame(connection, f"staged.{table}").height == lines - 1, table


def test_every_published_row_shows_its_statements(work):
    with work.connect() as connection:
        said = published(connection, "link_statements").filter(pl.col("kind") != "reply")
        about = set(said["about"])
        for table, key in (("entities", "entity_id"), ("links", "link_id")):
            rows = published(connection, table)
            assert rows.height > 300
            assert set(rows[key]) <= about


def test_persons_rest_on_lists_courts_or_un_reports(work):
    with work.connect() as connection:
        people = published(connection, "entities").filter(pl.col("schema") == "Person")
        said = published(connection, "link_statements")
    official = set(said.filter(pl.col("authority").is_in(PERSON_AUTHORITIES))["about"])
    assert people.height > 100
    assert set(people["entity_id"]) <= official


def test_designated_charged_and_alleged_stay_apart(work):
    with work.connect() as connection:
        said = published(connection, "link_statements")
        parties = published(connection, "entities")
    listed = set(said.filter(pl.col("kind") == "designated")["about"])
    assert set(parties.filter("is_designated")["entity_id"]) == listed & set(parties["entity_id"])
    # named by FinCEN, never on the SDN list: Japan alone froze its assets
    dandong = said.filter(pl.col("about") == "bank-of-dandong")
    assert dandong.filter(pl.col("authority") == "OFAC").height == 0
    assert dandong.filter(pl.col("authority") == "FinCEN")["kind"].unique().to_list() == ["finding"]


def test_inferred_relations_and_press_only_persons_stay_inside():
    connection = duckdb.connect()
    entity = {
        "schema": "Person", "name": "x", "aliases": "", "stage": "broker", "is_bank": False,
        "bank_size_tier": None, "country_iso2": None, "imo_number": None,
        "registration_number": None, "bic": None, "topics": None, "list_key": None,
        "designated_on": None, "designated_by": None, "is_designation_undated": None,
        "n_rows": 1, "note": None,
    }  # fmt: skip
    write_frame(
        connection,
        "network.entities",
        pl.DataFrame(
            [
                {"entity_id": "listed", "is_publishable": True, **entity},
                {"entity_id": "press-only", "is_publishable": False, **entity},
            ]
        ),
    )
    link = {
        "source_id": "listed", "target_id": "press-only", "relation": "agent", "stream": "coal",
        "money": "with", "start_on": None, "end_on": None, "probability": 0.1, "n_origins": 1,
        "best_class": "inferred", "is_contested": False, "note": None,
    }  # fmt: skip
    write_frame(
        connection,
        "network.links",
        pl.DataFrame([{"link_id": "guess", "is_publishable": False, **link}]),
    )
    base = {
        "authority": "OFAC", "program": None, "stated_on": dt.date(2017, 1, 1),
        "stated_on_precision": "day", "is_edition_date": False, "document": "d", "locator": "l",
        "read_via": "official_list", "url": "https://example.org", "is_contested": False,
        "class": "designation", "grade": 0.9, "note": None,
    }  # fmt: skip
    write_frame(
        connection,
        "network.link_statements",
        pl.DataFrame(
            [
                {"statement_id": "s1", "about": "listed", "kind": "designated", **base},
                {"statement_id": "s2", "about": "listed", "kind": "inferred", **base},
                {"statement_id": "s3", "about": "guess", "kind": "inferred", **base},
                {"statement_id": "s4", "about": "press-only", "kind": "reported", **base},
            ]
        ),
    )
    assert published(connection, "entities")["entity_id"].to_list() == ["listed"]
    assert published(connection, "links").height == 0
    assert published(connection, "link_statements")["statement_id"].to_list() == ["s1"]


def test_no_cell_of_the_hand_kept_tables_is_a_machine_path(work):
    for table in network.FILES:
        text = (REFERENCE_DIR / f"{table}.csv").read_text("utf-8")
        assert str(REPOSITORY.parent) + "/" not in text
        assert "/home/" not in text
        assert "shared/" not in text


def test_a_scheme_total_never_enters_a_bank_as_its_own(work):
    with work.connect() as connection:
        amounts = read_frame(connection, "staged.network_amounts")
    many = amounts.filter(pl.col("link_ids").str.contains(";"))
    assert many.height > 5
    assert many["scope"].unique().to_list() == ["scheme_total"]


STATEMENTS = pl.DataFrame(
    {
        "about": ["early", "early", "late", "waits", "first", "first", "edition", "edition"],
        "kind": ["alleged", "designated", "designated", "charged", "designated", "charged",
                 "alleged", "designated"],
        "authority": ["US_STATE", "OFAC", "OFAC", "DOJ", "OFAC", "DOJ", "US_STATE", "OFAC"],
        "stated_on": [dt.date(2017, 1, 1), dt.date(2018, 1, 1), dt.date(2018, 1, 1),
                      dt.date(2019, 1, 1), dt.date(2017, 1, 1), dt.date(2019, 1, 1),
                      dt.date(2017, 1, 1), dt.date(2019, 1, 1)],
        "is_edition_date": [False] * 7 + [True],
        "is_contested": [False] * 8,
    }
)  # fmt: skip


def test_lag_runs_from_allegation_to_designation_and_only_forward():
    entities = pl.DataFrame(
        {"entity_id": ["early", "late", "waits", "first", "edition"], "name": list("elwfx")}
    ).with_columns(schema=pl.lit("Company"), topics=pl.lit(None, dtype=pl.String))
    found = designation_lag(entities, STATEMENTS, as_of=dt.date(2020, 1, 1))
    rows = {row["entity_id"]: row for row in found.iter_rows(named=True)}
    assert set(rows) == {"early", "waits", "edition"}  # the others were designated first
    assert rows["early"]["lag_months"] == pytest.approx(12, abs=0.05)
    assert rows["waits"]["waiting_months"] == pytest.approx(12, abs=0.05)
    assert rows["edition"]["lag_months"] is None  # the edition is later than the listing


def test_dollars_through_parties_not_yet_designated_are_counted_where_they_enter():
    from pipelines.network.attribution import Attribution
    from pipelines.network.run import Run

    one = Attribution(
        "coal", 2017, ["early", "late"], np.zeros((2, 3)), np.zeros((2, 3)), np.zeros(3),
        np.full(3, 100.0), [], np.zeros((0, 3)), np.array([[30.0] * 3, [10.0] * 3]), 0.4, 40.0,
    )  # fmt: skip
    found = undesignated_share(Run([one], one.nodes, pl.DataFrame(), 3, 1), STATEMENTS)
    assert found["share_q50"].to_list() == [1.0]  # both designated only in January 2018
