"""What leaves the network: a page, FollowTheMoney lines, GraphML."""

import base64
import datetime as dt
import hashlib
import json
import re
import xml.etree.ElementTree as ET

import polars as pl
import pytest
from followthemoney import model

from pipelines.network.exports import ftm_lines, write_network_files
from pipelines.network.page import country_names, render_network_page, safe_json

HOSTILE = "</script><img src=x onerror=alert(1)>&\u2028"


def tables(name=HOSTILE, count=3):
    ids = [f"n{place}" for place in range(count)]
    stages = ["asset", "broker", "bank"]
    entities = pl.DataFrame(
        {
            "entity_id": ids,
            "schema": [("Vessel", "Person", "Company")[place % 3] for place in range(count)],
            "name": [name] * count,
            "aliases": [None] * count,
            "topics": [None] * count,
            "stage": [stages[place % 3] for place in range(count)],
            "is_bank": [place % 3 == 2 for place in range(count)],
            "bank_size_tier": ["unknown" if place % 3 == 2 else None for place in range(count)],
            "country_iso2": ["KP"] * count,
            "imo_number": ["8905490" if place % 3 == 0 else None for place in range(count)],
            "registration_number": [None] * count,
            "bic": [None] * count,
            "is_designated": [True] * count,
            "note": [name] * count,
        },
        schema_overrides=dict.fromkeys(
            ("aliases", "topics", "registration_number", "bic"), pl.String
        ),
    )
    links = pl.DataFrame(
        {
            "link_id": [f"l{place}" for place in range(count - 1)],
            "source_id": ids[:-1],
            "target_id": ids[1:],
            "relation": ["owner" if place % 2 else "payer" for place in range(count - 1)],
            "stream": ["coal"] * (count - 1),
            "money": ["with"] * (count - 1),
            "probability": [0.9] * (count - 1),
            "n_origins": [1] * (count - 1),
            "is_contested": [False] * (count - 1),
            "start_on": [dt.date(2017, 1, 1)] * (count - 1),
            "end_on": [None] * (count - 1),
        },
        schema_overrides={"end_on": pl.Date},
    )
    about = ids + links["link_id"].to_list()
    statements = pl.DataFrame(
        {
            "statement_id": [f"s{place}" for place in range(len(about))],
            "about": about,
            "kind": ["designated"] * len(about),
            "authority": ["OFAC"] * len(about),
            "date": [dt.date(2017, 8, 22)] * len(about),
            "date_precision": ["day"] * len(about),
            "document": [name] * len(about),
            "locator": ["entry 1"] * len(about),
            "url": ["https://example.org/a"] * len(about),
            "is_contested": [False] * len(about),
            "is_edition_date": [False] * len(about),
            "public_on": [None] * len(about),
        },
        schema_overrides={"public_on": pl.Date},
    )
    return entities, links, statements


def page_of(entities, links, statements, **more):
    """The page, with a ledger that holds every designation among the statements."""
    ledger = more.pop("ledger", None)
    if ledger is None:
        ledger = statements.select(
            status_id="statement_id",
            kind="kind",
            to_on=pl.lit(None, pl.Date),
            ended_by=pl.lit(None, pl.String),
            ended_by_authority=pl.lit(None, pl.String),
            ending_document=pl.lit(None, pl.String),
            ending_url=pl.lit(None, pl.String),
            as_of=pl.lit(dt.date(2026, 11, 1)),
        )
    return render_network_page(entities, links, statements, ledger, **more)


def first(pattern: str, page: str) -> str:
    found = re.search(pattern, page, re.DOTALL)
    assert found is not None
    return found[1]


def data_of(page):
    return json.loads(first(r'<script type="application/json"[^>]*>(.*?)</script>', page))


def test_no_text_from_data_can_end_the_script_or_become_markup():
    page = page_of(*tables())
    assert page.count("</script>") == 2  # the data's and the code's own ends
    assert "<img" not in page
    assert data_of(page)["nodes"][0]["n"] == HOSTILE
    assert "innerHTML" not in page


def test_the_page_loads_nothing_and_runs_nothing_but_itself():
    page = page_of(*tables(name="plain"))
    assert not re.search(r"\ssrc\s*=", page)
    links = set(re.findall(r'href="([^"#]+)', page))
    assert links == {"report.html", "network.ftm.json", "network.graphml"}
    assert "@import" not in page
    assert "fetch(" not in page
    policy = first(r'Content-Security-Policy" content="([^"]*)"', page).replace("&#39;", "'")
    script = first(r"<script>(.*)</script>", page)
    known = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{known}';" in policy
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy


def test_every_party_and_relation_carries_its_statements():
    data = data_of(page_of(*tables(name="plain")))
    assert all(len(node["q"]) == 1 for node in data["nodes"])
    assert all(len(edge["q"]) == 1 for edge in data["edges"])
    assert data["documents"] == [["plain", "https://example.org/a"]]


def test_a_party_is_there_from_the_day_its_name_was_public():
    """n0 a firm, n1 a person, n2 a bank: who spoke first decides nothing, who may does."""
    entities, links, statements = tables(name="plain")
    extra = pl.DataFrame(
        {
            "statement_id": ["x0", "x1", "x2"],
            "about": ["n0", "n1", "n2"],
            "kind": ["reported", "finding", "alleged"],
            "authority": ["PRESS", "FinCEN", "US_STATE"],
            "date": [dt.date(2010, 1, 1)] * 3,
            "date_precision": ["day", "day", "year"],
        }
    )
    data = data_of(page_of(entities, links, pl.concat([statements, extra], how="diagonal")))
    # the press may not name a firm, nor the Treasury's FinCEN a person; a year is over on its last
    assert [node["d"] for node in data["nodes"]] == ["2017-08-22", "2017-08-22", "2010-12-31"]
    # a relation waits for both its ends
    assert [edge["d"] for edge in data["edges"]] == ["2017-08-22", "2017-08-22"]


def test_what_only_a_model_infers_or_only_a_reply_mentions_is_not_there():
    entities, links, statements = tables(name="plain")
    for kind, authority in (("inferred", "MODEL"), ("denied", "COMPANY"), ("reported", "PRESS")):
        swapped = statements.with_columns(
            kind=pl.when(pl.col("about") == "l0").then(pl.lit(kind)).otherwise("kind"),
            authority=pl.when(pl.col("about") == "l0")
            .then(pl.lit(authority))
            .otherwise("authority"),
        )
        assert [edge["id"] for edge in data_of(page_of(entities, links, swapped))["edges"]] == [
            "l1"
        ]


def test_what_ended_an_act_stands_beside_it():
    entities, links, statements = tables(name="plain")
    ledger = pl.DataFrame(
        {
            "status_id": ["s0"],
            "kind": ["designated"],
            "to_on": [dt.date(2020, 8, 10)],
            "ended_by": ["withdrawn"],
            "ended_by_authority": ["FinCEN"],
            "ending_document": ["85 FR 48104"],
            "ending_url": ["https://example.org/end"],
            "as_of": [dt.date(2026, 11, 1)],
        }
    )
    page = page_of(entities, links, statements, ledger=ledger)
    # what an act ended by can be asked for
    assert '<option value="withdrawn">once in force, withdrawn</option>' in page
    data = data_of(page)
    assert data["nodes"][0]["q"][0][7:] == [
        "2020-08-10", "withdrawn", "FinCEN", "85 FR 48104", "https://example.org/end",
    ]  # fmt: skip
    assert len(data["nodes"][1]["q"][0]) == 7
    assert data["asOf"] == "2026-11-01"


def test_a_sum_is_there_only_with_its_statement():
    amounts = pl.DataFrame(
        {
            "amount_id": ["a", "b", "c"],
            "usd": [5e8, 1.0, 2.0],
            "bound": ["at_least", "exact", "exact"],
            "measure": ["income", "income", "income"],
            "parties": ["n0;n2", "n0", "n2"],
            "window_start_on": [dt.date(2013, 1, 1)] * 2 + [dt.date(2012, 1, 1)],
            "window_end_on": [dt.date(2016, 12, 31)] * 3,
            "note": [None, None, None],
            "statement_id": ["s0", "never published", "s0"],
        }
    )
    nodes = data_of(page_of(*tables(name="plain"), amounts=amounts))["nodes"]
    assert [len(node["m"]) for node in nodes] == [1, 0, 2]
    assert nodes[0]["m"][0][:3] == [5e8, "at least", 2]
    # the earliest first
    assert [told[0] for told in nodes[2]["m"]] == [2.0, 5e8]


def test_a_thousand_parties_weigh_less_than_three_megabytes():
    page = page_of(*tables(name="a name of middling length", count=1_000))
    assert len(data_of(page)["nodes"]) == 1_000
    assert len(page.encode()) < 3_000_000


def test_codes_of_countries_become_names():
    assert country_names(["CN", "MO", "KP", "QQ"]) == {
        "CN": "China",
        "MO": "Macao SAR",
        "KP": "North Korea",
        "QQ": "QQ",
    }


def test_safe_json_is_still_json():
    assert json.loads(safe_json([HOSTILE])) == [HOSTILE]


def test_ftm_lines_are_read_back_by_the_library():
    entities, links, statements = tables(name="plain")
    lines = [json.loads(line) for line in ftm_lines(entities, links, statements)]
    assert len(lines) == entities.height + links.height
    by = {line["id"]: model.get_proxy(line) for line in lines}
    assert by["n0"].first("imoNumber") is not None
    bank = by["n2"]
    assert bank.schema.name == "Company"
    assert "fin.bank" in bank.get("topics")
    assert by["l0"].schema.name in ("Payment", "UnknownLink")
    assert all(line["statements"] for line in lines)
    # a person owning a bank is an ownership; a ship paying a person is only a tie
    assert by["l1"].schema.name == "Ownership"
    assert by["l1"].first("owner") == "n1"


def test_files_are_the_same_bytes_each_time_and_graphml_is_xml(tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        write_network_files(tmp_path / folder, *tables())
    for name in ("network.ftm.json", "network.graphml"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    root = ET.parse(tmp_path / "a" / "network.graphml").getroot()  # noqa: S314 (our own file)
    assert len(root.findall(".//{*}node")) == 3
    assert len(root.findall(".//{*}edge")) == 2


@pytest.mark.parametrize(
    "relation",
    ["agent", "director", "employee", "banked_by", "clears", "labor_supplier", "payer", "family"],
)
def test_no_relation_is_lost_in_translation(relation):
    entities, links, statements = tables(name="plain")
    lines = ftm_lines(entities, links.with_columns(relation=pl.lit(relation)), statements)
    edges = [json.loads(line) for line in lines if json.loads(line)["id"].startswith("l")]
    assert len(edges) == links.height
    for edge in edges:
        proxy = model.get_proxy(edge)
        assert len([1 for _, value in proxy.itervalues() if value.startswith("n")]) == 2


def test_a_release_gets_the_networks_pages_and_files(tmp_path):
    import duckdb

    from pipelines.network.files import network_outputs
    from pipelines.publish.contract import load_contract
    from pipelines.publish.release import DATABASE_NAME

    contract = load_contract()
    with duckdb.connect(str(tmp_path / DATABASE_NAME)) as writer:
        for name in (
            "entities",
            "links",
            "link_statements",
            "attribution_annual",
            "bank_exposure",
            "legal_status",
            "network_amounts",
            "merges_waiting",
        ):
            columns = ", ".join(f'"{one.name}" {one.type}' for one in contract[name].columns)
            writer.execute(f"create table {name} ({columns})")
        writer.execute(
            "insert into merges_waiting (left_id, right_id, left_name, right_name, basis, score, "
            "reason) values ('a', 'b', $name, 'other', 'same_name', 0.5, 'alike')",
            {"name": HOSTILE},
        )
        entities, links, statements = tables(name="plain")
        for name, frame in (
            ("entities", entities),
            ("links", links),
            ("link_statements", statements),
        ):
            writer.register("rows", frame)
            writer.execute(f"insert into {name} by name select * from rows")
            writer.unregister("rows")
        network_outputs(tmp_path, writer)
    page = (tmp_path / "merges_waiting.html").read_text("utf-8")
    assert "<script" not in page
    assert "&lt;/script&gt;" in page
    assert {path.name for path in tmp_path.iterdir()} == {
        DATABASE_NAME,
        "network.html",
        "merges_waiting.html",
        "network.ftm.json",
        "network.graphml",
    }
