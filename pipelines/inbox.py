"""The landing folder: files people download by hand, taken in once each, or refused with a report.

    landing/            people put files here
      .work/<id>/       a file being looked at: `content`, `claim.json`, `members/`
      .loaded/<sha256>  one note per content that was loaded, whatever its name was
      accepted/         files that were loaded (with a report where rows were refused)
      rejected/         files that were not, each with NAME.report.md beside it

What a file is, its content says; its name is a stranger's text: it is shown escaped, and only a
cleaned form of it is ever part of a path. Every step is one rename or one whole-file write, and a
folder is worked on by one process at a time, so a run that is killed leaves each file in exactly
one place and the next run goes on from there.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import errno
import fcntl
import hashlib
import json
import lzma
import os
import re
import secrets
import shutil
import stat
import struct
import time
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pipelines.paths import write_whole
from pipelines.seeming import seems

HEAD_BYTES = 64 * 1024
MAX_ATTEMPTS = 3
SHOWN_REFUSALS = 20
SHOWN_CHARACTERS = 300
# written from the folders of the sources
KINDS_PAGE = "docs/SOURCES.md"

_DAMAGED = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, NotImplementedError,
    OSError,
)  # fmt: skip

_WORK = ".work"
_LOADED = ".loaded"
_ACCEPTED = "accepted"
_REJECTED = "rejected"
_OURS = frozenset({_WORK, _LOADED, _ACCEPTED, _REJECTED, ".lock"})
# names under which browsers, editors and copying tools keep what is not finished
_UNFINISHED = re.compile(
    r"(?i)^(?:\.|~\$|~)|\.(?:part|partial|crdownload|download|tmp|temp|filepart|swp|lock)$|~$"
)


class FileRefused(ValueError):
    """A file is not taken in; the message says where it is wrong and what to do."""


@dataclass(frozen=True)
class DropLimits:
    """How large a dropped file may be.

    Attributes:
        max_bytes: one file.
        max_members: files in one zip.
        max_unpacked_bytes: all members of one zip together.
        max_ratio: unpacked over packed size of a zip larger than `ratio_from_bytes` unpacked.
        settle_s: a file changed more recently than this is not finished yet.
    """

    max_bytes: int = 8 * 1024**3
    max_members: int = 200
    max_unpacked_bytes: int = 4 * 1024**3
    max_ratio: float = 200.0
    ratio_from_bytes: int = 16 * 1024**2
    settle_s: float = 5.0


@dataclass(frozen=True)
class Loaded:
    """What became of a file's rows.

    Attributes:
        source: name of the source the bytes now belong to.
        rows_in, rows_kept: rows in the file, rows that met the contract.
        refused: (line, column, reason) of refused cells, the first ones.
        note: what whoever dropped it should know besides; empty when nothing.
    """

    source: str
    rows_in: int
    rows_kept: int
    refused: Sequence[tuple[int, str, str]] = ()
    note: str = ""


@dataclass(frozen=True)
class Kind:
    """One kind of file the folder takes.

    Attributes:
        name: short name.
        expected: how such a file looks, for reports.
        recognise: (file, its first bytes) -> whether it is of this kind; must not raise.
        load: (file, cleaned name) -> Loaded: reads the whole file against its contract, then keeps
            its bytes; a ValueError refuses the file. Loading the same bytes twice must do no harm.
        why_not: (file, its first bytes) -> what keeps a file that is nearly of this kind from being
            taken; empty where it is not even nearly.
    """

    name: str
    expected: str
    recognise: Callable[[Path, bytes], bool]
    load: Callable[[Path, str], Loaded]
    why_not: Callable[[Path, bytes], str] = lambda _path, _head: ""


@dataclass(frozen=True)
class Handled:
    """What was done with one file.

    Attributes:
        name: the name as dropped.
        status: accepted, rejected, duplicate or waiting.
        kind: kind recognised, if any.
        sha256: hash of the content; None while waiting.
        message: one line for people.
        is_worth_a_look: the message asks something of whoever dropped the file.
        members: outcomes inside a zip.
    """

    name: str
    status: str
    message: str
    kind: str | None = None
    source: str | None = None
    sha256: str | None = None
    rows_in: int = 0
    rows_kept: int = 0
    place: str | None = None
    members: tuple[Handled, ...] = ()
    refused: tuple[tuple[int, str, str], ...] = field(default=(), repr=False)
    is_worth_a_look: bool = False


def safe_name(name: str) -> str:
    """A name fit for a path: letters and digits of any script, dot, dash and underscore.

    At most 80 characters and 200 bytes; never empty, hidden, or read as an option.
    """
    plain = unicodedata.normalize("NFKC", name).replace("\\", "/").rsplit("/", 1)[-1]
    kept = "".join(mark if mark.isalnum() or mark in "._-" else "_" for mark in plain[:300]).lstrip(
        ".-_"
    )
    stem, dot, suffix = kept.rpartition(".")
    if not dot:
        stem, suffix = kept, ""
    suffix = suffix[:12]
    stem = stem[: 79 - len(suffix)]
    while len(f"{stem}.{suffix}".encode()) > 200:
        stem = stem[:-1] if stem else stem
        suffix = suffix if stem else suffix[:-1]
    stem = stem or "file"
    return f"{stem}.{suffix}" if suffix else stem


def shown_name(name: str) -> str:
    """A stranger's name as text for Markdown and logs: no markup, no control characters."""
    out = []
    for mark in name[:SHOWN_CHARACTERS]:
        plain = mark.isalnum() or mark in " ._-," if mark.isascii() else mark.isprintable()
        if plain:
            out.append(mark)
        elif mark.isprintable():
            out.append(f"&#{ord(mark)};")
        else:
            out.append(f"(U+{ord(mark):04X})")
    return "".join(out)


@dataclass(frozen=True)
class _Desk:
    """Where files are judged, and by which kinds and limits."""

    folder: Path
    kinds: Sequence[Kind]
    limits: DropLimits

    def recognised(self, content: Path) -> tuple[Kind | None, bytes]:
        """The first kind that knows a file, if any does, and how the file begins."""
        with content.open("rb") as file:
            head = file.read(HEAD_BYTES)
        return next((one for one in self.kinds if _asked(one.recognise, content, head)), None), head


def land(
    folder: Path,
    kinds: Sequence[Kind],
    *,
    limits: DropLimits | None = None,
) -> list[Handled]:
    """Take in every finished file of the folder, and of folders inside it.

    Args:
        folder: the landing folder; made when missing.
        kinds: what is taken; the first that recognises a file has it.
        limits: sizes, and how long a file must have been left alone.

    Returns:
        One outcome per file, files still waiting included. Empty when another process is at work.

    Raises:
        NotADirectoryError: a file stands where the folder should be.
    """
    desk = _Desk(folder, kinds, limits or DropLimits())
    if folder.exists() and not folder.is_dir():
        raise NotADirectoryError(
            f"{folder.name} is a file where a folder is wanted; move it away, files to take in go "
            "inside"
        )
    for name in ("", _WORK, _LOADED, _ACCEPTED, _REJECTED):
        (folder / name).mkdir(parents=True, exist_ok=True)
    with _sole_user(folder) as has_folder:
        if not has_folder:
            return []
        # halves of reports and notes of a run that was killed
        for place in (_LOADED, _ACCEPTED, _REJECTED):
            for half in (folder / place).glob(".part-*"):
                half.unlink(missing_ok=True)
        # claims of runs that did not finish: whoever holds the folder owns them
        unfinished = sorted(path for path in (folder / _WORK).iterdir() if path.is_dir())
        outcomes = [_resume(desk, work) for work in unfinished]
        outcomes += [_take(desk, entry) for entry in _entries(folder)]
    return [one for one in outcomes if one is not None]


def waiting(folder: Path) -> dict[str, tuple[int, int]]:
    """Files that may be taken in: name to (size in bytes, last change in ns); for a sensor."""
    if not folder.is_dir():
        return {}
    found = {}
    for entry in _entries(folder):
        if is_unfinished(entry.name):
            continue
        with contextlib.suppress(OSError):
            state = entry.stat(follow_symlinks=False)
            if stat.S_ISREG(state.st_mode) or stat.S_ISLNK(state.st_mode):
                found[os.path.relpath(entry.path, folder)] = (state.st_size, state.st_mtime_ns)
    return found


def _entries(folder: Path | str, ours: frozenset[str] = _OURS) -> Iterator[os.DirEntry[str]]:
    """What lies in the folder and in folders people made in it, by path; ours are passed over."""
    for entry in sorted(os.scandir(folder), key=lambda one: one.name):
        if entry.name in ours:
            continue
        if not entry.is_dir(follow_symlinks=False):
            yield entry
        elif not is_unfinished(entry.name):
            with contextlib.suppress(PermissionError):
                yield from _entries(entry.path, frozenset())


@contextlib.contextmanager
def _sole_user(folder: Path) -> Generator[bool]:
    """True for the one process that holds the folder; the hold ends with the process."""
    handle = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
            return
        yield True
    finally:
        os.close(handle)


def _take(desk: _Desk, entry: os.DirEntry[str]) -> Handled | None:
    try:
        state = entry.stat(follow_symlinks=False)
    except OSError:
        return None  # gone in the meantime
    if not (stat.S_ISREG(state.st_mode) or stat.S_ISLNK(state.st_mode)):
        return Handled(entry.name, "waiting", "neither a file nor a zip: left alone")
    age_s = time.time() - state.st_mtime
    if is_unfinished(entry.name):
        return Handled(entry.name, "waiting", "the name says it is not finished")
    if 0 <= age_s < desk.limits.settle_s:
        return Handled(entry.name, "waiting", "changed a moment ago")
    work = desk.folder / _WORK / secrets.token_hex(8)
    work.mkdir()
    write_whole(work / "claim.json", json.dumps({"name": entry.name, "attempts": 0}).encode())
    try:
        os.rename(entry.path, work / "content")
    except FileNotFoundError:
        shutil.rmtree(work, ignore_errors=True)
        return None
    return _resume(desk, work)


def _resume(desk: _Desk, work: Path) -> Handled | None:
    """Work a claim to its end, from wherever an earlier run left it."""
    content = work / "content"
    if not os.path.lexists(content):
        # killed before the file was claimed, or after it was put away: either way it is elsewhere
        shutil.rmtree(work, ignore_errors=True)
        return None
    claim = _note(work / "claim.json")
    name = str(claim.get("name", "file"))
    attempts = int(claim.get("attempts", 0)) + 1
    write_whole(work / "claim.json", json.dumps({"name": name, "attempts": attempts}).encode())
    if has_writer(content):
        return _give_back(desk.folder, work, name, "somebody is still writing it")
    before = os.lstat(content)
    try:
        if attempts > MAX_ATTEMPTS:
            raise FileRefused(
                f"reading it ended the program {MAX_ATTEMPTS} times; it may be too large for the "
                "memory of this machine: split it"
            )
        outcome = _judge(desk, work, name)
    except FileRefused as error:
        outcome = Handled(name, "rejected", str(error))
    after = os.lstat(content)
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        # somebody still writes through an open handle: give it back unless the place is taken
        return _give_back(desk.folder, work, name, "it changed while it was read")
    return _put_away(desk, work, outcome)


def is_unfinished(name: str) -> bool:
    """Whether a name is one that browsers, editors and copying tools give what is not finished."""
    return _UNFINISHED.search(name) is not None


def has_writer(path: Path) -> bool:
    """Whether a process of this machine has the file open for writing, where that can be known."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        # a read lease is refused while anybody may write
        fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except OSError as error:
        return error.errno == errno.EAGAIN
    finally:
        os.close(handle)
    return False


def _give_back(folder: Path, work: Path, name: str, why: str) -> Handled:
    target = folder / (name if "/" not in name and name not in ("", ".", "..") else "file")
    if os.path.lexists(target):
        target = folder / f"{secrets.token_hex(4)}-{safe_name(name)}"
    os.rename(work / "content", target)
    shutil.rmtree(work, ignore_errors=True)
    return Handled(name, "waiting", f"{why}; it is tried again")


def _judge(desk: _Desk, work: Path, name: str) -> Handled:
    content = work / "content"
    state = os.lstat(content)
    if stat.S_ISLNK(state.st_mode):
        raise FileRefused("a symbolic link; copy the file itself here")
    if state.st_size == 0:
        raise FileRefused("the file is empty; download it again")
    if state.st_size > desk.limits.max_bytes:
        raise FileRefused(
            f"the file has {state.st_size} bytes, more than {desk.limits.max_bytes}; split it"
        )
    sha256 = _hash(content)
    known = _note(desk.folder / _LOADED / sha256)
    if known:
        return Handled(
            name,
            "duplicate",
            f"the same content was loaded on {known.get('loaded_at', 'an earlier day')} as "
            f"{shown_name(str(known.get('name', '')))}; it was not loaded again",
            kind=known.get("kind"),
            source=known.get("source"),
            sha256=sha256,
        )
    kind, head = desk.recognised(content)
    if kind is None and head.startswith(b"PK\x03\x04"):
        return replace(_judge_zip(desk, work, name), sha256=sha256)
    return _load(desk, content, name, kind, head, sha256)


def _asked(ask: Callable[[Path, bytes], Any], content: Path, head: bytes) -> Any:
    """What a kind says of a file; None where it fails: then it does not know the file."""
    try:
        return ask(content, head)
    except Exception:
        return None


def _load(
    desk: _Desk, content: Path, name: str, kind: Kind | None, head: bytes, sha256: str
) -> Handled:
    def refused(why: str) -> Handled:
        return Handled(name, "rejected", why, kind=kind.name if kind else None, sha256=sha256)

    if kind is None:
        nearly = [said for one in desk.kinds if (said := _asked(one.why_not, content, head))]
        unknown = (
            f"its content is of no known kind: {seems(head)}; the files that are taken, a line "
            f"each: {KINDS_PAGE}"
        )
        return refused("; ".join(nearly) or unknown)
    try:
        loaded = kind.load(content, safe_name(name))
    except ValueError as error:
        return refused(str(error))
    except Exception as error:
        # a file must not stop the others; what it did to the parser is for the report to say
        return refused(
            f"reading it as {kind.name} failed unexpectedly: {type(error).__name__}: {error}. "
            f"Expected {kind.expected}"
        )
    write_whole(
        desk.folder / _LOADED / sha256,
        json.dumps(
            {
                "name": name,
                "kind": kind.name,
                "source": loaded.source,
                "rows_in": loaded.rows_in,
                "rows_kept": loaded.rows_kept,
                "loaded_at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
            }
        ).encode(),
    )
    done = (
        f"loaded as {kind.name}: {loaded.rows_kept} of {loaded.rows_in} rows kept, "
        f"{loaded.rows_in - loaded.rows_kept} in quarantine"
    )
    return Handled(
        name,
        "accepted",
        f"{done}; {loaded.note}" if loaded.note else done,
        is_worth_a_look=bool(loaded.note),
        kind=kind.name,
        source=loaded.source,
        sha256=sha256,
        rows_in=loaded.rows_in,
        rows_kept=loaded.rows_kept,
        refused=tuple(loaded.refused[:SHOWN_REFUSALS]),
    )


def _judge_zip(desk: _Desk, work: Path, name: str) -> Handled:
    """Unpack into the claim's own folder under numbers of ours, then judge each member alone."""
    members = work / "members"
    shutil.rmtree(members, ignore_errors=True)
    members.mkdir()
    try:
        unpacked = unpack(work / "content", members, desk.limits)
    except FileRefused as error:
        return Handled(name, "rejected", str(error), kind="zip")
    outcomes = []
    for member_name, path in unpacked:
        shown = f"{name}:{member_name}"
        sha256 = _hash(path)
        kind, head = desk.recognised(path)
        if _note(desk.folder / _LOADED / sha256):
            outcome = Handled(shown, "duplicate", "loaded before; not loaded again", sha256=sha256)
        elif kind is None and head.startswith(b"PK\x03\x04"):
            why = "a zip within a zip; unpack it and put its files here"
            outcome = Handled(shown, "rejected", why, sha256=sha256)
        else:
            outcome = _load(desk, path, member_name, kind, head, sha256)
        outcomes.append(outcome)
    shutil.rmtree(members, ignore_errors=True)
    bad = [one for one in outcomes if one.status == "rejected"]
    good = [one for one in outcomes if one.status == "accepted"]
    if bad or not outcomes:
        message = (
            f"{len(bad)} of its {len(outcomes)} files were refused and {len(good)} loaded; put "
            "the mended files here, the others need not come again"
            if outcomes
            else "the zip holds no file"
        )
        status = "rejected"
    else:
        message = f"{len(good)} of its {len(outcomes)} files were loaded, the others were known"
        status = "accepted" if good else "duplicate"
    return Handled(
        name,
        status,
        message,
        kind="zip",
        source="; ".join(sorted({one.source for one in good if one.source})) or None,
        rows_in=sum(one.rows_in for one in outcomes),
        rows_kept=sum(one.rows_kept for one in outcomes),
        members=tuple(outcomes),
    )


def unpack(archive: Path, target: Path, limits: DropLimits) -> list[tuple[str, Path]]:
    """Unpack a zip under file names of ours.

    Args:
        archive: the zip.
        target: an empty folder.
        limits: members, sizes and ratio.

    Returns:
        (name in the archive, file) of each member; folders are passed over.

    Raises:
        FileRefused: not a zip, encrypted, damaged, too many members, too large, packed too tight,
            a link, or a name that leaves its folder.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            infos = [one for one in opened.infolist() if not one.filename.endswith("/")]
            _check_members(infos, archive.stat().st_size, limits)
            return _unpack(opened, infos, target, limits)
    except _DAMAGED as error:
        raise FileRefused(
            f"the zip is damaged or cut off ({type(error).__name__}: {error}); download it again"
        ) from error
    except RuntimeError as error:
        raise FileRefused(f"the zip is encrypted ({error}); unpack it first") from error
    except (UnicodeError, ValueError) as error:
        if isinstance(error, FileRefused):
            raise
        raise FileRefused(f"the zip is not readable ({error}); pack it again") from error


def _check_members(infos: list[zipfile.ZipInfo], packed: int, limits: DropLimits) -> None:
    if len(infos) > limits.max_members:
        raise FileRefused(
            f"the zip holds {len(infos)} files, more than {limits.max_members}; split it"
        )
    for info in infos:
        parts = info.filename.replace("\\", "/").split("/")
        if (
            info.filename.startswith(("/", "\\"))
            or ".." in parts
            or "\x00" in info.filename
            or re.match(r"^[A-Za-z]:", info.filename)
        ):
            raise FileRefused(
                f"the zip's member {shown_name(info.filename)} leaves its folder; do not use it"
            )
        if stat.S_ISLNK(info.external_attr >> 16):
            raise FileRefused(
                f"the zip's member {shown_name(info.filename)} is a symbolic link; pack the file"
            )
    unpacked = sum(info.file_size for info in infos)
    if unpacked > limits.max_unpacked_bytes:
        raise FileRefused(
            f"the zip unpacks to {unpacked} bytes, more than {limits.max_unpacked_bytes}; split it"
        )
    if unpacked > limits.ratio_from_bytes and unpacked > limits.max_ratio * max(packed, 1):
        raise FileRefused(
            f"the zip unpacks to more than {limits.max_ratio:g} times its size, as bombs do; "
            "unpack it yourself and put the files here"
        )


def _unpack(
    opened: zipfile.ZipFile, infos: list[zipfile.ZipInfo], target: Path, limits: DropLimits
) -> list[tuple[str, Path]]:
    """Copy members out, counting what really comes and not what the zip says will."""
    found = []
    total = 0
    announced = min(sum(one.file_size for one in infos), limits.max_unpacked_bytes)
    for number, info in enumerate(infos):
        path = target / f"{number:04d}"
        with opened.open(info) as member, path.open("xb") as out:
            while piece := member.read(1024 * 1024):
                total += len(piece)
                if total > announced:
                    raise FileRefused("the zip unpacks to more than it says it does; do not use it")
                out.write(piece)
        found.append((info.filename, path))
    return found


def _put_away(desk: _Desk, work: Path, outcome: Handled) -> Handled:
    """Move the file to where it belongs, its report first: a report may wait, a file may not."""
    place = _REJECTED if outcome.status == "rejected" else _ACCEPTED
    mark = outcome.sha256 or hashlib.sha256(outcome.name.encode("utf-8", "replace")).hexdigest()
    stem, dot, suffix = safe_name(outcome.name).rpartition(".")
    final = f"{stem}-{mark[:12]}.{suffix}" if dot else f"{suffix}-{mark[:12]}"
    target = desk.folder / place / final
    rows_refused = outcome.rows_in > outcome.rows_kept
    if outcome.status != "accepted" or rows_refused or outcome.members:
        report = report_of(outcome, dt.datetime.now(dt.UTC))
        write_whole(target.with_name(f"{final}.report.md"), report.encode())
    os.replace(work / "content", target)
    shutil.rmtree(work, ignore_errors=True)
    return replace(outcome, place=f"{place}/{final}")


def report_of(outcome: Handled, at: dt.datetime) -> str:
    """What was found in a file, as Markdown; nothing in it comes from the file unescaped."""
    lines = [
        f"# {shown_name(outcome.name)}",
        "",
        f"- status: **{outcome.status}** on {at.astimezone(dt.UTC):%Y-%m-%d %H:%M} UTC",
        f"- read as: {shown_name(outcome.kind or 'no known kind')}",
        f"- sha256: {outcome.sha256 or 'not taken'}",
        f"- rows in: {outcome.rows_in}; kept: {outcome.rows_kept}; "
        f"in quarantine: {outcome.rows_in - outcome.rows_kept}",
        "",
        _text(outcome.message),
    ]
    if outcome.refused:
        lines += ["", "| line | column | reason |", "|---|---|---|"]
        lines += [
            f"| {line} | {_text(column)} | {_text(reason)} |"
            for line, column, reason in outcome.refused
        ]
    for member in outcome.members:
        lines += [
            "",
            f"## {shown_name(member.name)}",
            "",
            f"- status: **{member.status}**; rows in: {member.rows_in}; kept: {member.rows_kept}",
            "",
            _text(member.message),
        ]
    return "\n".join(lines) + "\n"


def _text(text: str) -> str:
    """Prose that may quote the file: markup off, punctuation of plain sentences left readable."""
    return "".join(
        f"&#{ord(mark)};" if mark in "<>&|`*[]\\#!~" else mark if mark.isprintable() else " "
        for mark in text[:4_000]
    )


def _note(path: Path) -> dict[str, Any]:
    """What was noted of a content or a claim; empty where there is nothing that can be read."""
    try:
        note = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        # loading again does no harm
        return {}
    return note if isinstance(note, dict) else {}


def forget(folder: Path, sha256: str) -> None:
    """Drop the note of a content that is held no more, so that it may be loaded again."""
    if re.fullmatch(r"[0-9a-f]{64}", sha256):
        (folder / _LOADED / sha256).unlink(missing_ok=True)


def loaded_notes(folder: Path) -> list[dict[str, Any]]:
    """Every content loaded so far: sha256, name, kind, source, rows_in, rows_kept, loaded_at."""
    return [
        {"sha256": path.name, **note}
        for path in sorted((folder / _LOADED).glob("*"))
        if re.fullmatch(r"[0-9a-f]{64}", path.name) and (note := _note(path))
    ]


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
