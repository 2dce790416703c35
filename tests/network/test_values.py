"""A network of five parties and two banks, with every dollar worked out by hand.

Coal brings 1,000 a year. One document places 200 of it at the buyer; every statement is right with
probability 0.9 and every party loses 0.2 of what it passes on to parties nobody has named.

    buyer --pays--> front --agent of--> STATE BANK (passes all on) --> the state
    buyer holds an account at CITY BANK (a channel)
    ship: a sum of 40 on a relation of its own, spent by the state, places nothing
    person: owns the front; owning carries no money

Enters at the buyer        200 x 0.9                         = 180
ends at the buyer          180 x 0.1 (no onward relation)    =  18
lost at the buyer          180 x 0.9 x 0.2                   =  32.4
reaches the front          180 x 0.9 x 0.8                   = 129.6
ends at the front          129.6 x 0.1                       =  12.96
lost at the front          129.6 x 0.9 x 0.2                 =  23.328
state bank, then the state 129.6 x 0.9 x 0.8                 =  93.312
on nobody                  1,000 - 18 - 12.96 - 93.312       = 875.728
may have passed CITY BANK  180 x 0.9 x 1/2                   =  81
"""

import datetime as dt

import numpy as np
import polars as pl
import pytest

from pipelines.network.acts import (
    ActsRun,
    acts_table,
    backtest,
    open_acts,
    window_of,
)
from pipelines.network.attribution import Attribution
from pipelines.network.banks import (
    _is_finding,
    bank_exposure,
    channel_links,
    chinese_bank_tiers,
    chinese_banks,
    throughput,
)
from pipelines.network.entities import typed_links
from pipelines.network.evidence import EvidenceError, classify
from pipelines.network.run import (
    Run,
    attribute_all,
    attribution_table,
    conservation_table,
    interdict,
    node_type,
    scenarios_of,
)
from pipelines.network.status import designations, legal_status, standing
from pipelines.network.walk import _interdiction

DRAWS = 40_000
DAY = dt.date


def entity(name, schema="Company", stage="broker", **more):
    return {
        "entity_id": name,
        "name": name.title(),
        "schema": schema,
        "stage": stage,
        "is_bank": stage == "bank",
        "bank_size_tier": None,
        "country_iso2": "CN",
        "topics": None,
        "note": None,
        "total_assets_usd": None,
        "total_assets_on": None,
        "total_assets_source": None,
        **more,
    }


ENTITIES = pl.DataFrame(
    [
        entity("buyer"),
        entity("front", stage="front"),
        entity("ship", "Vessel", "asset"),
        entity("person", "Person"),
        entity("dprk-government", "PublicBody", "regime", country_iso2="KP"),
        entity("city-bank", stage="bank", bank_size_tier="city_commercial",
               total_assets_usd=10_000.0, total_assets_on=DAY(2016, 12, 31)),
        entity("state-bank", stage="bank", bank_size_tier="dprk_bank", country_iso2="KP"),
    ],
    schema_overrides={
        "topics": pl.String, "note": pl.String, "bank_size_tier": pl.String,
        "total_assets_usd": pl.Float64, "total_assets_on": pl.Date,
        "total_assets_source": pl.String,
    },
)  # fmt: skip


def link(source, relation, target, money):
    return {
        "link_id": f"{source}--{relation}--{target}",
        "source_id": source,
        "target_id": target,
        "relation": relation,
        "stream": "coal",
        "money": money,
        "start_on": None,
        "end_on": None,
    }


TYPES = pl.DataFrame(
    {
        "relation": ["payer", "agent", "account_holder_at", "owner", "clears"],
        "relation_type": ["pays", "agent_of", "holds_account", "owns", "clears"],
        "may_carry_money": [True, True, False, False, False],
        "is_channel": [False, False, True, False, True],
        "reading": [""] * 5,
    }
)
RAW_LINKS = pl.DataFrame(
    [
        link("buyer", "payer", "front", "with"),
        link("front", "agent", "state-bank", "with"),
        link("buyer", "account_holder_at", "city-bank", "none"),
        link("person", "owner", "front", "none"),
        link("ship", "payer", "buyer", "with"),
    ],
    schema_overrides={"start_on": pl.Date, "end_on": pl.Date},
)
LINKS = typed_links(RAW_LINKS, TYPES, ENTITIES)
GRADES = pl.DataFrame(
    {
        "class": ["court"],
        "rank": [6],
        "pairs": ["convicted:DOJ;finding:FinCEN;designated:OFAC"],
        "grade": [0.9],
        "grade_low": [0.9],
        "grade_high": [0.9],
    }
)


MADE = DAY(2016, 6, 1)


def said(number, about, kind="convicted", authority="DOJ", on=MADE):
    return {
        "statement_id": f"s{number}",
        "about": about,
        "kind": kind,
        "authority": authority,
        "program": None,
        "stated_on": on,
        "stated_on_precision": "day",
        "public_on": None,
        "is_edition_date": False,
        "document": f"document {number}",
        "locator": "page 1",
        "read_via": "official_text",
        "url": "https://example.org/",
        "is_contested": False,
        "note": None,
    }


STATEMENTS = classify(
    pl.DataFrame(
        [
            *(said(number, one) for number, one in enumerate(LINKS["link_id"])),
            said(10, "city-bank", "finding", "FinCEN"),
            said(11, "front", "designated", "OFAC", DAY(2018, 1, 1)),
        ],
        schema_overrides={"program": pl.String, "public_on": pl.Date, "note": pl.String},
    ),
    GRADES,
)


def amount(name, usd, parties, links, **more):
    return {
        "amount_id": name,
        "stream": "coal",
        "usd": usd,
        "scope": "link",
        "measure": "income",
        "parties": parties,
        "link_ids": links,
        "statement_id": "s0",
        "window_start_on": DAY(2016, 1, 1),
        "window_end_on": DAY(2016, 12, 31),
        "dated_by": "window",
        "part_of": None,
        "held_back": None,
        "note": "a note",
        **more,
    }


ACCOUNT = "buyer--account_holder_at--city-bank"
AMOUNTS = pl.DataFrame(
    [
        amount("placed", 200.0, "buyer", "buyer--payer--front"),
        amount("account", 70.0, "buyer", ACCOUNT, measure="processed", held_back="no_stream"),
        amount("shared", 500.0, "buyer", f"{ACCOUNT};buyer--payer--front", scope="scheme_total",
               measure="processed", held_back="no_stream"),
        amount("part", 300.0, "buyer", ACCOUNT, scope="scheme_total", measure="processed",
               held_back="no_stream", part_of="shared"),
        amount("bought", 40.0, "buyer", ACCOUNT, measure="spending", held_back="not_income"),
        amount("size", 9_000.0, "city-bank", ACCOUNT, scope="bank_total", measure="processed",
               held_back="no_stream"),
    ],
    schema_overrides={"part_of": pl.String, "held_back": pl.String},
)  # fmt: skip
SETTINGS = {
    "contested_factor": (0.5, 0.5, 0.5),
    "leak_share": (0.2, 0.2, 0.2),
    "split_concentration": (1.0, 1.0, 1.0),
    "rerouting_slack": (1.0, 1.0, 1.0),
    "horizon_months": (24.0, 24.0, 24.0),
}
REPLACED = pl.DataFrame(
    [
        {
            "node_type": kind, "share_low": 0.5, "share": 0.5, "share_high": 0.5,
            "months_low": 6.0, "months": 6.0, "months_high": 6.0,
        }
        for kind in ("bank", "vessel", "person", "front", "worker_unit", "company")
    ]
)  # fmt: skip
# half comes back with a time of 6 months over 24: 0.5 (1 - (1 - e^-4) / 4)
BACK = 0.5 * (1 - (1 - np.exp(-4)) / 4)
ERAS = pl.DataFrame({"stream": ["coal"], "first_day": [DAY(2017, 8, 5)]})
NO_HEADS = pl.DataFrame(schema={"employer_id": pl.String, "headcount_id": pl.String})
NO_HOSTS = pl.DataFrame(
    schema={"stream": pl.String, "host_iso3": pl.String, "year": pl.Int64, "draw": pl.Int64}
)


def attributed(draws, **settings):
    """A thousand dollars of coal in 2016, placed on the network."""
    income = pl.DataFrame(
        {"stream": "coal", "year": pl.Series([2016] * draws, dtype=pl.Int64), "usd": 1_000.0}
    ).with_columns(draw=pl.int_range(draws))
    return attribute_all(
        income,
        entities=ENTITIES,
        links=LINKS,
        statements=STATEMENTS,
        amounts=AMOUNTS,
        headcounts=NO_HEADS,
        hosts=NO_HOSTS,
        grades=GRADES,
        settings=SETTINGS | settings,
        seed=7,
    )


@pytest.fixture(scope="module")
def run():
    return attributed(DRAWS)


@pytest.fixture(scope="module")
def day(run):
    channels = channel_links(LINKS, ENTITIES)
    passed = [throughput(one, channels, run.edge_probability, seed=7) for one in run.years]
    return ActsRun(DAY(2017, 6, 1), run, ENTITIES, LINKS, LEDGER, passed)


ENDS = pl.DataFrame(
    schema={
        "end_id": pl.String, "statement_id": pl.String, "ended_on": pl.Date,
        "ended_on_precision": pl.String, "ended_by": pl.String, "authority": pl.String,
        "document": pl.String, "url": pl.String,
    }
)  # fmt: skip
LEDGER = legal_status(STATEMENTS, ENDS, as_of=DAY(2017, 6, 1))
LATER = legal_status(STATEMENTS, ENDS, as_of=DAY(2020, 1, 1))


def test_every_dollar_is_where_the_hand_put_it(run):
    table = attribution_table(run, ENTITIES)
    row = {one["node_id"]: one for one in table.iter_rows(named=True)}
    through = {name: one["usd_mean"] for name, one in row.items()}
    ended = {name: one["ended_usd_mean"] for name, one in row.items()}
    near = lambda usd: pytest.approx(usd, rel=0.02)  # noqa: E731
    assert through["buyer"] == near(180.0)
    assert through["front"] == near(129.6)
    assert through["state-bank"] == near(93.312)
    assert through["dprk-government"] == near(93.312)
    assert through["UNATTRIBUTED"] == near(875.728)
    assert ended["buyer"] == near(18.0)
    assert ended["front"] == near(12.96)
    assert ended["dprk-government"] == near(93.312)
    # a bank is a channel: nothing ends there, and the city bank is on nobody's trail
    assert ended["state-bank"] == pytest.approx(0.0, abs=1e-9)
    assert set(row) == {"buyer", "front", "state-bank", "dprk-government", "UNATTRIBUTED"}
    assert row["buyer"]["coverage_share"] == pytest.approx(0.2)


def test_placed_and_unplaced_make_income(run):
    row = conservation_table(run).row(0, named=True)
    assert row["largest_miss_usd"] < 0.01
    assert row["largest_excess_usd"] <= 1e-9
    assert row["largest_attributed_share"] <= 0.2 + 1e-12
    assert row["documented_usd"] == pytest.approx(200.0)


def test_half_of_what_the_customer_had_may_have_passed_its_bank(day):
    (one,) = day.passed
    assert one.banks == ["city-bank"]
    assert one.usd[0].mean() == pytest.approx(81.0, rel=0.02)
    assert one.usd[0].max() <= 200.0 + 1e-9


def test_a_dollar_that_meets_a_bank_twice_counts_once(run):
    twice = pl.concat(
        [
            LINKS,
            typed_links(
                pl.DataFrame([link("front", "account_holder_at", "city-bank", "none")]).cast(
                    RAW_LINKS.schema  # type: ignore[arg-type]
                ),
                TYPES,
                ENTITIES,
            ),
        ]
    )
    p = {**run.edge_probability, "front--account_holder_at--city-bank": np.ones(DRAWS)}
    found = throughput(run.years[0], channel_links(twice, ENTITIES), p, seed=7)
    # at the buyer 0.45 of 180 pass; of the 0.55 that do not, 0.72 go on to the front and half
    # of those pass there: 180 (0.45 + 0.55 x 0.72 x 0.5)
    assert found.usd[0].mean() == pytest.approx(180 * (0.45 + 0.55 * 0.72 * 0.5), rel=0.02)


def test_dollars_that_circle_are_followed_until_none_is_left():
    """Two parties pay each other 0.9 of what they get; 100 enter at the first.

    The second uses a bank for a part s of its dollars, flat between 0 and 1. Of 100, 90 reach it;
    s pass, and of the rest 0.9 x 0.9 come round again: q = s + 0.81 (1 - s) q. So 90 q pass, with
    q = s / (0.19 + 0.81 s), whose mean is 1 / 0.81 - 0.19 / 0.81^2 x ln(1 / 0.19) = 0.7536.
    """
    used = pl.DataFrame(
        [("second--bank", "holds_account", "coal", None, None, "bank", "second")],
        schema={
            "link_id": pl.String, "relation_type": pl.String, "stream": pl.String,
            "start_on": pl.Date, "end_on": pl.Date, "bank_id": pl.String, "customer_id": pl.String,
        },
        orient="row",
    )  # fmt: skip

    def passed(back: float) -> np.ndarray:
        """What passes where the second party pays the first this share of its dollars."""
        entry = np.zeros((2, DRAWS))
        entry[0] = 100.0
        there = np.ones(DRAWS)
        one = Attribution(
            stream="coal", year=2016, nodes=["first", "second"], through=np.ones((2, DRAWS)),
            ended=entry, unattributed=0 * there, income=100 * there, edge_ids=["out", "back"],
            edge=np.zeros((2, DRAWS)), entry=entry, coverage=1.0, documented_usd=100.0,
            covered=there, documented_workers=0.0, transfer=np.array([0.9 * there, back * there]),
            source=np.array([0, 1]), target=np.array([1, 0]),
        )  # fmt: skip
        return throughput(one, used, {"second--bank": there}, seed=7).usd[0]

    share = passed(0.0) / 90
    assert share.mean() == pytest.approx(0.5, rel=0.02)
    assert passed(0.9) == pytest.approx(90 * share / (0.19 + 0.81 * share), abs=1e-8)
    assert passed(0.9).mean() == pytest.approx(90 * 0.7536, rel=0.02)


def test_documents_at_a_bank_are_its_own_shared_or_neither(day):
    table = bank_exposure(
        passed=day.passed,
        state_banks=pl.DataFrame(
            {"bank_id": ["state-bank"], "stream": ["coal"], "year": [2016]}
        ).with_columns(
            **{f"attributed_usd_{q}": pl.lit(93.3) for q in
               ("q05", "q10", "q25", "q50", "q75", "q90", "q95", "mean")}
        ),
        entities=ENTITIES,
        links=LINKS,
        statements=STATEMENTS,
        amounts=AMOUNTS,
        standings=standing(LEDGER),
        live=LEDGER.filter("is_in_force")["status_id"].to_list(),
    )  # fmt: skip
    row = {one["bank_id"]: one for one in table.iter_rows(named=True)}
    city = row["city-bank"]
    assert city["documented_usd"] == pytest.approx(70.0)  # not what the state spent there
    assert city["documented_scheme_usd"] == pytest.approx(500.0)  # its part is no further sum
    assert city["attributed_usd_mean"] == pytest.approx(81.0, rel=0.02)
    assert city["has_finding"]
    assert (city["n_origins"], city["n_fronts"]) == (2, 1)
    assert city["exposure_to_assets_share"] == pytest.approx(
        (70 + city["attributed_usd_q50"]) / 10_000
    )
    state = row["state-bank"]
    assert (state["role"], state["documented_usd"], state["documented_scheme_usd"]) == (
        "dprk_bank", 0.0, 0.0,
    )  # fmt: skip


def test_the_chinese_bank_says_what_is_stated_and_what_is_not(day):
    notes = pl.DataFrame(
        [
            {
                "note_id": "share", "bank_id": "city-bank", "n_banks": None, "bound": "at_least",
                "share": 0.17, "share_of": "its transactions", "first_year": 2012,
                "last_year": 2015, "authority": "FinCEN", "document": "82 FR 51758",
                "stated_on": DAY(2016, 1, 1), "url": "u", "note": "no dollar sum is stated",
            },
            {
                "note_id": "nineteen", "bank_id": None, "n_banks": 19, "bound": "at_least",
                "share": None, "share_of": None, "first_year": None, "last_year": None,
                "authority": "MSMT", "document": "a report", "stated_on": DAY(2016, 1, 1),
                "url": "u", "note": "names not read",
            },
        ]
    )  # fmt: skip
    table = chinese_banks(
        entities=ENTITIES,
        links=LINKS,
        statements=STATEMENTS,
        amounts=AMOUNTS.with_columns(
            window_end_on=pl.when(pl.col("amount_id") == "shared")
            .then(pl.lit(DAY(2018, 12, 31)))
            .otherwise("window_end_on")
        ),
        notes=notes,
        standings=standing(LEDGER),
        live=LEDGER.filter("is_in_force")["status_id"].to_list(),
        passed=day.passed,
    )
    city, count = table.rows(named=True)
    assert city["has_finding"]
    assert city["documented_usd"] == pytest.approx(70.0)
    assert city["shared_usd"] == pytest.approx(500.0)
    assert (city["share"], city["share_bound"]) == (0.17, "at_least")
    assert "no dollar sum is stated" in city["not_known"]
    assert city["first_year"] == 2012
    # the last sum at the bank is of 2018, the size of its business is told to 2016
    assert city["last_year"] == 2018
    assert "finding, FinCEN: document 10 (2016-06-01)" in city["documents"]
    # the size of its own business is told as such and never added
    assert "9000" not in str(city["documented_usd"])
    assert city["bank_own_business"].startswith("USD 0.0 m: a note")
    assert (count["bank_id"], count["n_banks"]) == (None, 19)
    assert count["bank_name"].startswith("at least 19 Chinese banks")
    tiers = chinese_bank_tiers(table, channel_links(LINKS, ENTITIES))
    row = tiers.filter(pl.col("tier") == "city_commercial").row(0, named=True)
    assert (row["n_banks"], row["n_fronts"], row["n_fronts_all_tiers"]) == (1, 1, 1)
    assert row["front_share"] == 1.0
    assert row["front_share_q95"] == 1.0
    assert row["front_share_q05"] == pytest.approx(0.229, abs=0.001)  # Beta(1.5, 0.5) at 5%
    empty = tiers.filter(pl.col("tier") == "global").row(0, named=True)
    assert (empty["n_banks"], empty["n_fronts"], empty["documented_usd"]) == (0, 0, 0.0)
    # of no customer at all there is no share
    nobody = chinese_bank_tiers(table, channel_links(LINKS, ENTITIES).head(0))
    assert nobody["front_share"].to_list() == [None] * 6


def test_a_withdrawn_finding_is_no_finding(day):
    ended = pl.DataFrame(
        [
            {
                "end_id": "e", "statement_id": "s10", "ended_on": DAY(2017, 1, 1),
                "ended_on_precision": "day", "ended_by": "withdrawn", "authority": "FinCEN",
                "document": "d", "url": "u",
            }
        ]
    )  # fmt: skip
    ledger = legal_status(STATEMENTS, ended, as_of=DAY(2017, 6, 1))
    table = chinese_banks(
        entities=ENTITIES,
        links=LINKS,
        statements=STATEMENTS,
        amounts=AMOUNTS,
        notes=pl.DataFrame(
            schema={
                "note_id": pl.String, "bank_id": pl.String, "n_banks": pl.Int64,
                "bound": pl.String, "share": pl.Float64, "share_of": pl.String,
                "first_year": pl.Int64, "last_year": pl.Int64, "authority": pl.String,
                "document": pl.String, "stated_on": pl.Date, "url": pl.String, "note": pl.String,
            }
        ),
        standings=standing(ledger),
        live=ledger.filter("is_in_force")["status_id"].to_list(),
        passed=day.passed,
    )  # fmt: skip
    city = table.row(0, named=True)
    assert not city["has_finding"]
    served = STATEMENTS.with_columns(
        kind=pl.when(pl.col("statement_id") == "s10").then(pl.lit("subpoenaed")).otherwise("kind")
    )
    standing_of = legal_status(served, ENDS, as_of=DAY(2017, 6, 1))
    assert standing_of.filter(pl.col("about") == "city-bank")["is_in_force"].to_list() == [True]
    assert (
        served.with_columns(bank_id=pl.lit("city-bank"))
        .filter(_is_finding(standing_of["status_id"].to_list()))
        .height
        == 0
    )
    assert city["standing"] == (
        "no finding against it; finding by FinCEN since 2016-06-01, withdrawn 2017-01-01"
    )
    # and section 311 is open again
    acts = open_acts(ENTITIES.with_columns(has_account=pl.lit(value=False)), ledger)
    assert acts.filter(pl.col("act") == "section_311")["is_open"].to_list() == [True]


def acts_of(day):
    return weighed(day).table


def weighed(day):
    return acts_table(
        day,
        eras=ERAS,
        replaceability=REPLACED,
        settings=SETTINGS,
        standings=standing(day.ledger),
        draws=4_000,
    )


def test_an_act_cuts_what_it_stops_net_of_what_comes_back(day):
    table = acts_of(day)
    row = {(one["act"], one["party_id"]): one for one in table.iter_rows(named=True)}
    buyer = row["designate", "buyer"]
    # three years 2014-2016, of which one has evidence: a third of 180 a year
    assert (buyer["window_first_year"], buyer["window_last_year"]) == (2016, 2016)
    assert buyer["carried_usd_mean"] == pytest.approx(180.0, rel=0.03)
    assert buyer["net_cut_usd_mean"] == pytest.approx(180.0 * (1 - BACK), rel=0.03)
    front = row["designate", "front"]
    assert front["net_cut_usd_mean"] == pytest.approx(129.6 * (1 - BACK), rel=0.03)
    assert buyer["channels"] == "City-Bank"
    assert buyer["bank_tiers"] == "city_commercial"
    # in draws with dollars the buyer is always worth a removal; the front adds what comes back
    assert buyer["p_in_best_5"] == pytest.approx(1.0)
    # the bank has a finding: section 311 is closed, designation is not
    assert not row["section_311", "city-bank"]["is_open"]
    assert row["section_311", "city-bank"]["closed_by"] == "finding by FinCEN"
    assert row["designate", "city-bank"]["is_open"]
    assert ("section_311", "state-bank") not in row
    assert ("designate", "dprk-government") not in row
    assert row["delist_vessel", "ship"]["is_open"]
    assert ("indict", "ship") not in row


def test_the_tier_of_the_bank_counts_its_customers_together_and_once(day):
    rows = {(one["act"], one["bank_tier"]): one for one in weighed(day).tiers.iter_rows(named=True)}
    city = rows["designate", "city_commercial"]
    # the buyer alone uses the city bank
    assert city["n_parties"] == 1
    assert city["net_cut_usd_mean"] == pytest.approx(180.0 * (1 - BACK), rel=0.03)
    # front and state bank stand on one trail: together they cut what the front carries, less what
    # comes back at both, which is what comes back at the narrower of the two
    other = rows["designate", "no bank known"]
    assert other["n_parties"] == 2
    assert 129.6 * (1 - BACK) * 0.97 < other["net_cut_usd_mean"] < 129.6


def test_what_is_done_is_past_and_says_what_it_cut(day):
    later = ActsRun(DAY(2020, 1, 1), day.run, ENTITIES, LINKS, LATER, day.passed)
    row = {(one["act"], one["party_id"]): one for one in acts_of(later).iter_rows(named=True)}
    front = row["designate", "front"]
    assert (front["is_open"], front["closed_by"], front["closed_on"]) == (
        False, "designated by OFAC", DAY(2018, 1, 1),
    )  # fmt: skip
    assert front["net_cut_usd_mean"] is None
    assert front["carried_usd_mean"] == pytest.approx(129.6, rel=0.03)
    assert (front["window_first_year"], front["window_last_year"]) == (2016, 2016)
    # the only evidence is from before the ban: nothing is averaged across it
    assert row["designate", "buyer"]["is_open"]
    assert row["designate", "buyer"]["net_cut_usd_mean"] is None


@pytest.mark.parametrize(
    ("year", "as_of", "ban", "window"),
    [
        (2025, DAY(2026, 11, 1), DAY(2017, 8, 5), (2023, 2025)),
        (2016, DAY(2017, 6, 1), DAY(2017, 8, 5), (2014, 2016)),
        (2018, DAY(2019, 1, 1), DAY(2017, 8, 5), (2018, 2018)),
        (2017, DAY(2018, 1, 1), DAY(2017, 8, 5), (2018, 2017)),  # the ban's own year is neither
        (2018, DAY(2019, 6, 1), None, (2016, 2018)),
        (2019, DAY(2020, 6, 1), DAY(2018, 1, 1), (2018, 2019)),
    ],
)
def test_years_never_cross_the_ban(year, as_of, ban, window):
    assert window_of(year, as_of, ban) == window


def test_a_court_that_has_spoken_closes_every_act():
    ledger = pl.DataFrame(
        {
            "about": ["person", "ship"],
            "kind": ["sentenced", "forfeited"],
            "authority": ["DOJ", "US_COURT"],
            "from_on": [DAY(2025, 1, 1), DAY(2019, 10, 21)],
            "is_in_force": [True, True],
        }
    )
    acts = open_acts(ENTITIES.with_columns(has_account=pl.lit(value=False)), ledger)
    shut = acts.filter(pl.col("party_id").is_in(["person", "ship"]))
    assert shut.height == 5  # designate, indict; designate, seize, delist
    assert not shut["is_open"].any()
    ended = ledger.with_columns(is_in_force=pl.lit(value=False))
    acts = open_acts(ENTITIES.with_columns(has_account=pl.lit(value=False)), ended)
    assert acts["is_open"].all()


def test_the_backtest_counts_names_that_came_true(day):
    table = acts_of(day)
    found = backtest([table], LATER, months=24, until=DAY(2020, 1, 1)).row(0, named=True)
    # the front was designated on 1 January 2018; the buyer and the state's bank never were
    assert found["named"] == "buyer;front;state-bank"
    assert (found["n_named"], found["n_named_designated"]) == (3, 1)
    assert found["n_open_designated"] == 1
    assert found["designated"] == "front"
    assert found["n_designated_in_network"] == 1
    # what came before the day is no name come true
    after = table.with_columns(as_of=pl.lit(DAY(2018, 6, 1)))
    late = backtest([after], LATER, months=12, until=DAY(2020, 1, 1)).row(0, named=True)
    assert (late["n_designated_in_network"], late["n_named_designated"]) == (0, 0)
    assert backtest([table], LATER, months=24, until=DAY(2019, 1, 1)).height == 0
    # neither a listing by another body nor another act of OFAC makes a name come true
    others = LATER.with_columns(
        authority=pl.when(pl.col("about") == "front").then(pl.lit("UNSC")).otherwise("authority")
    )
    identified = LATER.with_columns(
        kind=pl.when(pl.col("about") == "front").then(pl.lit("identified")).otherwise("kind")
    )
    for ledger in (others, identified):
        none = backtest([table], ledger, months=24, until=DAY(2020, 1, 1)).row(0, named=True)
        assert (none["n_designated_in_network"], none["designated"]) == (0, None)


def test_money_on_a_relation_that_carries_none_is_refused():
    wrong = pl.DataFrame([link("person", "owner", "front", "with")])
    with pytest.raises(EvidenceError, match=r"person--owner--front.*'owns', which carries no"):
        typed_links(wrong, TYPES, ENTITIES)
    at_bank = pl.DataFrame([link("buyer", "payer", "city-bank", "with")])
    with pytest.raises(EvidenceError, match="a bank, which money passes"):
        typed_links(at_bank, TYPES, ENTITIES)


def test_a_partys_class_follows_from_what_it_is():
    told = [
        node_type("Vessel", "bank", is_bank=True),
        node_type("Vessel", "front", is_bank=False),
        node_type("Person", "front", is_bank=False),
        node_type("Company", "front", is_bank=False),
        node_type("Company", "asset", is_bank=False),
        node_type("Company", "broker", is_bank=False),
    ]
    assert told == ["bank", "vessel", "person", "front", "worker_unit", "company"]


def trail(year, usd, draws=4):
    """Dollars that enter at the buyer, half of which go on to the front and end there; a sixth as
    many enter at the ship."""
    full = np.full(draws, usd)
    through = np.array([full, full / 2, full / 6])
    return Attribution(
        stream="coal",
        year=year,
        nodes=["buyer", "front", "ship"],
        through=through,
        ended=np.array([full / 2, full / 2, full / 6]),
        unattributed=0 * full,
        income=full * 7 / 6,
        edge_ids=["pays"],
        edge=full[None, :] / 2,
        entry=np.array([full, 0 * full, full / 6]),
        coverage=1.0,
        documented_usd=usd,
        covered=np.ones(draws),
        documented_workers=0.0,
        transfer=np.full((1, draws), 0.5),
        source=np.array([0]),
        target=np.array([1]),
    )


def two_years(draws=4, *, candidates=("buyer", "front", "ship")):
    run = Run(
        [trail(2014, 7_000.0), trail(2015, 60.0), trail(2016, 180.0)],
        ["buyer", "front", "ship"], AMOUNTS, {}, 4, 7,
    )  # fmt: skip
    scenarios = scenarios_of(
        run, entities=ENTITIES, replaceability=REPLACED, settings=SETTINGS, first_year=2015,
        last_year=2016, draws=draws, candidates=candidates,
    )  # fmt: skip
    return run, scenarios


def test_scenarios_are_years_means_of_the_years_asked_for():
    _, found = two_years()
    # (60 + 180) / 2 a year enter at the buyer, of which half go on
    assert found.entry[:, 0] == pytest.approx([120.0, 0.0, 20.0])
    assert found.flow[:, 0].tolist() == [60.0]
    assert found.ended[:, 0] == pytest.approx([60.0, 60.0, 20.0])
    assert (found.source.tolist(), found.target.tolist()) == ([0], [1])
    assert found.left == pytest.approx(np.full((3, 4), BACK))
    assert two_years(draws=2)[1].entry.shape == (3, 2)
    assert two_years(candidates=["front"])[1].candidates.tolist() == [1]


def test_the_frontier_says_what_the_best_sets_cut_before_and_after_what_comes_back():
    run, scenarios = two_years()
    ends = np.zeros(3, dtype=bool)
    frontier, nodes = interdict(
        run, scenarios, ends, slack=1.0, k_max=2, first_year=2015, last_year=2016
    )
    one, two = frontier.rows(named=True)
    # without the buyer nothing gets through but what comes back of its 120
    assert (one["k"], one["chosen"], one["method"]) == (1, "buyer", "enumerated")
    assert one["attributed_usd_mean"] == pytest.approx(140.0)
    assert one["cut_usd_q50"] == pytest.approx(120.0)
    assert one["net_cut_usd_mean"] == pytest.approx(120.0 * (1 - BACK))
    assert (one["is_proven"], one["gap_usd"]) == (True, 0.0)
    assert (one["slack"], one["first_year"], one["last_year"], one["draws"]) == (1.0, 2015, 2016, 4)
    assert one["greedy_net_cut_usd_mean"] == pytest.approx(120.0 * (1 - BACK))
    # buyer and front tie in degree and by the way between others; the first of them is the buyer
    assert one["degree_net_cut_usd_mean"] == pytest.approx(120.0 * (1 - BACK))
    assert two["chosen"] == "buyer;ship"
    assert two["net_cut_usd_mean"] == pytest.approx(140.0 * (1 - BACK))
    assert nodes.select("node_id", "k").rows() == [("buyer", 1), ("buyer", 2), ("ship", 2)]
    buyer = nodes.filter((pl.col("node_id") == "buyer") & (pl.col("k") == 1)).row(0, named=True)
    assert (buyer["p_in_best_k"], buyer["is_in_best_set"], buyer["degree_rank"]) == (1.0, True, 1)
    assert buyer["net_cut_alone_usd_mean"] == pytest.approx(120.0 * (1 - BACK))


def test_streams_and_years_of_evidence_are_told_once():
    run, _ = two_years()
    placed = ActsRun(DAY(2017, 6, 1), run, ENTITIES, LINKS, LEDGER, [])
    found = acts_table(
        placed, eras=ERAS, replaceability=REPLACED, settings=SETTINGS,
        standings=standing(LEDGER), draws=4,
    ).table  # fmt: skip
    buyer = found.filter((pl.col("act") == "designate") & (pl.col("party_id") == "buyer"))
    told = buyer.select("streams", "last_evidence_year", "window_first_year", "window_last_year")
    assert told.row(0) == ("coal", 2016, 2014, 2016)


def test_a_judged_share_stays_a_share_in_every_draw():
    found = attributed(2_000, leak_share=(0.5, 0.2, 0.8)).years[0]
    place = {name: at for at, name in enumerate(found.nodes)}
    buyer, front = found.through[place["buyer"]], found.through[place["front"]]
    kept = (front / np.where(buyer > 0, buyer, 1))[front != 0]
    # four fifths of the draws keep between 0.2 and 0.8 of what passes the buyer, none more than all
    assert np.quantile(kept, [0.1, 0.5, 0.9]) == pytest.approx([0.2, 0.5, 0.8], abs=0.04)
    assert 0 < kept.min() <= kept.max() < 1


def test_the_frontier_is_of_designations_still_open_and_its_variants_say_what_differs(run, day):
    # on the first of January 2018 the front is designated; the window is 2015 to 2017
    ledger = legal_status(STATEMENTS, ENDS, as_of=DAY(2018, 1, 1))
    parties = ENTITIES.join(designations(ledger), on="entity_id", how="left")
    placed = ActsRun(DAY(2018, 1, 1), run, parties, LINKS, ledger, day.passed)
    # no ban, so that 2016 is in the window
    judged = {"stream_eras": ERAS.head(0), "replaceability": REPLACED}
    acts = acts_table(
        placed, eras=ERAS.head(0), replaceability=REPLACED, settings=SETTINGS,
        standings=standing(ledger), draws=400,
    ).table  # fmt: skip
    found = _interdiction(placed, acts, judged, SETTINGS, 400)
    frontier = found["interdiction_frontier"]
    assert frontier["k"].to_list() == list(range(1, 11))
    assert frontier["draws"].unique().to_list() == [400]
    first = frontier.row(0, named=True)
    # 2016 alone has dollars: a year of it
    assert (first["chosen"], first["first_year"], first["last_year"]) == ("buyer", 2016, 2017)
    assert first["attributed_usd_mean"] == pytest.approx(180.0 / 2, rel=0.1)
    nodes = found["interdiction_nodes"]
    assert "front" not in set(nodes["node_id"])
    buyer = nodes.filter(pl.col("node_id") == "buyer").row(0, named=True)
    assert (buyer["name"], buyer["is_designated"], buyer["designated_on"]) == (
        "Buyer", False, None,
    )  # fmt: skip
    variants = found["interdiction_sensitivity"]
    assert variants["scenario"].unique(maintain_order=True).to_list() == [
        "slack 1.5", "slack 3", "whoever was acted on too",
    ]  # fmt: skip
    assert variants["draws"].unique().to_list() == [50]
