"""Small commands of `./run` that run no job: look, verify, save, bring back."""

from __future__ import annotations

import argparse
import datetime as dt
import functools
import http.server
import json
import os
import shutil
import sys
import tarfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from pipelines.operating.cli import FAILED, alone, counted, print_answer, say
from pipelines.operating.problems import RunProblem
from pipelines.paths import data_dir, published_dir, shown, vintages_dir, work_database
from pipelines.publish.release import (
    damage_of,
    manifest_of,
    releases_dir,
    sha256_of,
    whole_releases,
)
from pipelines.publish.vintages import Entry, VintageStore, last_full_years, millions
from pipelines.warehouse import is_held

if TYPE_CHECKING:
    import polars as pl

# made again from the rest, or only for the moment
NOT_SAVED = ("work.duckdb*", ".run.*", ".probe", ".building-*", ".damaged-*", ".part-*")
KEYS = ("DPRK_COMTRADE_KEY", "GFW_API_TOKEN", "DPRK_ALERT_WEBHOOK", "DPRK_ALERT_SMTP")
_BACKUP_NOTE = "backup.json"


def _plain(name: str, about: str | None, arguments: list[str]) -> None:
    """Take no arguments but --help."""
    argparse.ArgumentParser(prog=f"./run {name}", description=about).parse_args(arguments)


def _answer(arguments: list[str], console: Console) -> int:
    """Print the answer of the release that readers see."""
    _plain("answer", _answer.__doc__, arguments)
    print_answer(console)
    return 0


def _whole() -> dict[int, Path]:
    """Releases whose files are at hand, by number: the last edition of each."""
    found = whole_releases(releases_dir(published_dir()).resolve())
    return {int(manifest_of(path)["sequence"]): path for path in reversed(found)}


def _headlines(frame: pl.DataFrame) -> dict[str, str]:
    """Median of a stream's last whole year, USD million, by `stream year`."""
    return {
        f"{row['stream']} {row['year']}": millions(row["q50"])
        for row in last_full_years(frame).sort("stream").rows(named=True)
    }


def _releases(arguments: list[str], console: Console) -> int:
    """List every release ever made here, newest last."""
    _plain("releases", _releases.__doc__, arguments)
    entries = VintageStore(vintages_dir()).entries()
    if not entries:
        say(console, "No release was made here yet; ./run makes one.")
        return 0
    whole = _whole()
    served = published_dir().resolve()
    medians = [_headlines(one.frame("annual")) for one in entries]
    streams = sorted({name for of_one in medians for name in of_one})
    table = Table(
        title="Releases, and medians of what reaches the DPRK side, USD million",
        title_justify="left", box=None, padding=(0, 1, 0, 0),
    )  # fmt: skip
    for name in ("", "release", "published, UTC", "through", "kept"):
        table.add_column(name, no_wrap=True)
    for name in streams:
        table.add_column(name.replace(" ", "\n"), justify="right", no_wrap=True)
    for one, of_one in zip(entries, medians, strict=True):
        folder = whole.get(one.sequence)
        kept = "summary" if folder is None else "served" if folder == served else "whole"
        table.add_row(
            str(one.sequence),
            one.name,
            f"{one.published_at:%Y-%m-%d %H:%M}",
            one.made.last_month[:7],
            kept,
            *(of_one.get(name, "") for name in streams),
        )
    console.print(table)
    say(console, "./run open RELEASE shows one; what changed is in the tables changes, revisions")
    return 0


def _find(name: str, entries: list[Entry]) -> Entry:
    found = [
        one
        for one in entries
        if one.name == name or one.release_id.startswith(name) or str(one.sequence) == name
    ]
    exact = [one for one in found if one.name == name]
    ids = {one.release_id for one in found}
    if exact:
        return exact[-1]
    if len(ids) == 1:
        return found[-1]
    raise RunProblem(
        f"{name!r} names {'several releases' if ids else 'no release'} of this data folder; "
        "./run releases lists them"
    )


def _open(arguments: list[str], console: Console) -> int:
    """Show one release and where its files lie; with --serve, over HTTP on this machine."""
    parser = argparse.ArgumentParser(prog="./run open", description=_open.__doc__)
    parser.add_argument("release", help="its id, the start of it, or its number")
    parser.add_argument(
        "--serve", nargs="?", type=int, const=3080, metavar="PORT",
        help="show its report on this machine, on port 3080 where none is given",
    )  # fmt: skip
    chosen = parser.parse_args(arguments)
    one = _find(chosen.release, VintageStore(vintages_dir()).entries())
    say(
        console,
        f"release {one.name}, number {one.sequence}, published {one.published_at:%Y-%m-%d %H:%M} "
        f"UTC, through {one.made.last_month[:7]}, code {one.made.code}, seed {one.made.seed}, "
        f"{one.made.draws} draws",
    )
    folder = _whole().get(one.sequence)
    if folder is None:
        medians = _headlines(one.frame("annual")).items()
        told = ", ".join(f"{name} {median}" for name, median in medians)
        say(console, f"medians    {told}, USD million")
        say(console, f"kept as a summary: {shown(one.folder)} (annual, monthly, ledger, changes)")
        return 0
    wrong = damage_of(folder)
    if wrong:
        say(console, f"damaged: {wrong[0]}; the next ./run sets it aside")
        return FAILED
    print_answer(console, folder)
    if chosen.serve:
        handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
        with http.server.ThreadingHTTPServer(("127.0.0.1", chosen.serve), handler) as server:
            say(console, f"serving    http://127.0.0.1:{chosen.serve}/report.html (Ctrl-C ends)")
            server.serve_forever()
    return 0


def _memory_bytes() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _source_lines() -> Iterator[tuple[str, str, str]]:
    import polars as pl

    file = published_dir() / "parquet" / "sources_status.parquet"
    if not file.exists():
        yield "look", "sources", "nothing is published yet; ./run"
        return
    for row in pl.read_parquet(file).filter(pl.col("cadence") != "").iter_rows(named=True):
        asked = f"asked {row['asked_at']:%Y-%m-%d}" if row["asked_at"] else "never asked"
        answer = {True: "answered", False: "NOT answered", None: ""}[row["is_answered"]]
        success = row["last_success_at"]
        told = ", ".join(
            text
            for text in (
                row["cadence"],
                asked,
                answer,
                f"last success {success:%Y-%m-%d}" if success else "no success yet",
                f"due {row['next_due_at']:%Y-%m-%d}" if row["next_due_at"] else "",
            )
            if text
        )
        yield "look" if row["is_stale"] else "ok", f"source {row['source']}", told


def _release_lines() -> Iterator[tuple[str, str, str]]:
    target = published_dir()
    if not target.exists():
        yield "look", "release", "none is served; ./run makes or restores one"
    for path in whole_releases(releases_dir(target)):
        wrong = damage_of(path)
        served = "served, " if target.resolve() == path.resolve() else ""
        told = f"{served}every file as its manifest says ({len(manifest_of(path)['files'])} files)"
        if wrong:
            told = f"{served}damaged: {'; '.join(wrong[:3])}; the next ./run replaces it"
        yield "look" if wrong else "ok", f"release {path.name}", told
    entries = VintageStore(vintages_dir()).entries()
    yield "ok", "vintages", f"{len(entries)} kept in {shown(vintages_dir())}"


def _database_line() -> tuple[str, str, str]:
    import duckdb

    file = work_database()
    if not file.exists():
        return "ok", "work database", "not made yet; ./run makes it"
    try:
        duckdb.connect(str(file), read_only=True).close()
    except duckdb.Error as error:
        if is_held(error):
            return "ok", "work database", "in use"
        return "look", "work database", "not readable; the next ./run sets it aside and rebuilds it"
    return "ok", "work database", f"{file.stat().st_size / 1e6:,.0f} MB, opens"


def _queue_lines() -> Iterator[tuple[str, str, str]]:
    import dagster as dg

    from pipelines.operating.run_lock import holder_of, is_alive
    from pipelines.operating.running import PROCESS_TAG

    holder = holder_of(data_dir()) if data_dir().is_dir() else None
    yield "ok", "data folder", f"held by {holder}" if holder else "nobody holds it"
    with dg.DagsterInstance.get() as instance:
        waiting = instance.get_runs_count(dg.RunsFilter(statuses=[dg.DagsterRunStatus.QUEUED]))
        running = instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED]))
        dead = [run for run in running if not is_alive(run.tags.get(PROCESS_TAG, "0:?:"))]
        yield (
            "look" if dead else "ok",
            "queue",
            f"{len(running)} under way, {waiting} waiting"
            + (f"; {len(dead)} was killed: the next ./run marks it failed" if dead else ""),
        )
        beats = [one.last_heartbeat for one in instance.get_daemon_statuses().values()]
        last = max((one.timestamp for one in beats if one), default=None)
        now = dt.datetime.now(dt.UTC).timestamp()
        is_up = last is not None and now - last < 300
        yield (
            "ok" if is_up else "look",
            "schedule",
            "the scheduler is up; schedules run" if is_up
            else "no scheduler is up: start ./run ui, or call ./run from cron",
        )  # fmt: skip


def _doctor(arguments: list[str], console: Console) -> int:
    """Look at everything a run needs and say what to do; exit status 1 when something is amiss."""
    from pipelines.operating.running import folder_problem

    _plain("doctor", _doctor.__doc__, arguments)
    python = ".".join(str(part) for part in sys.version_info[:3])
    lines: list[tuple[str, str, str]] = [("ok", "Python", python)]
    problem = folder_problem(data_dir())
    free = shutil.disk_usage(data_dir() if not problem else Path("/")).free
    lines.append(("look" if problem else "ok", "data folder", problem or shown(data_dir())))
    lines.append(("look" if free < 2e9 else "ok", "disk", f"{free / 1e9:,.1f} GB free, 2 needed"))
    memory = _memory_bytes()
    lines.append(
        ("look" if memory < 3.5e9 else "ok", "memory", f"{memory / 1e9:,.1f} GB, 4 needed")
    )
    lines += [("ok", name, "set" if os.environ.get(name) else "not set") for name in KEYS]
    lines.append(_database_line())
    lines += [*_release_lines(), *_source_lines(), *_queue_lines()]
    widest = max(len(what) for _, what, _ in lines)
    for state, what, told in lines:
        say(console, f"{state:<5}{what:<{widest + 2}}{told}")
    amiss = sum(state != "ok" for state, *_ in lines)
    say(console, f"{counted(amiss, 'thing')} to look at" if amiss else "all is well")
    return FAILED if amiss else 0


def _saved() -> Iterator[Path]:
    root = data_dir()
    for path in sorted(root.rglob("*")):
        parts = path.relative_to(root).parts
        if any(Path(part).match(pattern) for part in parts for pattern in NOT_SAVED):
            continue
        if path.is_symlink() or path.is_file():
            yield path


def _backup(arguments: list[str], console: Console) -> int:
    """Save everything that cannot be fetched again: snapshots, dropped files, vintages."""
    parser = argparse.ArgumentParser(prog="./run backup", description=_backup.__doc__)
    parser.add_argument("file", nargs="?", help="default: dprk-revenue-YYYYMMDD.tar.gz")
    chosen = parser.parse_args(arguments)
    if not data_dir().is_dir():
        raise RunProblem(f"{shown(data_dir())} does not exist; there is nothing to save")
    target = Path(chosen.file or f"dprk-revenue-{dt.datetime.now(dt.UTC):%Y%m%d}.tar.gz")
    half = target.with_name(f".{target.name}-{uuid.uuid4().hex[:8]}")
    root = data_dir()
    with alone("backup", console):
        paths = [path for path in _saved() if path.resolve() != target.resolve()]
        note = half.with_suffix(".json")
        hashes = {
            str(path.relative_to(root)): sha256_of(path) for path in paths if not path.is_symlink()
        }
        try:
            note.write_text(json.dumps(hashes), encoding="utf-8")
            with tarfile.open(half, "w:gz", compresslevel=1) as archive:
                archive.add(note, _BACKUP_NOTE)
                for path in paths:
                    archive.add(path, str(path.relative_to(root)), recursive=False)
            os.replace(half, target)
        finally:
            note.unlink(missing_ok=True)
            half.unlink(missing_ok=True)
    size = target.stat().st_size
    say(console, f"{len(hashes)} files saved in {shown(target.resolve())}, {size / 1e6:,.0f} MB")
    return 0


def _restore(arguments: list[str], console: Console) -> int:
    """Bring a backup into an empty data folder, every file checked against its hash."""
    parser = argparse.ArgumentParser(prog="./run restore", description=_restore.__doc__)
    parser.add_argument("file")
    source, root = Path(parser.parse_args(arguments).file), data_dir()
    if not source.is_file():
        raise RunProblem(f"{source} is no file; give one that ./run backup made")
    if root.is_dir() and any(path.is_file() for path in root.rglob("*")):
        raise RunProblem(
            f"{shown(root)} is not empty; move it away, or set DPRK_DATA_DIR to a new folder"
        )
    half = root.with_name(f".{root.name}-{uuid.uuid4().hex[:8]}")
    half.mkdir(parents=True)
    try:
        with tarfile.open(source) as archive:
            archive.extractall(half, filter="data")
        hashes = json.loads((half / _BACKUP_NOTE).read_text(encoding="utf-8"))
        wrong = [name for name, found in hashes.items() if sha256_of(half / name) != found]
        (half / _BACKUP_NOTE).unlink()
    except (tarfile.TarError, OSError, ValueError, EOFError) as error:
        shutil.rmtree(half, ignore_errors=True)
        raise RunProblem(
            f"{source} cannot be read as a backup ({error}); nothing changed"
        ) from None
    if wrong:
        shutil.rmtree(half, ignore_errors=True)
        raise RunProblem(f"{source}: {wrong[0]} was changed since it was saved; nothing changed")
    if root.is_dir():
        shutil.rmtree(root)
    half.rename(root)
    say(console, f"{len(hashes)} files restored to {shown(root)}; ./run goes on from there")
    return 0


COMMANDS: dict[str, Callable[[list[str], Console], int]] = {
    "answer": _answer,
    "releases": _releases,
    "open": _open,
    "doctor": _doctor,
    "backup": _backup,
    "restore": _restore,
}
