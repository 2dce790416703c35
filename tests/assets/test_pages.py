"""Every number of the pages is read back from the release they came with."""

from __future__ import annotations

import re
from urllib.parse import unquote, urldefrag

import duckdb
import pytest

from pipelines.publish.contract import load_contract
from pipelines.publish.release import DATABASE_NAME
from tests.publish.reading import Page, Places, hash_of, pages_of

HEAVIEST_BYTES = 3_000_000
# joint draws of months, and those of one stream or of all
DRAWS = """(
    select draws.*, stream, month, year from cell_draws draws join headline_cells using (cell))"""
WORLDS = f"select draw, sum(usd) as usd from {DRAWS} where ($1 in ('total', stream))"
# numbers that selects of the report work out, worked out here in another way; $1 … are the key
DERIVED = {
    "this_release/draws": "select max(draws) from releases",
    "annual/share_of_highest": """
        select (select q50 from income_annual where stream = $1 and measure = $2 and year = $3::int)
        / (select q50 from income_annual where stream = $1 and measure = $2
           and not is_partial_year order by q50 desc limit 1)""",
    "annual/real_q50": """
        select q50 * (select index_1982_84 from price_index order by year desc limit 1)
        / (select index_1982_84 from price_index where year = $3::int)
        from income_annual where stream = $1 and measure = $2 and year = $3::int""",
    "sources_told/n_sources": "select count(source) from sources_status",
    "sources_told/n_asked": "select count(asked_at) from sources_status",
    "sources_told/n_silent": (
        "select count(*) from sources_status where is_answered = false and asked_at is not null"
    ),
    "sources_told/n_stale": "select coalesce(sum(is_stale::int), 0) from sources_status",
    "sources_told/n_empty": (
        "select count(*) - count(*) filter (where rows_kept > 0 or is_embedded) from sources_status"
    ),
    "before_after/n_months_before": """
        select coalesce(
            (select count(distinct month) from headline_cells where stream = $1
             and month between date '2014-08-01' and date '2017-07-01'), 36)
        where $1 <> 'total' union all select 36 where $1 = 'total'""",
    **{
        f"before_after/{name}_usd_{at}": f"""
            with worlds as (
                select coalesce(then_.draw, now.draw) as draw,
                    coalesce(then_.usd, 0) as before, coalesce(now.usd, 0) as after
                from ({WORLDS} and month between '2014-08-01' and '2017-07-01' group by draw) then_
                full join ({WORLDS} and month between '2017-09-01' and '2020-08-01' group by draw)
                    now on then_.draw = now.draw)
            select quantile_cont({value}, {int(at[1:]) / 100}) from worlds"""
        for name, value in (("before", "before"), ("after", "after"), ("less", "before - after"))
        for at in ("q05", "q50", "q95")
    },
    "before_after/is_less_share": f"""
        select avg((now.usd < coalesce(then_.usd, 0))::int)
        from ({WORLDS} and month between '2017-09-01' and '2020-08-01' group by draw) now
        left join ({WORLDS} and month between '2014-08-01' and '2017-07-01' group by draw) then_
            on now.draw = then_.draw""",
    "others_more/year": "select $1::int",
    "others_more/others_more_share": f"""
        select avg((coalesce(others.usd, 0) > coal.usd)::int)
        from (select draw, sum(usd) as usd from {DRAWS} where year = $1::int and stream = 'coal'
            group by draw) coal
        left join (select draw, sum(usd) as usd from {DRAWS} where year = $1::int
            and stream <> 'coal' group by draw) others using (draw)""",
    **{
        f"others_more/others_usd_{at}": f"""
            select quantile_cont(usd, {int(at[1:]) / 100}) from (select draw, sum(usd) as usd
            from {DRAWS} where year = $1::int and stream <> 'coal' group by draw)"""
        for at in ("q05", "q50", "q95")
    },
    **{
        f"others_more/coal_usd_{at}": f"""
            select {at} from income_annual where stream = 'coal' and year = $1::int
            and measure = 'state_income_usd'"""
        for at in ("q05", "q50", "q95")
    },
    "ledger_told/n_figures": "select count(observation_id) from figures",
    "ledger_told/n_roots": "select count(*) from (select distinct root_id from figures)",
    "claims_told/n_claims": "select count(*) from (select distinct stream, claim_id from claims)",
    "claims_told/n_outside": """
        select count(*) from (select distinct stream, claim_id from claims
        where verdict not in ('compatible', 'not estimated'))""",
    "acts_open_told/n": """
        select count(*) from acts where is_open and net_cut_usd_mean > 0
        and as_of = (select max(as_of) from acts)""",
    "each_figures/n_figures": "select count(*) from figures where stream = $1",
    "each_figures/n_used": "select sum(is_used::int) from figures where stream = $1",
    "beaten/our_wis": """
        select wis from backtest_scores where stream = $1 and test = $2 and era = $3
        and quantity = $4 and model = (select any_value(model) from income_annual
            where stream = $1 and measure = 'state_income_usd')""",
    "chinese_told/n_named": "select count(bank_id) from chinese_banks",
    "chinese_told/n_small_or_medium": """
        select count(bank_id) from chinese_banks
        where tier not in ('global', 'joint_stock', 'unknown')""",
    "chinese_told/n_with_finding": (
        "select coalesce(sum(has_finding::int), 0) from chinese_banks where bank_id is not null"
    ),
    "chinese_told/n_unnamed_groups": "select count(*) - count(bank_id) from chinese_banks",
    "banks_named/documented_usd": (
        "select sum(documented_usd) from bank_exposure where bank_id = $1"
    ),
    "banks_named/shared_usd": (
        "select sum(documented_scheme_usd) from bank_exposure where bank_id = $1"
    ),
    "banks_named/n_fronts": (
        "select n_fronts from bank_exposure where bank_id = $1 order by 1 desc limit 1"
    ),
    "acts_told/n_open": """
        select coalesce(sum(is_open::int), 0) from acts
        where act = $1 and as_of = (select max(as_of) from acts)""",
    "acts_told/n_closed": """
        select coalesce(sum((not is_open)::int), 0) from acts
        where act = $1 and as_of = (select max(as_of) from acts)""",
    "acts_told/n_with_dollars": """
        select coalesce(sum((is_open and net_cut_usd_mean > 0)::int), 0) from acts
        where act = $1 and as_of = (select max(as_of) from acts)""",
    "acts_tested/n_days": "select count(distinct as_of) from acts_backtest",
    "acts_tested/months": "select max(months) from acts_backtest",
    **{
        f"acts_tested/{name}": f"select coalesce(sum({name}), 0) from acts_backtest"
        for name in ("n_named", "n_named_designated", "n_open", "n_open_designated")
    },
    **{
        f"lag/{name}": f"select {name} from designation_lag_summary"
        for name in ("n", "median_months", "median_low", "median_high", "n_waiting")
    },
    **{
        f"counts_told/{name}": f"""
            select {pick}(persons) from (
                unpivot (select low, central, high from figures where counterpart_iso3 = 'CHN'
                    and quantity = 'headcount' and coverage = 'whole' and kind <> 'plan'
                    and stream = 'labor') on low, central, high into name which value persons)"""
        for name, pick in (("least", "min"), ("most", "max"))
    },
    "joint_told/n_statements": "select count(distinct statement_id) from joint_statements",
    "joint_told/n_countries": """
        select count(*) from (select country_iso3 from statement_endorsers
        group by all having bool_or(joined = 'true'))""",
    "endorsers/n_joined": (
        "select count(*) from statement_endorsers where country_iso3 = $1 and joined = 'true'"
    ),
    "endorsers/n_joined_as_member": """
        select count(*) from statement_endorsers
        where country_iso3 = $1 and joined = 'true' and is_unsc_member_then""",
    "endorsers/n_as_member": (
        "select count(*) from statement_endorsers where country_iso3 = $1 and is_unsc_member_then"
    ),
    "pressure_years/year": "select $1::int",
    "pressure_years/income_q50": """
        select q50 from income_annual where stream = 'total' and measure = 'state_income_usd'
        and year = $1::int""",
    **{
        f"pressure_years/{name}": (
            f"select sum({name}) from campaign_monthly where month between "
            "make_date($1::int, 1, 1) and make_date($1::int, 12, 31)"
        )
        for name in (
            "designations",
            "missile_test_events",
            "nuclear_tests",
            "un_resolutions",
            "us_designation_rounds",
            "enforcement_actions",
            "joint_statements",
        )
    },
    **{
        f"verdicts/{name}": f"""
            select coalesce(sum(({condition})::int), 0) from backtest_scores where stream = $1
            and era = $2 and model = (select any_value(model) from income_annual
                where stream = $1 and measure = 'state_income_usd')"""
        for name, condition in (
            ("n_tests", "true"),
            ("n_too_few", "verdict = 'too few to judge'"),
            ("n_hold", "verdict = 'holds' or verdict = 'meets the bar'"),
            ("n_too_narrow", "verdict = 'too narrow'"),
            ("n_too_wide", "verdict = 'too wide'"),
            ("n_miss", "verdict = 'misses the bar' or verdict = 'wider than needed'"),
        )
    },
    "verdicts/era": "select $2 from (select $1)",
    "acts_told/act": "select $1",
}


@pytest.fixture(scope="module")
def pages(workshop) -> list[Page]:
    return pages_of(workshop.published)


@pytest.fixture
def reader(workshop):
    with duckdb.connect(str(workshop.published / DATABASE_NAME), read_only=True) as opened:
        yield opened


def derived(reader: duckdb.DuckDBPyConnection, place: str) -> object:
    """What a select of the report says at table/column/key, by the other way above."""
    table, column, rest = (*place.split("/", 2), "")[:3]
    sql = DERIVED[f"{table}/{column}"]
    n = max([int(at) for at in re.findall(r"\$(\d)", sql)], default=0)
    return reader.execute(sql, rest.split("/")[:n] if n else []).fetchall()[0][0]


def is_said(text: str, value: float, unit: str) -> bool:
    """Whether a text says a number: its digits are right to half a step of 1, 2 or 5."""
    found = re.search(r"[−-]?[\d,]*\.?\d+", text)
    if found is None:
        return False
    said = float(found[0].replace(",", "").replace("−", "-"))
    scale = 1e6 if unit in ("USD", "USD_cumulative") or " million" in text else 1.0
    if text.startswith("under"):
        return 0 < abs(value) < said * (0.01 if "%" in text else scale)
    if text.startswith("over"):
        return said / 100 < value < 1
    if "%" in text:
        return abs(said / 100 - value) <= max(0.0251, 0.051 * abs(value))
    decimals = len(found[0].partition(".")[2])
    # a short fit knows little and is told in long steps: the longest that what is said is made of
    steps = [
        one * 10**power for power in range(7) for one in (1, 2, 5) if said % (one * 10**power) == 0
    ]
    step = max(steps, default=0) if said else 0
    close = max(0.5 * 10**-decimals, 0.06 * abs(value / scale))
    return abs(said - value / scale) <= max(close, 0.5 * step)


def test_every_number_stands_in_the_release_where_the_page_says(pages, reader):
    contract = load_contract()
    units = {
        f"{table.name}/{column.name}": column.unit
        for table in contract.values()
        for column in table.columns
    }
    places, known = Places(reader), {}
    wrong, numbers = [], 0
    for page in pages:
        for told in page.told:
            table, column = told.source.split("/")[:2]
            if told.source not in known:
                known[told.source] = (
                    places[told.source] if table in contract else derived(reader, told.source)
                )
            value = known[told.source]
            if told.value is None:
                text = " ".join(told.text.split())
                right = told.code == str(value) or text.casefold() == (
                    " ".join(str(value).split()).casefold()
                )
            else:
                numbers += 1
                unit = units.get(
                    f"{table}/{column}", "USD" if re.search("usd|income|real_q50", column) else ""
                )
                if unit == "as in column unit":
                    unit = str(places[told.source.replace(f"/{column}/", "/unit/", 1)])
                right = float(told.value) == pytest.approx(float(value), rel=1e-4, abs=1e-9)
                right &= is_said(told.text, float(value), unit)
            if not right:
                wrong.append((page.path.name, told.source, told.value, told.text, value))
    assert wrong == []
    assert numbers > 3_000


def test_prose_has_no_digit_that_does_not_say_where_it_stands(pages):
    """A number typed into a sentence would outlive the release it was true of."""
    # what an interval is, how many bodies a verdict needs (in words), names of laws, ids, years
    allowed = re.compile(
        r"\b\d{1,2} [A-Z][a-z]+ \d{4}\b|\b(5|10|50|80|90|95)%|\b(19|20)\d\d\b"
        r"|20,000 (or|lies)|100,000|\bsection 311\b|[A-Za-z]+-\d+|CC BY 4\.0"
    )
    loose = []
    for page in pages:
        for tags, text in page.loose:
            inside = set(tags)
            if not inside & {"p", "h1", "h2", "li"} or inside & {"a", "cite", "time", "code"}:
                continue
            if "footer" in inside or "nav" in inside:
                continue
            if re.search(r"\d", allowed.sub("", text)):
                loose.append((page.path.name, " ".join(text.split())[:120]))
    assert loose == []


def test_links_lead_somewhere(pages, workshop):
    ids = {page.path.resolve(): set(page.ids) for page in pages}
    dead = []
    for page in pages:
        assert len(page.ids) == len(set(page.ids)), page.path.name
        for link in page.links:
            address, place = urldefrag(link)
            if re.match(r"https?://", address):
                continue
            file = (page.path.parent / address).resolve() if address else page.path.resolve()
            if not file.is_file() or (file in ids and place and unquote(place) not in ids[file]):
                dead.append((page.path.name, link))
    assert dead == []


def test_parties_are_found_in_the_network(pages, reader):
    named = {
        unquote(link.partition("#party=")[2])
        for page in pages
        for link in page.links
        if "network.html#party=" in link
    }
    known = {row[0] for row in reader.execute("select entity_id from entities").fetchall()}
    assert named
    assert named <= known


def test_pages_ask_nobody_and_run_only_their_own_script(pages):
    for page in pages:
        assert page.loads == [], page.path.name
        assert page.inline == [], page.path.name
        assert "unsafe" not in page.policy
        assert [hash_of(text) in page.policy for text in page.scripts + page.styles] == [True, True]
        assert page.path.stat().st_size < HEAVIEST_BYTES
        assert 'lang="en"' in page.source
        assert page.ids[:1] == ["main"]


def test_each_page_says_its_release_and_leads_back(pages, reader):
    release, when = reader.execute(
        "select release_id, published_at from releases order by sequence desc limit 1"
    ).fetchall()[0]
    for page in pages:
        foot = " ".join(re.sub(r"<[^>]+>", " ", page.source.partition("<footer ")[2]).split())
        assert f"release {release}" in foot
        assert f"{when.day} {when:%B %Y}" in foot
        assert "CC BY 4.0" in foot
        assert any(link.endswith("report.html") for link in page.links)


def test_the_first_screen_has_no_hash_seed_or_model(pages, reader):
    front = pages[0].source
    fold = front[front.index("<main") : front.index('id="cite"')]
    row = reader.execute(
        "select release_id, code_version, evidence_hash, seed::varchar from releases"
    ).fetchall()[-1]
    models = reader.execute("select distinct model from income_annual").fetchall()
    for secret in (*row, *(model for (model,) in models if model)):
        assert secret not in fold


def test_every_year_figure_month_host_and_bank_has_an_address(pages, reader, workshop):
    ids = {page.path.name: set(page.ids) for page in pages}
    for stream, year in reader.execute(
        "select distinct stream, year from income_annual"
    ).fetchall():
        assert f"{stream}-{year}.html" in ids
    for stream, month in reader.execute(
        "select distinct stream, strftime(month, '%Y-%m') from income_monthly"
    ).fetchall():
        assert month in ids[f"{stream}-{month[:4]}.html"]
    for stream, name in reader.execute("select stream, observation_id from figures").fetchall():
        assert name in ids[f"figures-{stream}.html"]
    for (host,) in reader.execute("select distinct host_iso3 from labor_by_host_annual").fetchall():
        assert f"host-{host.lower()}.html" in ids
    for (bank,) in reader.execute("select distinct bank_id from bank_exposure").fetchall():
        assert bank in ids["channels.html"]


def test_a_year_shows_every_figure_that_speaks_of_it_and_its_document(pages, reader):
    year = next(page for page in pages if page.path.name == "coal-2019.html")
    rows = reader.execute(
        "select observation_id, source_url from figures where stream = 'coal' "
        "and window_start_on <= '2019-12-31' and window_end_on >= '2019-01-01'"
    ).fetchall()
    assert len(rows) > 10
    for name, url in rows:
        assert f"figures-coal.html#{name}" in year.links
        if url and url.startswith("http"):
            assert url in year.links


def test_a_month_shows_the_figures_that_speak_of_it(pages, reader):
    year = next(page for page in pages if page.path.name == "coal-2019.html")
    months = year.source.partition('id="months"')[2]
    for month, end in (("2019-03", "2019-03-31"), ("2019-12", "2019-12-31")):
        row = months.partition(f'<tr id="{month}">')[2].partition("</tr>")[0]
        shown = set(re.findall(r"figures-coal\.html#([^\"]+)", row))
        rows = reader.execute(
            "select observation_id from figures where stream = 'coal' and window_start_on <= $1 "
            "and window_end_on >= $2 and window_end_on - window_start_on < 330",
            [end, f"{month}-01"],
        ).fetchall()
        assert shown == {name for (name,) in rows}
        assert shown


def test_who_joined_is_who_the_statements_name(pages, reader):
    page = next(page for page in pages if page.path.name == "statements.html")
    joined = reader.execute("select countries from joint_statements").fetchall()
    japan = sum("JPN" in (codes or "").split(";") for (codes,) in joined)
    assert japan > 5
    assert next(row for row in page.cells if row[0] == "Japan")[1] == str(japan)


def test_only_the_banks_of_the_release_are_named(pages, reader):
    """No party that officials do not name gets onto the page of banks."""
    page = next(page for page in pages if page.path.name == "channels.html")
    shown = {unquote(link.partition("#party=")[2]) for link in page.links if "#party=" in link}
    published = {
        row[0]
        for row in reader.execute(
            "select bank_id from bank_exposure union select bank_id from chinese_banks"
        ).fetchall()
    }
    assert shown <= published
