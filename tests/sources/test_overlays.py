"""Dropped corrections stand row by row, through updates of the table they correct."""

from __future__ import annotations

import datetime as dt

from pipelines.sources.overlays import Dropped, overlay_of

HEADER = "observation_id,central,held_back\n"
SHIPPED = f"{HEADER}a,1,\nb,2,\nc,3,\n".encode()


def dropped(day: int, rows: str) -> Dropped:
    at = dt.datetime(2026, 1, day, tzinfo=dt.UTC)
    return Dropped(f"{day}.csv", (HEADER + rows).encode(), f"hash{day}", at)


def overlaid(shipped: bytes, editions: list[bytes], *files: Dropped) -> list[tuple[str, str, str]]:
    found = overlay_of(shipped, editions, files, key="observation_id")
    return list(found.rows.select("observation_id", "how", "file").iter_rows())


def test_rows_that_differ_replace_and_add_and_the_rest_of_a_copy_says_nothing():
    copy = dropped(1, "a,1,\nb,20,\nc,3,\nd,4,\n")
    assert overlaid(SHIPPED, [SHIPPED], copy) == [
        ("b", "replaces", "1.csv"),
        ("d", "adds", "1.csv"),
    ]
    found = overlay_of(SHIPPED, [SHIPPED], [copy], key="observation_id")
    assert found.rows["line"].to_list() == [3, 5]
    assert found.told == []


def test_an_update_neither_takes_corrections_back_nor_is_taken_back_by_a_copy():
    """b was corrected in a whole copy; the update changes a and adds e: both stand."""
    update = f"{HEADER}a,10,\nb,2,\nc,3,\ne,5,\n".encode()
    copy = dropped(1, "a,1,\nb,20,\nc,3,\n")
    assert overlaid(update, [SHIPPED, update], copy) == [("b", "replaces", "1.csv")]


def test_a_row_that_the_update_changed_too_is_told():
    update = f"{HEADER}a,1,\nb,7,\nc,3,\n".encode()
    found = overlay_of(
        update, [SHIPPED, update], [dropped(1, "a,1,\nb,20,\nc,3,\n")], key="observation_id"
    )
    assert found.rows["is_shipped_row_changed"].to_list() == [True]
    assert "b was changed in the shipped table since 1.csv corrected it" in found.told[0]
    taken_over = f"{HEADER}a,1,\nb,20,\nc,3,\n".encode()
    assert overlaid(taken_over, [SHIPPED, taken_over], dropped(1, "b,20,\n")) == []


def test_corrections_of_several_files_stand_together_and_the_last_speaks_for_a_row():
    first, second = dropped(1, "a,11,\nb,21,\n"), dropped(2, "b,22,\n")
    assert overlaid(SHIPPED, [SHIPPED], first, second) == [
        ("a", "replaces", "1.csv"),
        ("b", "replaces", "2.csv"),
    ]


def test_a_row_dropped_as_it_ships_ends_its_correction_and_says_so():
    first, second = dropped(1, "a,11,\n"), dropped(2, "a,1,\n")
    found = overlay_of(SHIPPED, [SHIPPED], [first, second], key="observation_id")
    assert found.rows.is_empty()
    assert found.told == ["2.csv holds a as it ships: the correction in 1.csv is over"]


def test_layout_and_spaces_are_no_correction():
    copy = Dropped(
        "x.csv",
        b"held_back,observation_id,central\r\n,a, 1 \r\n,b,2\r\n",
        "h",
        dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
    )
    assert overlaid(SHIPPED, [SHIPPED], copy) == []


def test_a_file_that_is_no_table_any_more_is_told():
    broken = Dropped("x.csv", b"\xff\xfe", "h", dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    found = overlay_of(SHIPPED, [SHIPPED], [broken], key="observation_id")
    assert found.rows.is_empty()
    assert "x.csv: no longer readable" in found.told[0]
