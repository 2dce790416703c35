"""Which day a file speaks of, and which edition is in force."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from pipelines.schemas.trade import StagedCommodityPrices
from pipelines.snapshots import SnapshotStore
from pipelines.sources.editions import date_in_name, place_of, printed_on
from pipelines.sources.pink_sheet import read as pink_sheet
from pipelines.sources.staging import stage
from tests.fixtures import listing_samples, samples


@pytest.mark.parametrize(
    ("source", "content", "day"),
    [
        ("un_sc", listing_samples.UN_XML, dt.date(2026, 2, 27)),
        ("ofac_sdn", listing_samples.SDN_XML, dt.date(2026, 11, 20)),
        ("ofac_sdn", listing_samples.ADVANCED_XML, dt.date(2026, 11, 20)),
        ("ofac_sdn", listing_samples.sdn_set()["sdn"], None),
        ("pink_sheet", samples.pink_sheet_xlsx(), dt.date(2016, 6, 2)),
        ("pink_sheet", b"no workbook", None),
        (
            "uk_sanctions",
            b"Report Date: 21-Sep-2026\nLast Updated,Unique ID\n",
            dt.date(2026, 9, 21),
        ),
        ("un_sc", b'<CONSOLIDATED_LIST dateGenerated="2026-99-99">', None),
    ],
)
def test_printed_dates_are_read_where_they_stand(source, content, day) -> None:
    assert printed_on(source, content) == day


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("sdn_2026-11-20.csv", dt.date(2026, 11, 20)),
        ("20261120_sdn.csv", dt.date(2026, 11, 20)),
        ("sdn_2026.11.20.csv", dt.date(2026, 11, 20)),
        ("sdn_2026-11-20_to_2026-11-21.csv", None),  # two dates date nothing
        ("32017R1509.csv", None),
        ("BACI_HS92_Y2016_V202401.csv", None),
        ("sdn_2026-02-30.csv", None),
        ("sdn_12026-11-201.csv", None),
    ],
)
def test_a_name_dates_a_file_only_by_one_whole_date(name, day) -> None:
    assert date_in_name(name) == day


def put(store: SnapshotStore, updated: str, day: int, price: float) -> None:
    content = samples.pink_sheet_xlsx(updated=updated, rows=[("2016M01", 30.8, price, 50.1)])
    store.put(
        pink_sheet.SOURCE,
        content,
        url="file:book.xlsx",
        licence="CC",
        retrieved_at=dt.datetime(2026, 11, day, tzinfo=dt.UTC),
        http_status=0,
        part="",
        as_of=printed_on(pink_sheet.SOURCE, content),
    )


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
def test_the_workbook_printed_last_is_in_force_whichever_was_dropped_last(
    tmp_path: Path, order
) -> None:
    store = SnapshotStore(tmp_path)
    put(store, "June 02, 2016", order[0], 50.0)
    put(store, "July 04, 2016", order[1], 60.0)
    staged = stage(
        store,
        pink_sheet.SOURCE,
        StagedCommodityPrices,
        lambda content, file: pink_sheet.parse(content, file=file),
    )
    assert staged.split.kept["coal_australian_usd_per_t"].max() == 60.0


def _damage(store: SnapshotStore, place: int, how: str) -> None:
    snapshot = sorted(store.retrievals(pink_sheet.SOURCE), key=place_of)[place]
    file = store.root / pink_sheet.SOURCE / f"{snapshot.sha256}.bin"
    if how == "gone":
        file.unlink()
    else:
        file.write_bytes(file.read_bytes()[:-7] + b"damaged")


@pytest.mark.parametrize("how", ["changed", "gone"])
def test_a_damaged_snapshot_falls_back_to_the_one_before_and_says_so(tmp_path: Path, how) -> None:
    store = SnapshotStore(tmp_path)
    put(store, "June 02, 2016", 1, 50.0)
    put(store, "July 04, 2016", 2, 60.0)
    _damage(store, -1, how)
    staged = stage(
        store,
        pink_sheet.SOURCE,
        StagedCommodityPrices,
        lambda content, file: pink_sheet.parse(content, file=file),
    )
    assert staged.split.kept["coal_australian_usd_per_t"].max() == 50.0
    (told,) = staged.damage
    assert "raw/pink_sheet/" in told
    assert "2026-11-02" in told
    assert staged.drift == []
    _damage(store, 0, how)
    bare = stage(
        store,
        pink_sheet.SOURCE,
        StagedCommodityPrices,
        lambda content, file: pink_sheet.parse(content, file=file),
    )
    assert bare.split.kept.is_empty()
    assert len(bare.damage) == 2


def test_places_order_dated_before_undated_and_by_day_before_arrival(tmp_path: Path) -> None:
    store = SnapshotStore(tmp_path)

    def put_one(name: str, *, day: int, as_of: dt.date | None, status: int = 0) -> None:
        store.put(
            "x", name.encode(), url=f"file:{name}", licence="l", http_status=status, part="",
            retrieved_at=dt.datetime(2026, 11, day, tzinfo=dt.UTC), as_of=as_of,
        )  # fmt: skip

    put_one("fetched", day=3, as_of=None, status=200)
    put_one("undated", day=9, as_of=None)
    put_one("old", day=8, as_of=dt.date(2020, 1, 1))
    put_one("new", day=1, as_of=dt.date(2026, 11, 30))
    ordered = [one.url for one in sorted(store.retrievals("x"), key=place_of)]
    assert ordered == ["file:undated", "file:old", "file:fetched", "file:new"]
