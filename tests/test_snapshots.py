"""Bytes stay, retrievals add up, and any past date gives what was known then."""

from __future__ import annotations

import datetime as dt

import pytest

from pipelines.snapshots import SnapshotStore


def at(day: int, second: int = 0) -> dt.datetime:
    return dt.datetime(2026, 1, day, 12, 0, second, tzinfo=dt.UTC)


@pytest.fixture
def store(tmp_path) -> SnapshotStore:
    return SnapshotStore(tmp_path)


def put(store: SnapshotStore, content: bytes, day: int, **more):
    return store.put(
        "prices", content, url="https://x.org/p", licence="CC", retrieved_at=at(day), **more
    )


def test_newest_is_the_last_retrieval_and_as_of_the_last_known_then(store):
    put(store, b"old", 1)
    put(store, b"new", 9)
    assert store.read(store.retrievals("prices")[-1]) == b"new"
    assert store.read(store.retrievals("prices", at(5))[-1]) == b"old"
    assert store.retrievals("prices", dt.datetime(2025, 1, 1, tzinfo=dt.UTC)) == []


def test_the_same_bytes_twice_are_stored_once_and_noted_twice(store, tmp_path):
    put(store, b"same", 1)
    put(store, b"same", 2)
    assert len(list((tmp_path / "prices").glob("*.bin"))) == 1
    assert len(store.retrievals("prices")) == 2


def test_a_stored_file_is_never_written_again(store, tmp_path):
    snapshot = put(store, b"kept", 1)
    file = tmp_path / "prices" / f"{snapshot.sha256}.bin"
    before = file.stat().st_mtime_ns
    put(store, b"kept", 2)
    assert file.stat().st_mtime_ns == before


def test_each_part_has_its_own_newest(store):
    put(store, b"a1", 1, part="2015")
    put(store, b"b1", 1, part="2016")
    put(store, b"a2", 2, part="2015")
    assert {one.part: store.read(one) for one in store.retrievals("prices")} == {
        "2015": b"a2",
        "2016": b"b1",
    }


def test_two_dropped_files_do_not_hide_one_another(store):
    for name in ("january.csv", "february.csv"):
        store.put(
            "gacc",
            name.encode(),
            url=f"file:{name}",
            licence="x",
            retrieved_at=at(1),
            http_status=0,
        )
    assert {one.part for one in store.retrievals("gacc")} == {"february.csv", "january.csv"}


def test_a_confirmed_snapshot_is_known_to_be_current_later(store):
    first = put(store, b"same", 1, etag='"v1"')
    store.confirm(first, retrieved_at=at(3))
    newest = store.retrievals("prices")[-1]
    assert (newest.http_status, newest.etag, newest.sha256) == (304, '"v1"', first.sha256)
    assert newest.retrieved == at(3)


def test_changed_bytes_are_noticed(store, tmp_path):
    snapshot = put(store, b"true", 1)
    (tmp_path / "prices" / f"{snapshot.sha256}.bin").write_bytes(b"false")
    with pytest.raises(ValueError, match="does not match its hash"):
        store.read(snapshot)


def test_a_broken_sidecar_is_named_and_the_others_are_read(store, tmp_path):
    put(store, b"x", 1)
    (tmp_path / "prices" / "20260101-broken.json").write_text("{")
    assert store.read(store.retrievals("prices")[-1]) == b"x"
    (told,) = store.unreadable("prices")
    assert "raw/prices/20260101-broken.json" in told


def test_the_same_bytes_come_again_mend_a_damaged_file(store, tmp_path):
    snapshot = put(store, b"true", 1)
    for broken in (lambda file: file.write_bytes(b"false"), lambda file: file.unlink()):
        broken(tmp_path / "prices" / f"{snapshot.sha256}.bin")
        assert not store.is_whole(snapshot)
        put(store, b"true", 2)
        assert store.read(snapshot) == b"true"


@pytest.mark.parametrize("name", ["../up", "a/b", "", "a b"])
def test_a_source_name_cannot_leave_the_store(store, name):
    with pytest.raises(ValueError, match="source name"):
        store.put(name, b"x", url="u", licence="l", retrieved_at=at(1))
