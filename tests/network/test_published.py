"""What may leave: rules tried on rows that break them, and held by the embedded cases."""

import datetime as dt

import dagster as dg
import duckdb
import numpy as np
import polars as pl
import pytest

from assets.resources import Snapshots, WarehouseResource
from pipelines.network.run import undesignated_share
from pipelines.paths import REFERENCE_DIR, REPOSITORY, work_database
from pipelines.publish.contract import load_contract
from pipelines.schemas.network import HAND_KEPT, PERSON_AUTHORITIES
from pipelines.warehouse import Warehouse, build_table, read_frame, write_frame
from tests.fixtures.wired import wired

TABLES = (
    "entities",
    "links",
    "link_statements",
    "legal_status",
    "merges_waiting",
    "evidence_calibration",
    "network_corrections",
    "network_amounts",
    "network_headcounts",
    "network_lists",
    "campaign_events",
    "untraced_statements",
    "statement_endorsers",
)


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    """The work database after the staged, entity and calibration assets ran."""
    folder = tmp_path_factory.mktemp("data")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DPRK_DATA_DIR", str(folder))
        done = dg.materialize(
            wired(*HAND_KEPT, "network.entities", "network.calibration"),
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
        withdrawn = connection.execute(
            "select source, count(*) from staged.quarantine where rule = 'withdrawn' group by all"
        ).fetchall()
        for table in (address.removeprefix("staged.") for address in HAND_KEPT):
            lines = len((REFERENCE_DIR / f"{table}.csv").read_text("utf-8").strip().splitlines())
            held = read_frame(connection, f"staged.{table}").height
            assert held + dict(withdrawn).get(table, 0) == lines - 1, table
    assert dict(withdrawn)["network_statements"] > 0


def test_every_published_row_shows_its_statements(work):
    with work.connect() as connection:
        said = published(connection, "link_statements").filter(
            ~pl.col("kind").is_in(["reply", "denied", "refused"])
        )
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
    blocking = ["designated", "identified", "blocked_by_order"]
    listed = set(said.filter(pl.col("kind").is_in(blocking))["about"])
    assert set(parties.filter("is_designated")["entity_id"]) == listed & set(parties["entity_id"])
    # named by FinCEN, never on the SDN list: Japan alone froze its assets
    dandong = said.filter(pl.col("about") == "bank-of-dandong")
    assert dandong.filter(pl.col("authority") == "OFAC").height == 0
    assert set(dandong.filter(pl.col("authority") == "FinCEN")["kind"]) == {
        "finding", "proposed_rule", "final_rule",
    }  # fmt: skip


def test_the_eleven_findings_stay_mended(work):
    """Each was wrong once: who reads the tables must not meet it again."""
    with work.connect() as connection:
        parties = published(connection, "entities")
        said = published(connection, "link_statements")
        ledger = published(connection, "legal_status")
        links = published(connection, "links")
        amounts = published(connection, "network_amounts")
    row = {one["entity_id"]: one for one in parties.iter_rows(named=True)}
    # a correspondent is a channel, and a warrant is no finding against it
    clearing = links.filter(pl.col("relation_type") == "clears")
    assert clearing.height >= 10
    assert set(clearing["money"]) == {"none"}
    assert (
        said.filter(
            (pl.col("authority") == "US_COURT")
            & (pl.col("kind") == "finding")
            & pl.col("document").str.contains("damming")
        ).height
        == 0
    )
    assert said.filter(pl.col("kind") == "warrant").height == 17
    # a rule that was repealed is over, and so is the finding behind it
    delta = ledger.filter(pl.col("about") == "banco-delta-asia")
    assert delta.height == 3
    assert not delta["is_in_force"].any()
    assert set(delta["to_on"]) == {dt.date(2020, 8, 10)}
    assert set(delta["ended_by"]) == {"repealed", "withdrawn"}
    # designated in July 2025, not waiting
    for who in ("kim-se-un", "myong-chol-min", "jo-kyong-hun"):
        assert row[who]["designated_on"] == dt.date(2025, 7, 24)
    # blocked by an order itself, no listing needed
    assert row["workers-party-of-korea"]["designated_on"] == dt.date(2016, 3, 15)
    # the airline was designated once, in 2016; its trading company in 2022
    assert row["air-koryo"]["designated_on"] == dt.date(2016, 12, 2)
    assert row["air-koryo-trading"]["designated_on"] == dt.date(2022, 5, 27)
    assert (
        said.filter(
            (pl.col("about") == "air-koryo") & (pl.col("date") > dt.date(2017, 1, 1))
        ).height
        == 0
    )
    # forfeited, sentenced, ruled on
    kinds = {
        (one, kind)
        for one, kind in ledger.filter("is_in_force").select("about", "kind").iter_rows()
    }
    assert ("wise-honest", "forfeited") in kinds
    assert ("christina-chapman", "sentenced") in kinds
    assert ("zhenxing-wang", "sentenced") in kinds
    assert ("huione-group", "final_rule") in kinds
    assert ("wise-honest", "forfeiture_complaint") not in kinds
    # charges unsealed in April 2023
    assert said.filter(pl.col("document").str.contains("2022 D.D.C. tobacco indictment"))[
        "date"
    ].unique().to_list() == [dt.date(2023, 4, 25)]
    # no list edition's day is a designation day
    assert (
        ledger.filter(pl.col("from_on") == dt.date(2019, 1, 1))
        .filter(pl.col("document").str.contains("January 2019 edition"))
        .height
        == 0
    )
    assert parties.filter("is_designation_undated")["designated_on"].null_count() == (
        parties.filter("is_designation_undated").height
    )
    # a sentence replaces a charge
    chapman = amounts.filter(pl.col("parties") == "christina-chapman")
    assert dict(chapman.select("amount_id", "held_back").iter_rows()) == {
        "it-chapman-charge": "replaced", "it-chapman": None,
    }  # fmt: skip


def test_both_lists_are_counted_and_the_unread_one_is_said(work):
    with work.connect() as connection:
        parties = published(connection, "entities")
        lists = published(connection, "network_lists")
    both = parties.filter(
        pl.col("designated_by").str.contains("OFAC") & pl.col("designated_by").str.contains("UNSC")
    )
    assert dict(both.group_by("schema").len().iter_rows()) == {
        "Vessel": 1, "Company": 27, "Person": 21, "Organization": 4,
    }  # fmt: skip
    assert both.filter(pl.col("schema") == "Vessel")["entity_id"].to_list() == ["hao-fan-6"]
    vessels = lists.filter(pl.col("list_source") == "opensanctions_un_1718_vessels")
    assert vessels["is_loaded"].to_list() == [False]
    assert "not read" in vessels["meaning"].item()


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
        "relation_type": "agent_of", "is_channel": False,
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
        "class": "designation", "grade": 0.9, "note": None, "witness": "OFAC",
        "document_number": None, "is_primary_read": True, "tracing": "list_entry",
        "public_on": None,
    }  # fmt: skip
    write_frame(
        connection,
        "network.link_statements",
        pl.DataFrame(
            [
                {
                    "statement_id": "s1",
                    "is_publishable": True,
                    "about": "listed",
                    "kind": "designated",
                    **base,
                },
                {
                    "statement_id": "s2",
                    "is_publishable": False,
                    "about": "listed",
                    "kind": "inferred",
                    **base,
                },
                {
                    "statement_id": "s3",
                    "is_publishable": False,
                    "about": "guess",
                    "kind": "inferred",
                    **base,
                },
                {
                    "statement_id": "s4",
                    "is_publishable": False,
                    "about": "press-only",
                    "kind": "reported",
                    **base,
                },
            ]
        ),
    )
    assert published(connection, "entities")["entity_id"].to_list() == ["listed"]
    assert published(connection, "links").height == 0
    assert published(connection, "link_statements")["statement_id"].to_list() == ["s1"]


def test_no_cell_of_the_hand_kept_tables_is_a_machine_path(work):
    for table in (address.removeprefix("staged.") for address in HAND_KEPT):
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
    # nor does the size of a bank's own business
    own = amounts.filter(pl.col("amount_id").str.starts_with("fin-bod-"))
    assert own["scope"].unique().to_list() == ["bank_total"]


def test_dollars_through_parties_not_yet_designated_are_counted_where_they_enter():
    from pipelines.network.attribution import Attribution
    from pipelines.network.run import Run

    one = Attribution(
        "coal", 2017, ["early", "late"], np.zeros((2, 3)), np.zeros((2, 3)), np.zeros(3),
        np.full(3, 100.0), [], np.zeros((0, 3)), np.array([[30.0] * 3, [10.0] * 3]), 0.4, 40.0,
        np.full(3, 0.4), 0.0, np.zeros((0, 3)), np.zeros(0, int), np.zeros(0, int),
    )  # fmt: skip
    run = Run([one], one.nodes, pl.DataFrame(), {}, 3, 1)

    def share(**days):
        listed = pl.DataFrame(
            {"entity_id": list(days), "designated_on": list(days.values())},
            schema={"entity_id": pl.String, "designated_on": pl.Date},
        )
        return undesignated_share(run, listed)["share_q50"].item()

    assert share(early=dt.date(2018, 1, 1)) == 1.0
    assert share(early=dt.date(2017, 6, 1)) == 0.25  # 10 of 40
    assert share(late=None) == 0.75  # listed, day not known: no longer free
