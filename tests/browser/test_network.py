"""The network's page in a browser, on made-up networks worked out by hand."""

from __future__ import annotations

import re

import pypdf
import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.made_up import PARTIES, large_page, small_page


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return small_page(tmp_path_factory.mktemp("small")).as_uri()


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    return large_page(tmp_path_factory.mktemp("large"), 1_000).as_uri()


@pytest.fixture
def page(browser):
    opened = browser.new_page(viewport={"width": 1400, "height": 900})
    told = []
    opened.on("console", lambda line: told.append(line.text))
    opened.on("pageerror", lambda error: told.append(str(error)))
    yield opened
    opened.close()
    assert not told


def listed(page, kind=""):
    """Ids in the list of parties, in order; `near` are neighbors, `core` what was asked for."""
    rows = {"": "tr", "near": "tr.near", "core": "tr:not(.near)"}[kind]
    addresses = page.eval_on_selector_all(
        f"#parties tbody {rows} a", "all => all.map(one => one.hash)"
    )
    return [found[1] for one in addresses if (found := re.search(r"party=([^&]*)", one))]


@pytest.mark.parametrize(
    ("address", "core", "near"),
    [
        # it opens on the banks of China, with who is tied to them
        ("", {"small-bank", "old-bank"}, {"trader"}),
        ("#all=1", {party[0] for party in PARTIES}, set()),
        ("#country=CN&near=0", {"trader", "agent", "small-bank"}, set()),
        ("#type=Vessel", {"ship"}, {"state", "mine"}),
        ("#status=designated&near=0", {"mine", "trader"}, set()),
        ("#status=withdrawn&near=0", {"old-bank"}, set()),
        ("#status=none&near=0", {"old-bank", "ship"}, set()),
        # before 2020 the finding stood; the others were not public yet
        ("#status=finding&day=2017-08-01&near=0", {"small-bank", "old-bank"}, set()),
        # charged, not yet designated; its relations were stated a year later
        ("#q=trader&day=2016-12-31", {"trader"}, set()),
        ("#status=charged&near=0", {"trader"}, set()),
        ("#type=Bank&country=US&near=2", {"far-bank"}, {"state", "trader", "ship", "agent"}),
        # in 2016 the mine shipped; the trader's payment is of 2017; the ship's tie has no period
        ("#stream=coal&year=2016", {"mine", "trader", "state", "ship"}, set()),
        ("#party=agent", {"agent"}, {"trader", "state"}),
        # convicted in 2018, and named by nobody before August 2017
        ("#type=Person&day=2017-01-01", set(), set()),
        ("#q=nobody", set(), set()),
    ],
)
def test_an_address_shows_what_it_asks_for(page, small, address, core, near):
    page.goto(small + address)
    assert set(listed(page, "core")) == core
    assert set(listed(page, "near")) == near
    drawn = page.eval_on_selector_all("#graph a", "all => all.map(one => one.dataset.at)")
    assert len(drawn) == len(core | near)


def test_the_year_keeps_only_relations_of_that_year(page, small):
    page.goto(small + "#all=1&year=2016")
    rows = page.locator("#relations tbody tr").all_inner_texts()
    assert not any("payer" in row for row in rows)
    assert any("cargo shipper" in row for row in rows)
    assert len(rows) == 7
    assert "without a stated period are kept" in page.locator("#said").inner_text()


def test_kinds_of_status_stand_apart_with_who_says_so(page, small):
    page.goto(small + "#party=trader")
    panel = page.locator("#panel").inner_text()
    assert "charged by US Department of Justice, 2016-09-26: Document on trader, page 1" in panel
    assert "designated by OFAC (US Treasury), 2017-08-22" in panel
    row = page.locator("#parties tr[aria-current]").inner_text()
    assert "charged: US Department of Justice; designated: OFAC (US Treasury)" in row
    assert "3.50" in row  # 1 and 2.5 million of two years
    links = page.eval_on_selector_all("#panel li a", "all => all.map(one => one.href)")
    assert set(links) == {"https://example.org/document"}
    years = page.locator("#panel table tbody tr").all_inner_texts()
    assert [row.split("\t")[:4] for row in years] == [
        ["2015", "Coal", "1.00", "0.50 to 2.00"],
        ["2016", "Coal", "2.50", "1.00 to 3.00"],
    ]


def test_what_was_withdrawn_says_so_only_from_that_day(page, small):
    page.goto(small + "#party=old-bank")
    assert "withdrawn 2020-08-10 by FinCEN" in page.locator("#panel").inner_text()
    page.goto(small + "#party=old-bank&day=2020-08-09")
    assert "withdrawn" not in page.locator("#panel").inner_text()
    assert "in force on the day" in page.locator("#panel").inner_text()


def test_a_path_goes_around_the_state_where_it_can_and_says_where_it_cannot(page, small):
    page.goto(small + "#party=mine&to=small-bank")
    steps = page.locator("#path > li").all_inner_texts()
    assert [step.split("\n")[0] for step in steps] == [
        "Mine Example cargo shipper → Trader Example",
        "Trader Example account holder at → Small Bank Example",
    ]
    assert "Each step is stated by itself" in page.locator("#panel").inner_text()
    page.goto(small + "#party=ship&to=agent")
    # by way of the state it would be two
    assert "3 relations to Agent Example. Each" in page.locator("#panel").inner_text()
    page.goto(small + "#party=mine&to=far-bank")
    panel = page.locator("#panel").inner_text()
    assert "3 relations to Far Bank Example, by way of state bodies only" in panel
    page.goto(small + "#party=mine&to=old-bank")
    assert "No chain of stated relations leads from here" in page.locator("#panel").inner_text()


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("#party=never-heard-of", "names a party that is not in this release: never-heard-of"),
        ("#party=agent&day=2017-01-01", "Agent Example was not named in public by 2017-01-01"),
        ("#day=lately", "The day of this address is no date; shown as of 2026-11-01"),
        ("#q=nobody", "No party fits these filters on 2026-11-01"),
        ("#party=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E", "<img src=x onerror=alert(1)>"),
    ],
)
def test_an_address_that_cannot_be_shown_says_why(page, small, address, said):
    page.goto(small + address)
    assert said in page.locator("#said").inner_text()
    assert page.locator("#said img").count() == 0


def test_fields_write_the_address_and_back_goes_back(page, small):
    page.goto(small)
    page.select_option("[name=type]", "")
    page.select_option("[name=country]", "US")
    assert page.url.endswith("#country=US")
    assert listed(page, "core") == ["far-bank"]
    page.select_option("[name=country]", "")
    assert set(listed(page)) == {party[0] for party in PARTIES}
    page.go_back()
    assert listed(page, "core") == ["far-bank"]
    assert page.locator("[name=country]").input_value() == "US"


def test_the_graph_is_walked_by_keyboard_alone(page, small):
    page.goto(small + "#all=1")
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.closest('#graph') !== null"):
            break
    at = "document.activeElement.getAttribute('aria-label')"
    visited = {page.evaluate(at)}
    for key in ["ArrowRight"] * 4 + ["ArrowDown"] * 4 + ["ArrowLeft"] * 6 + ["ArrowUp"] * 4:
        page.keyboard.press(key)
        visited.add(page.evaluate(at))
    assert len(visited) >= 4
    name = page.evaluate(at).split(",")[0]
    page.keyboard.press("Enter")
    assert page.locator("#panel h2").inner_text() == name
    assert page.evaluate("document.activeElement.textContent") == name
    page.goto(page.url)
    assert page.locator("#panel h2").inner_text() == name


def test_a_phone_gets_the_list_first_and_paper_gets_everything(browser, small, tmp_path):
    phone = browser.new_page(viewport={"width": 360, "height": 740})
    phone.goto(small + "#all=1")
    top = "name => document.querySelector(name).getBoundingClientRect().top"
    assert phone.evaluate(top, "#parties") < phone.evaluate(top, "#graph")
    assert phone.evaluate("document.documentElement.scrollWidth") == 360
    phone.pdf(path=tmp_path / "all.pdf", format="A4")
    phone.close()
    sheets = pypdf.PdfReader(tmp_path / "all.pdf").pages
    text = re.sub(r"\s", "", "".join(sheet.extract_text() for sheet in sheets))
    for one in PARTIES:
        assert one[0].replace("-", "").lower() + "example" in text.lower()
    assert text.count("designatedbyOFAC(USTreasury),2017-08-22") == 8


def test_at_a_thousand_parties_no_two_names_meet_and_no_two_marks(page, large):
    page.goto(large + "#all=1")
    assert page.locator("#graph a").count() == 1_000
    assert page.locator("#parties tbody tr").count() == 1_000
    boxes = """all => all.map(one => one.getBoundingClientRect())
        .map(box => [box.x, box.y, box.right, box.bottom])"""
    names = page.eval_on_selector_all("#graph text[visibility=visible]", boxes)
    assert len(names) > 40
    # a pixel of what a font draws beyond its line is no collision
    apart = [
        one[2] <= two[0] + 1 or two[2] <= one[0] + 1 or one[3] <= two[1] + 2 or two[3] <= one[1] + 2
        for place, one in enumerate(names)
        for two in names[:place]
    ]
    assert all(apart)
    marks = page.eval_on_selector_all("#graph .mark", boxes)
    middles = {(round((m[0] + m[2]) / 6), round((m[1] + m[3]) / 6)) for m in marks}
    assert len(middles) > 950  # in cells of three pixels, hardly two share one
    # closer, there is room for more names, still none on another
    for _ in range(4):
        page.locator("[data-zoom=in]").click()
    assert page.locator("#graph text[visibility=visible]").count() > 0


def test_of_a_thousand_parties_it_opens_on_few(page, large):
    page.goto(large)
    # 3 mod 9 and 0 mod 4: one in 36
    assert len(listed(page, "core")) == len([k for k in range(1_000) if k % 9 == 3 and k % 4 == 0])
    assert len(listed(page)) < 120
    shown = page.locator("#graph text[visibility=visible]").count()
    assert shown >= 0.5 * len(listed(page))


def test_axe_finds_nothing_in_any_view(page, small):
    for address in ("", "#all=1", "#party=trader&to=small-bank", "#party=old-bank", "#q=nobody"):
        page.goto(small + address)
        found = Axe().run(page).response["violations"]
        assert [(one["impact"], one["id"], one["nodes"][0]["html"]) for one in found] == []
