"""Ten-day prices: found on the list, read from their table, a browser test never a release."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from pipelines.quarantine import SourceDrift
from pipelines.snapshots import SnapshotStore
from pipelines.sources.http import Limits
from pipelines.sources.nbs_prices import read as nbs
from tests.fixtures.source_server import Led, Reply, Trouble, serving

PAGE = Path(nbs.__file__).with_name("sample.html").read_bytes()
LIMITS = Limits(hosts=frozenset({"127.0.0.1"}), attempts=2, backoff_s=0.01, min_interval_s=0)
SUBJECT = "流通领域重要生产资料市场价格变动情况"
CHALLENGE = "<html><noscript>Please enable JavaScript and refresh the page</noscript></html>"


def test_coal_rows_get_our_series_and_numbers_their_signs() -> None:
    split = nbs.parse(PAGE, "t20260612_1.html")
    assert (split.rows_in, split.kept.height) == (4, 4)
    coal = split.kept.filter(split.kept["series"].is_not_null())
    assert coal.select("series", "price_yuan", "change_yuan", "change_pct").rows() == [
        ("CHN_anthracite", 1001.5, 50.5, 5.3),
        ("CHN_thermal_coal_5500", 700.0, -7.0, -1.0),
    ]
    assert coal["group"].unique().to_list() == ["煤炭"]
    assert split.kept["period_start_on"].unique().to_list() == [dt.date(2026, 6, 1)]
    assert split.kept["period_end_on"].unique().to_list() == [dt.date(2026, 6, 10)]


@pytest.mark.parametrize(
    ("title", "period"),
    [
        ("2024年2月下旬", (dt.date(2024, 2, 21), dt.date(2024, 2, 29))),
        ("2023年2月下旬", (dt.date(2023, 2, 21), dt.date(2023, 2, 28))),
        ("2025年12月下旬", (dt.date(2025, 12, 21), dt.date(2025, 12, 31))),
        ("2025年7月中旬", (dt.date(2025, 7, 11), dt.date(2025, 7, 20))),
        ("2025年13月中旬", None),
        ("2025年7月", None),
    ],
)
def test_ten_days_are_read_from_the_title(title, period) -> None:
    assert nbs.period_of(title + SUBJECT) == period


def test_the_older_encoding_is_read_whatever_the_head_says() -> None:
    text = PAGE.decode()
    for head in ("gb2312", "utf-8"):
        content = text.replace('charset="utf-8"', f'charset="{head}"').encode("gb18030")
        assert nbs.parse(content, "f").kept.height == 4
        assert nbs.recognise(content)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (CHALLENGE.encode(), "no title like"),
        (PAGE.replace("本期价格".encode(), b"x"), "no table with"),
        (PAGE[: PAGE.index(b"<table>")], "no table with"),
        (b"", "no title like"),
    ],
)
def test_what_is_no_release_stops(content, message) -> None:
    with pytest.raises(SourceDrift, match=message):
        nbs.parse(content, "f")


def test_a_row_that_cannot_be_read_is_refused_alone() -> None:
    broken = PAGE.replace(b"<td>1,001.5</td>", b"<td>n/a</td>")
    split = nbs.parse(broken, "f")
    assert split.kept.height == 3
    assert split.rows_in == 4
    assert split.quarantined["column"].to_list() == ["price_yuan"]
    short = nbs.parse(PAGE.replace(b"<td>50.5</td><td>5.3</td>", b""), "f")
    assert (short.rows_in, short.kept.height) == (4, 3)


def test_a_csv_of_the_documented_layout_gives_the_same_rows() -> None:
    page = nbs.parse(PAGE, "f").kept
    csv = page.select(nbs.COLUMNS).write_csv().encode()
    assert nbs.recognise(csv)
    assert nbs.parse(csv, "f").kept.drop("line").equals(page.drop("line"))


def links(*names: str) -> bytes:
    rows = [
        f'<li><a href="./202606/{name}.html" title="2026年6月上旬{SUBJECT}">2026年6月上旬…</a></li>'
        for name in names
    ]
    other = '<a href="./202606/t20260601_9.html">2026年5月份居民消费价格</a>'
    away = f'<a href="http://elsewhere.invalid/202606/t20260602_8.html">2026年6月上旬{SUBJECT}</a>'
    return f"<html>{''.join(rows)}{other}{away}</html>".encode()


def found(*names: str, total: int = 0) -> bytes:
    docs = [
        {"data": {"titleO": f"<em>2016年6月上旬</em>{SUBJECT}", "url": f"http://stats.gov.cn/sj/zxfb/202302/{name}.html"}}
        for name in names
    ]  # fmt: skip
    other = {
        "data": {"titleO": "居民消费价格", "url": "http://stats.gov.cn/sj/zxfb/202302/t1_9.html"}
    }
    return json.dumps({"ok": True, "totalHits": total, "resultDocs": [*docs, other]}).encode()


def served(path: str, query: dict[str, str]) -> tuple[bytes, str] | Reply:
    if path == "/query/s":
        return found(), "application/json"
    if path.endswith("/index.html"):
        return links("t20260612_1", "t20260611_2"), "text/html"
    if path.endswith("/index_1.html"):
        return links("t20260612_1"), "text/html"
    if path.endswith("/index_2.html"):
        return links("t20260513_3"), "text/html"
    if "/index_" in path:
        return Reply(404)
    mark = path.rsplit("/", 1)[-1].encode()
    return PAGE.replace(b"made up", mark), "text/html"


def refresh(store: SnapshotStore, url: str, **more):
    return nbs.refresh(
        store,
        Led(server=url, tight=LIMITS, sleep=lambda _: None),
        None,
        **more,
    )


def test_releases_not_held_are_fetched_once_and_links_away_are_not_followed(tmp_path) -> None:
    store = SnapshotStore(tmp_path)
    with serving(served) as server:
        done = refresh(store, server.url)
        again = refresh(store, server.url)
    assert (done.stored, again.stored) == (3, 0)
    assert done.is_complete
    assert {one.part for one in store.retrievals("nbs_prices")} == {
        "t20260612_1.html",
        "t20260611_2.html",
        "t20260513_3.html",
    }


def test_what_a_bounded_look_left_is_fetched_by_the_next(tmp_path) -> None:
    store = SnapshotStore(tmp_path)
    with serving(served) as server:
        counts = [refresh(store, server.url, most=1).stored for _ in range(4)]
    assert counts == [1, 1, 1, 0]
    assert len(store.retrievals("nbs_prices")) == 3


def test_a_bounded_first_look_says_that_more_is_left(tmp_path) -> None:
    with serving(served) as server:
        done = refresh(SnapshotStore(tmp_path), server.url, most=1)
    assert (done.stored, done.outcome) == (1, "1 new release(s), more are left for next time")


@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        (Trouble.CHALLENGE, "tests for a browser"),
        (Trouble.FAILING, "in trouble"),
        (Trouble.FORBIDDEN, "no key is needed"),
    ],
)
def test_trouble_stores_nothing_and_is_told(tmp_path, trouble, said) -> None:
    store = SnapshotStore(tmp_path)
    with serving(served, trouble) as server:
        done = refresh(store, server.url)
    assert not done.is_complete
    assert said in done.outcome
    assert store.retrievals("nbs_prices") == []


def test_a_release_that_is_none_is_not_stored(tmp_path) -> None:
    store = SnapshotStore(tmp_path)

    def body(path: str, query: dict[str, str]) -> tuple[bytes, str] | Reply:
        return served(path, query) if "index" in path else (b"<html>moved</html>", "text/html")

    with serving(body) as server:
        done = refresh(store, server.url)
    assert not done.is_complete
    assert store.retrievals("nbs_prices") == []


def test_archived_years_are_searched_once_page_by_page(tmp_path) -> None:
    store = SnapshotStore(tmp_path)
    asked: list[dict[str, list[str]]] = []

    def body(path: str, query: dict[str, str]) -> tuple[bytes, str] | Reply:
        if path != "/query/s":
            return served(path, query)
        form = parse_qs(server.asked[-1].decode())
        asked.append(form)
        year, page = form["startDateStr"][0][:4], form["page"][0]
        if year != "2016":
            return found(), "application/json"
        return found(f"t20230203_{page}", total=21), "application/json"

    with serving(body) as server:
        done = refresh(store, server.url)
        again = refresh(store, server.url)
    assert done.is_complete
    assert done.stored == 5  # three of the list, two of 2016
    assert again.stored == 0
    assert [form["page"][0] for form in asked if form["startDateStr"][0] == "2016-01-01"] == [
        "1", "2"
    ]  # fmt: skip
    assert len(asked) == len(nbs.ARCHIVED_YEARS) + 1
    assert asked[0]["qt"] == ["流通领域重要生产资料"]
    searches = [one for one in server.seen if one[0] == "/query/s"]
    assert all(headers["referer"].endswith("/sj/zxfb/") for _, _, headers in searches)
    assert "t20230203_2.html" in {one.part for one in store.retrievals("nbs_prices")}


def test_a_search_that_answers_otherwise_is_told_and_asked_again(tmp_path) -> None:
    store = SnapshotStore(tmp_path)

    def body(path: str, query: dict[str, str]) -> tuple[bytes, str] | Reply:
        return (b'{"ok": false}', "application/json") if "query" in path else served(path, query)

    with serving(body) as server:
        done = refresh(store, server.url)
    assert not done.is_complete
    assert done.stored == 3
    assert "the search answered otherwise" in done.outcome
    assert [one.part for one in store.retrievals(nbs.SEARCHES)] == ["list"]
