"""Handled files end in one place, are loaded once, and cannot lead the folder astray."""

from __future__ import annotations

import datetime as dt
import io
import json
import os
import stat
import struct
import subprocess
import sys
import textwrap
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines import inbox
from pipelines.inbox import DropLimits, Kind, Loaded, land, report_of, safe_name, shown_name
from pipelines.operating.landing_folder import kinds_of
from pipelines.paths import REPOSITORY
from pipelines.seeming import seems
from pipelines.snapshots import SnapshotStore

AT_ONCE = DropLimits(settle_s=0)


class Shelf:
    """A source that keeps what it is given, and can read files that start with `rows:`."""

    def __init__(self) -> None:
        self.taken: list[bytes] = []

    def load(self, path: Path, name: str) -> Loaded:
        content = path.read_bytes()
        if b"BAD" in content:
            raise inbox.FileRefused("line 2, column price: expected a number, found 'BAD'")
        if b"BUG" in content:
            raise KeyError("a mistake of ours")
        self.taken.append(content)
        rows = content.count(b"\n")
        odd = content.count(b"odd")
        refused = tuple((line, "price", "odd <b>cell</b>") for line in range(odd))
        return Loaded("shelf", rows, rows - odd, refused)

    def kind(self) -> Kind:
        return Kind(
            "shelf", "lines after rows:", lambda _, head: head.startswith(b"rows:"), self.load
        )


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


def drop(folder: Path, name: str, content: bytes) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_bytes(content)
    return path


def places(folder: Path) -> dict[str, list[str]]:
    return {
        place: sorted(path.name for path in (folder / place).iterdir())
        for place in ("accepted", "rejected")
    }


def test_a_good_file_is_loaded_and_put_away(tmp_path: Path, shelf: Shelf) -> None:
    drop(tmp_path, "a.csv", b"rows:\n1\n2\n")
    (outcome,) = land(tmp_path, [shelf.kind()], limits=AT_ONCE)
    assert (outcome.status, outcome.rows_in, outcome.rows_kept) == ("accepted", 3, 3)
    assert shelf.taken == [b"rows:\n1\n2\n"]
    (accepted,) = places(tmp_path)["accepted"]
    assert (tmp_path / "accepted" / accepted).read_bytes() == b"rows:\n1\n2\n"
    assert not list((tmp_path / ".work").iterdir())
    assert not (tmp_path / "a.csv").exists()


def test_a_renamed_copy_is_not_loaded_again(tmp_path: Path, shelf: Shelf) -> None:
    drop(tmp_path, "a.csv", b"rows:\n1\n")
    land(tmp_path, [shelf.kind()], limits=AT_ONCE)
    drop(tmp_path, "b.csv", b"rows:\n1\n")
    (outcome,) = land(tmp_path, [shelf.kind()], limits=AT_ONCE)
    assert outcome.status == "duplicate"
    assert len(shelf.taken) == 1
    assert [note["name"] for note in inbox.loaded_notes(tmp_path)] == ["a.csv"]


def test_a_bad_file_gets_a_report_that_says_where_and_what_to_do(
    tmp_path: Path, shelf: Shelf
) -> None:
    drop(tmp_path, "a.csv", b"rows:\nBAD\n")
    (outcome,) = land(tmp_path, [shelf.kind()], limits=AT_ONCE)
    assert outcome.status == "rejected"
    report = next((tmp_path / "rejected").glob("*.report.md")).read_text()
    assert "line 2, column price: expected a number, found 'BAD'" in report


def test_an_unknown_file_is_told_what_is_taken(tmp_path: Path, shelf: Shelf) -> None:
    drop(tmp_path, "a.csv", b"something else")
    (outcome,) = land(tmp_path, [shelf.kind()], limits=AT_ONCE)
    assert outcome.status == "rejected"
    told = (
        'its content is of no known kind: it seems to be text that begins "something else"; '
        "download it again from its publisher, or add a folder for its source (CONTRIBUTING.md); "
        "the files that are taken, a line each: docs/SOURCES.md"
    )
    assert outcome.message == told
    report = next((tmp_path / "rejected").glob("*.report.md")).read_text()
    assert told in report
    # what is taken is told by its page, not here
    assert "shelf" not in report


def test_a_refused_file_is_told_the_page_that_lists_every_kind_that_is_taken() -> None:
    page = " ".join((REPOSITORY / inbox.KINDS_PAGE).read_text(encoding="utf-8").split())
    kinds = kinds_of(SnapshotStore(REPOSITORY / "no-such-folder"))
    told = [kind.expected.replace("|", "\\|") for kind in kinds]
    assert len(told) > 15
    assert [one for one in told if one not in page] == []


@pytest.mark.parametrize(
    ("head", "told"),
    [
        (b"%PDF-1.7\n", "a PDF; drop the table itself"),
        (b"PK\x03\x04\x14\0", "a zip or an Office file; unpack it"),
        (b"\xd0\xcf\x11\xe0\xa1", "an old Office file; save its table as CSV"),
        (
            b"<!DOCTYPE html><html><title>Not\n found</title>",
            'a web page, titled "Not found"; drop',
        ),
        (b'<?xml version="1.0"?><a:ships x="1"/>', "XML whose document element is ships; download"),
        (b'[{"name": "A", "imo": 1, "name": "B"}', "JSON with the keys name, imo; download"),
        (
            b"\xef\xbb\xbfyear;tonnes;usd\n1;2;3\n",
            "a table of 3 columns, year;tonnes;usd; download",
        ),
        ("year\ttonnes\n".encode("utf-16"), "a table of 2 columns, year tonnes; download"),
        (b"\0\1\2", "no text; download"),
        (b"", 'text that begins ""; download'),
        (b"{" + b'"' * 9_000, "JSON; download"),
    ],
)
def test_what_an_unknown_file_seems_to_be(head: bytes, told: str) -> None:
    assert seems(head).startswith(f"it seems to be {told}")


def test_what_is_quoted_of_an_unknown_file_is_short_and_printable() -> None:
    told = seems(b"\x1b[31m" + b"x" * 5_000 + b"\n")
    assert told.isprintable()
    assert len(told) < 250


def test_a_file_that_is_nearly_of_a_kind_is_told_what_is_wrong(tmp_path: Path, shelf: Shelf):
    kind = replace(shelf.kind(), why_not=lambda _, head: "no colon" if b"rows" in head else "")
    drop(tmp_path, "a.csv", b"rows 1")
    drop(tmp_path, "b.csv", b"other")
    messages = {one.name: one.message for one in land(tmp_path, [kind], limits=AT_ONCE)}
    assert messages["a.csv"] == "no colon"
    assert "of no known kind" in messages["b.csv"]


def test_our_own_mistake_rejects_that_file_only(tmp_path: Path, shelf: Shelf) -> None:
    drop(tmp_path, "a.csv", b"rows:\nBUG\n")
    drop(tmp_path, "b.csv", b"rows:\n1\n")
    outcomes = {one.name: one.status for one in land(tmp_path, [shelf.kind()], limits=AT_ONCE)}
    assert outcomes == {"a.csv": "rejected", "b.csv": "accepted"}


def test_refused_rows_are_listed_beside_an_accepted_file(tmp_path: Path, shelf: Shelf) -> None:
    drop(tmp_path, "a.csv", b"rows:\nodd\n3\n")
    (outcome,) = land(tmp_path, [shelf.kind()], limits=AT_ONCE)
    assert (outcome.status, outcome.rows_in, outcome.rows_kept) == ("accepted", 3, 2)
    report = next((tmp_path / "accepted").glob("*.report.md")).read_text()
    assert "<b>" not in report
    assert "odd &#60;b&#62;cell" in report


@pytest.mark.parametrize(
    "name", ["a.csv.part", "a.crdownload", ".hidden", "~$book.xlsx", "x.tmp", "a.swp", "a.csv~"]
)
def test_unfinished_names_wait(tmp_path: Path, shelf: Shelf, name: str) -> None:
    drop(tmp_path, name, b"rows:\n1\n")
    (outcome,) = land(tmp_path, [shelf.kind()], limits=AT_ONCE)
    assert outcome.status == "waiting"
    assert (tmp_path / name).exists()
    assert inbox.waiting(tmp_path) == {}


def test_a_file_changed_a_moment_ago_waits(tmp_path: Path, shelf: Shelf) -> None:
    path = drop(tmp_path, "a.csv", b"rows:\n1\n")
    (outcome,) = land(tmp_path, [shelf.kind()], limits=DropLimits(settle_s=60))
    assert outcome.status == "waiting"
    os.utime(path, (1, 1))
    (outcome,) = land(tmp_path, [shelf.kind()], limits=DropLimits(settle_s=60))
    assert outcome.status == "accepted"


def test_a_file_that_somebody_writes_waits(tmp_path: Path, shelf: Shelf) -> None:
    path = drop(tmp_path, "a.csv", b"rows:\n1\n")
    with path.open("ab") as still_writing:
        (outcome,) = land(tmp_path, [shelf.kind()], limits=AT_ONCE)
        still_writing.write(b"2\n")
    assert outcome.status == "waiting"
    assert shelf.taken == []
    (outcome,) = land(tmp_path, [shelf.kind()], limits=AT_ONCE)
    assert (outcome.status, shelf.taken) == ("accepted", [b"rows:\n1\n2\n"])


def test_a_link_is_refused_and_its_target_left_alone(tmp_path: Path, shelf: Shelf) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"rows:\n1\n")
    folder = tmp_path / "landing"
    folder.mkdir()
    (folder / "a.csv").symlink_to(secret)
    (outcome,) = land(folder, [shelf.kind()], limits=AT_ONCE)
    assert outcome.status == "rejected"
    assert "symbolic link" in outcome.message
    assert secret.read_bytes() == b"rows:\n1\n"
    assert shelf.taken == []


def test_empty_and_oversized_files_are_refused(tmp_path: Path, shelf: Shelf) -> None:
    drop(tmp_path, "empty.csv", b"")
    drop(tmp_path, "large.csv", b"rows:" + b"1\n" * 100)
    limits = DropLimits(settle_s=0, max_bytes=100)
    outcomes = land(tmp_path, [shelf.kind()], limits=limits)
    assert [one.status for one in outcomes] == ["rejected", "rejected"]
    assert "205 bytes" in outcomes[1].message


def test_pipes_are_left_alone(tmp_path: Path, shelf: Shelf) -> None:
    os.mkfifo(tmp_path / "pipe")
    statuses = [one.status for one in land(tmp_path, [shelf.kind()], limits=AT_ONCE)]
    assert statuses == ["waiting"]
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)


def test_files_of_a_dropped_folder_are_taken_and_links_out_of_it_are_not(
    tmp_path: Path, shelf: Shelf
) -> None:
    outside, folder = tmp_path / "outside", tmp_path / "landing"
    drop(outside, "secret.csv", b"rows:\n9\n")
    drop(folder, "a.csv", b"rows:\n1\n")
    drop(folder / "day", "a.csv", b"rows:\n2\n")
    (folder / "day" / "away").symlink_to(outside)
    assert set(inbox.waiting(folder)) == {"a.csv", "day/a.csv", "day/away"}
    outcomes = land(folder, [shelf.kind()], limits=AT_ONCE)
    assert [(one.name, one.status) for one in outcomes] == [
        ("a.csv", "accepted"),
        ("a.csv", "accepted"),
        ("away", "rejected"),
    ]
    assert (outside / "secret.csv").is_file()
    assert inbox.waiting(folder) == {}


HOSTILE = [
    "<script>alert(1)<script>.csv",
    "a|b`c`*d*.csv",
    "=cmd().csv",
    "%2e%2e%2fetc",
    "a\nb\x1b[31m.csv",
    "\u202egpj.csv",
    "名前.csv",
    "x" * 240 + ".csv",
    "$(touch pwned).csv",
    "-rf.csv",
    "%s%n{0}.csv",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_stay_text(tmp_path: Path, shelf: Shelf, name: str) -> None:
    folder = tmp_path / "landing"
    drop(folder, name, b"no known kind")
    (outcome,) = land(folder, [shelf.kind()], limits=AT_ONCE)
    assert outcome.status == "rejected"
    report = next((folder / "rejected").glob("*.report.md"))
    assert report.resolve().parent == (folder / "rejected").resolve()
    text = report.read_text()
    for mark in ("<script", "\x1b", "\u202e", "`", "|b"):
        assert mark not in text
    assert sorted(path.name for path in tmp_path.iterdir()) == ["landing"]


@given(st.text(max_size=300))
def test_a_safe_name_is_one_plain_path_part(name: str) -> None:
    safe = safe_name(name)
    assert 1 <= len(safe) <= 80
    assert len(safe.encode()) <= 200
    assert not safe.startswith((".", "-"))
    assert all(mark.isalnum() or mark in "._-" for mark in safe)


def test_a_safe_name_keeps_what_sources_say_in_their_names() -> None:
    assert safe_name("2016年 进口.csv") == "2016年_进口.csv"
    assert safe_name("BACI_HS92_Y2016_V202401.csv") == "BACI_HS92_Y2016_V202401.csv"
    assert safe_name("../../etc/passwd") == "passwd"
    assert safe_name("...") == "file"


@given(st.text(max_size=300))
def test_a_shown_name_has_no_markup(name: str) -> None:
    shown = shown_name(name)
    assert not set(shown) & set("<>`|*[]\\\n\r\t\x1b\u202e")
    shown.encode("utf-8")


def zipped(members: dict[str, bytes], *, compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def test_a_zip_is_judged_member_by_member(tmp_path: Path, shelf: Shelf) -> None:
    drop(tmp_path, "a.zip", zipped({"good.csv": b"rows:\n1\n", "bad.csv": b"rows:\nBAD\n"}))
    (outcome,) = land(tmp_path, [shelf.kind()], limits=AT_ONCE)
    assert outcome.status == "rejected"
    assert [one.status for one in outcome.members] == ["accepted", "rejected"]
    assert shelf.taken == [b"rows:\n1\n"]
    drop(tmp_path, "good.csv", b"rows:\n1\n")
    (again,) = land(tmp_path, [shelf.kind()], limits=AT_ONCE)
    assert again.status == "duplicate"


def test_a_zip_of_good_files_is_accepted(tmp_path: Path, shelf: Shelf) -> None:
    drop(tmp_path, "a.zip", zipped({"x/good.csv": b"rows:\n1\n", "y/": b""}))
    (outcome,) = land(tmp_path, [shelf.kind()], limits=AT_ONCE)
    assert (outcome.status, len(outcome.members)) == ("accepted", 1)


@pytest.mark.parametrize(
    "member", ["../escape.csv", "/etc/passwd", "a/../../b", "C:\\x.csv", "..\\b.csv", "\\\\host\\x"]
)
def test_a_zip_that_leaves_its_folder_is_refused(tmp_path: Path, shelf: Shelf, member: str) -> None:
    folder = tmp_path / "landing"
    drop(folder, "a.zip", zipped({member: b"rows:\n1\n"}))
    (outcome,) = land(folder, [shelf.kind()], limits=AT_ONCE)
    assert outcome.status == "rejected"
    assert "leaves its folder" in outcome.message
    assert shelf.taken == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["landing"]


def test_a_zip_with_a_link_is_refused(tmp_path: Path, shelf: Shelf) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        info = zipfile.ZipInfo("link")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    drop(tmp_path, "a.zip", out.getvalue())
    (outcome,) = land(tmp_path, [shelf.kind()], limits=AT_ONCE)
    assert "symbolic link" in outcome.message


def test_a_bomb_is_refused_by_its_ratio(tmp_path: Path, shelf: Shelf) -> None:
    drop(tmp_path, "a.zip", zipped({"a.csv": b"rows:" + b"\x00" * 20_000_000}))
    (outcome,) = land(tmp_path, [shelf.kind()], limits=AT_ONCE)
    assert "as bombs do" in outcome.message
    assert shelf.taken == []


def test_a_bomb_of_many_files_is_refused(tmp_path: Path, shelf: Shelf) -> None:
    drop(tmp_path, "a.zip", zipped({f"{number}.csv": b"x" for number in range(300)}))
    (outcome,) = land(tmp_path, [shelf.kind()], limits=AT_ONCE)
    assert "holds 300 files" in outcome.message


def test_a_zip_that_lies_about_its_size_is_refused(tmp_path: Path, shelf: Shelf) -> None:
    honest = zipped({"a.csv": b"rows:" + os.urandom(50_000)}, compression=zipfile.ZIP_STORED)
    size = struct.pack("<I", 50_005)
    # the announced size in the central directory, made small
    lie = honest[: honest.rindex(size)] + struct.pack("<I", 10) + honest[honest.rindex(size) + 4 :]
    drop(tmp_path, "a.zip", lie)
    (outcome,) = land(tmp_path, [shelf.kind()], limits=AT_ONCE)
    assert outcome.status == "rejected"
    assert shelf.taken == []


def test_a_zip_in_a_zip_and_a_broken_zip_are_refused(tmp_path: Path, shelf: Shelf) -> None:
    inner = zipped({"a.csv": b"rows:\n1\n"})
    drop(tmp_path, "a.zip", zipped({"b.zip": inner}))
    drop(tmp_path, "c.zip", inner[:-20])
    first, second = land(tmp_path, [shelf.kind()], limits=AT_ONCE)
    assert first.members[0].message.startswith("a zip within a zip")
    assert second.status == "rejected"
    assert "damaged or cut off" in second.message


def test_only_one_process_works_at_a_time(tmp_path: Path, shelf: Shelf) -> None:
    drop(tmp_path, "a.csv", b"rows:\n1\n")
    with inbox._sole_user(tmp_path) as mine:
        assert mine
        assert land(tmp_path, [shelf.kind()], limits=AT_ONCE) == []
    assert len(land(tmp_path, [shelf.kind()], limits=AT_ONCE)) == 1


_VICTIM = textwrap.dedent(
    """
    import os, sys
    from pathlib import Path
    from pipelines.inbox import Kind, DropLimits, Loaded, land

    folder, kill_at = Path(sys.argv[1]), int(sys.argv[2])
    events = 0

    def load(path, name):
        content = path.read_bytes()
        if b"BAD" in content:
            raise ValueError("bad")
        # a store that keeps each content once, as the snapshot store does
        (folder.parent / "store" / name).write_bytes(content)
        return Loaded("shelf", 1, 1)

    def watch(event, args):
        global events
        if event in ("os.rename", "os.mkdir", "os.remove", "os.rmdir", "open", "shutil.rmtree"):
            events += 1
            if events == kill_at:
                os._exit(9)

    kind = Kind("shelf", "rows:", lambda _, head: head.startswith(b"rows:"), load)
    sys.addaudithook(watch)
    land(folder, [kind], limits=DropLimits(settle_s=0))
    """
)


def _run_victim(folder: Path, kill_at: int) -> int:
    repository = Path(inbox.__file__).resolve().parent.parent
    return subprocess.run(  # noqa: S603 (our own text)
        [sys.executable, "-c", _VICTIM, str(folder), str(kill_at)],
        cwd=repository,
        env={**os.environ, "PYTHONPATH": str(repository)},
        check=False,
        capture_output=True,
    ).returncode


@pytest.mark.parametrize("first", range(1, 40, 3))
def test_killed_at_any_step_nothing_is_lost_or_loaded_twice(tmp_path: Path, first: int) -> None:
    (tmp_path / "store").mkdir()
    folder = tmp_path / "landing"
    drop(folder, "good.csv", b"rows:\n1\n")
    drop(folder, "bad.csv", b"rows:\nBAD\n")
    _run_victim(folder, first)
    _run_victim(folder, first + 1)
    assert _run_victim(folder, 10**9) == 0
    kept = {
        place: [path.read_bytes() for path in (folder / place).glob("*[!d]")]
        for place in ("accepted", "rejected")
    }
    assert kept == {"accepted": [b"rows:\n1\n"], "rejected": [b"rows:\nBAD\n"]}
    assert len(list((folder / "rejected").glob("*.report.md"))) == 1
    assert not list((folder / ".work").iterdir())
    assert inbox.waiting(folder) == {}
    assert len(inbox.loaded_notes(folder)) == 1


def test_a_file_that_ends_the_program_is_refused_in_the_end(tmp_path: Path, shelf: Shelf) -> None:
    drop(tmp_path, "a.csv", b"rows:\n1\n")

    class Killed(BaseException):
        pass

    def die(path: Path, name: str) -> Loaded:
        raise Killed

    deadly = Kind("deadly", "rows:", lambda _, head: head.startswith(b"rows:"), die)
    for _ in range(inbox.MAX_ATTEMPTS):
        with pytest.raises(Killed):
            land(tmp_path, [deadly], limits=AT_ONCE)
    (outcome,) = land(tmp_path, [deadly], limits=AT_ONCE)
    assert outcome.status == "rejected"
    assert "ended the program 3 times" in outcome.message


def test_a_report_shows_what_was_found() -> None:
    outcome = inbox.Handled("a.csv", "rejected", "expected 12 cells, found 11", kind="x")
    report = report_of(outcome, dt.datetime(2026, 11, 24, tzinfo=dt.UTC))
    assert "expected 12 cells, found 11" in report
    assert "2026-11-24 00:00 UTC" in report
    assert json.dumps(report)
