"""Build what readers open, check it, then put it in place in one step.

Everything of one release lies in `releases/<id>`, read-only, with a manifest of hashes; `published`
is a link to the newest. A reader therefore sees one complete release or the one before, never a
mixture; one that opens several files one after the other pins `releases/<id>`. A run that is
killed leaves nothing but an unlinked folder, swept at the next start.

The id is the hash of what is published and of what it was made from, so that the same content has
the same id everywhere. The pipeline itself never opens a served database: a reader that holds it
for writing neither blocks a run nor reaches history.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import importlib.metadata
import json
import os
import re
import shutil
import sys
import uuid
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

import duckdb
import polars as pl

from pipelines.csv_safety import write_csv
from pipelines.paths import SQL_DIR, STREAMS_DIR
from pipelines.publish.contract import (
    ContractError,
    PublishedTable,
    comment_on,
    literal,
    load_contract,
    parents_first,
)
from pipelines.publish.vintages import Chronicle, MadeFrom, VintageStore
from pipelines.warehouse import head_of, sql_of, transaction, write_frame

DATABASE_NAME = "dprk_revenue.duckdb"
# the oldest format every DuckDB driver of today reads
STORAGE_VERSION = "v1.0.0"
STORAGE_HEADER = 64
MANIFEST = "manifest.json"
KEPT_RELEASES = 3
_BUILDING, _DAMAGED = ".building-", ".damaged-"
# tables that tell of releases: they name the id and so are no part of what it is the hash of
HISTORY = frozenset(
    {"releases", "vintages", "changes", "change_rows", "revisions", "release_headlines"}
)

# when sources were asked and when bytes came in is told, and is no part of what a release says
NEWS = frozenset({"retrieved_at", "asked_at", "last_success_at", "next_due_at"})
NEWS_OF = {"sources_status": frozenset({"status"})}


class PublishError(RuntimeError):
    """The release was not put in place; readers keep the last one."""


@dataclass(frozen=True)
class FinishedRelease:
    """A finished release and where it lies."""

    folder: Path
    rows: Mapping[str, int]
    release_id: str = ""
    told: Mapping[str, str] = field(default_factory=dict)


def releases_dir(target: Path) -> Path:
    """Where the releases behind a link lie."""
    return target.parent / "releases"


def kept_releases() -> int:
    """How many of the newest releases stay whole: DPRK_KEEP_RELEASES, else three."""
    asked = os.environ.get("DPRK_KEEP_RELEASES", "")
    return max(1, int(asked)) if asked.isdigit() else KEPT_RELEASES


def _definition(table: PublishedTable, *, is_parent: bool) -> str:
    """Columns, and keys where the table references others or is referenced."""
    parts = [f'"{column.name}" {column.type}' for column in table.columns]
    if is_parent or table.references:
        parts.append(f"primary key ({_quoted(table.grain)})")
    parts += [
        f'foreign key ("{column}") references "{parent}"'
        for column, parent in table.references.items()
    ]
    return ", ".join(parts)


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _create(
    connection: duckdb.DuckDBPyConnection, table: PublishedTable, *, is_parent: bool = False
) -> int:
    """Create a table of the release from that of the work database; the number of its rows."""
    found = connection.execute("select current_database()").fetchone()
    home = found[0] if found else ""
    # draws come sorted and are too many to sort again
    ordered = f" order by {_quoted(table.grain)}" if table.is_file_published else ""
    # one commit a table: each waits for the disk
    with transaction(connection):
        # a key may reference tables of the database in use alone
        connection.execute("use out")
        definition = _definition(table, is_parent=is_parent)
        connection.execute(f'create table "{table.name}" ({definition})')
        connection.execute(f'use "{home}"')
        try:
            count = connection.execute(
                f'insert into out.main."{table.name}" select {_quoted(table.column_names)} '
                f'from published."{table.name}"{ordered}'
            ).fetchone()
        except duckdb.Error as error:
            raise PublishError(
                f"published.{table.name} does not fit its contract ({table.place}): {error}"
            ) from error
        comment_on(connection, table, f'out.main."{table.name}"')
    return int(count[0]) if count else 0


def _write_files(
    connection: duckdb.DuckDBPyConnection, table: PublishedTable, folder: Path
) -> None:
    query = f'select * from out.main."{table.name}" order by {_quoted(table.grain)}'
    parquet = folder / "parquet" / f"{table.name}.parquet"
    rows = connection.sql(query).pl()
    try:
        table.check(rows)
    except ContractError as error:
        raise PublishError(str(error)) from error
    connection.execute(
        f"copy ({query}) to {literal(str(parquet))} (format parquet, compression zstd)"
    )
    write_csv(rows, folder / "csv" / f"{table.name}.csv")


def draws_sql() -> dict[str, str]:
    """The select of every stream that says in its own folder what its file of draws holds."""
    return {
        file.parent.name: file.read_text(encoding="utf-8")
        for file in sorted(STREAMS_DIR.glob("*/draws.sql"))
    }


def _write_draws(connection: duckdb.DuckDBPyConnection, folder: Path) -> list[str]:
    own = draws_sql()
    shared = (SQL_DIR / "draws" / "stream.sql").read_text(encoding="utf-8")
    found = connection.execute(sql_of("release.streams")).fetchall()
    streams = [str(row[0]) for row in found]
    for stream in streams:
        target = folder / "draws" / f"{stream}.parquet"
        connection.execute(
            f"copy ({own.get(stream, shared)}\n) to {literal(str(target))} "
            "(format parquet, compression zstd)",
            None if stream in own else {"stream": stream},
        )
    return streams


def macro_files() -> dict[str, Path]:
    """The macros of the published database by name: everybody's, and those of one stream."""
    files = (*(SQL_DIR / "macros").glob("*.sql"), *STREAMS_DIR.glob("*/macros/*.sql"))
    return {file.stem: file for file in sorted(files, key=lambda file: file.stem)}


def _macros(
    connection: duckdb.DuckDBPyConnection, contract: Mapping[str, PublishedTable] | None
) -> None:
    """Create every macro over tables of this contract, without one those that read nothing.

    What a macro's file says above it is its comment.
    """
    promised = load_contract().keys()
    texts = {name: file.read_text(encoding="utf-8") for name, file in macro_files().items()}
    reads = {
        name: set(re.findall(r"\b(?:from|join)\s+([a-z_]+)", re.sub(r"--[^\n]*", "", sql)))
        for name, sql in texts.items()
    }
    # those that read no table first: others call them
    for name in sorted(texts, key=lambda name: bool(reads[name])):
        sql, read = texts[name], reads[name]
        if read and (contract is None or not promised & read <= contract.keys()):
            continue
        connection.execute(sql)
        about = head_of(sql)
        kind = "macro table" if ") as table" in sql else "macro"
        connection.execute(f'comment on {kind} "{name}" is {literal(about)}')


FRICTIONLESS_TYPES = {
    "DOUBLE": "number",
    "BIGINT": "integer",
    "DECIMAL": "number",
    "DATE": "date",
    "TIMESTAMP": "datetime",
    "VARCHAR": "string",
    "BOOLEAN": "boolean",
}


def resource_name(table: str) -> str:
    """A table's name as data packages spell names."""
    return table.replace("_", "-")


def _table_resource(
    table: PublishedTable, contract: Mapping[str, PublishedTable]
) -> dict[str, object]:
    schema: dict[str, object] = {
        "fields": [
            {
                "name": column.name,
                "type": FRICTIONLESS_TYPES[column.type],
                "description": column.meaning,
                "unit": column.unit,
            }
            for column in table.columns
        ],
        "primaryKey": list(table.grain),
    }
    if table.references:
        schema["foreignKeys"] = [
            {
                "fields": [column],
                "reference": {
                    "resource": resource_name(parent),
                    "fields": list(contract[parent].grain),
                },
            }
            for column, parent in table.references.items()
        ]
    return {
        "name": resource_name(table.name),
        "path": f"csv/{table.name}.csv",
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8-sig",
        "description": table.description,
        "schema": schema,
    }


def _draws_resource(
    connection: duckdb.DuckDBPyConnection, folder: Path, stream: str, told: Mapping[str, str]
) -> dict[str, object]:
    path = f"draws/{stream}.parquet"
    columns = connection.execute(
        f"describe select * from read_parquet({literal(str(folder / path))})"
    ).fetchall()
    grain = [name for name, *_ in columns if name in ("draw", "month", "measure", "host_iso3")]
    return {
        "name": f"draws-{resource_name(stream)}",
        "path": path,
        "format": "parquet",
        "mediatype": "application/vnd.apache.parquet",
        "description": f"Joint draws of the {stream} stream by month. The same draw is the same "
        "world in every stream: add within a draw, then summarise.",
        "schema": {
            "fields": [
                {
                    "name": name,
                    "type": FRICTIONLESS_TYPES[kind.partition("(")[0]],
                    "description": told.get(name, ""),
                }
                for name, kind, *_ in columns
            ],
            "primaryKey": grain,
        },
    }


def _documents(connection: duckdb.DuckDBPyConnection) -> list[dict[str, str]]:
    """Every document that a figure of the ledger was read in."""
    found = connection.execute(sql_of("release.documents")).fetchall()
    return [{"title": title, **({"path": url} if url else {})} for title, url in found]


def _datapackage(
    database: Path,
    contract: Mapping[str, PublishedTable],
    draws: list[str],
    *,
    release_id: str,
    created: str,
) -> str:
    """A Frictionless data package of the files beside it."""
    # a draw's column means what the published column of its name does, or the mean of it
    told = {
        column.name.removesuffix("_mean"): column.meaning.removeprefix("mean of: ")
        + (f" [{column.unit}]" if column.unit else "")
        for table in sorted(contract.values(), key=lambda one: not one.is_file_published)
        for column in table.columns
    }
    with duckdb.connect(str(database), read_only=True) as reader:
        resources = [
            _table_resource(table, contract)
            for table in contract.values()
            if table.is_file_published
        ]
        resources += [_draws_resource(reader, database.parent, one, told) for one in draws]
        sources = _documents(reader) if "figures" in contract else []
    package = {
        "name": "dprk-revenue",
        "id": release_id,
        "version": release_id,
        **({"created": created} if created else {}),
        "title": "DPRK Revenue: income from coal and overseas labor, by month, with intervals",
        "description": "Start with headline-cells or headline-annual; metrics says how to add.",
        "licenses": [{"name": "CC-BY-4.0", "title": "Creative Commons Attribution 4.0"}],
        "contributors": [{"title": "DPRK Revenue maintainers", "role": "maintainer"}],
        "sources": sources,
        "resources": resources,
    }
    return json.dumps(package, indent=1, ensure_ascii=False) + "\n"


def _check_release(folder: Path, contract: Mapping[str, PublishedTable]) -> None:
    """Open the file as a reader would, and compare it with the promise."""
    database = folder / DATABASE_NAME
    with database.open("rb") as file:
        header = int.from_bytes(file.read(20)[12:], "little")
    if header != STORAGE_HEADER:
        raise PublishError(
            f"{DATABASE_NAME} was written in storage version {header}, not {STORAGE_HEADER}; "
            "BI drivers could not read it"
        )
    with duckdb.connect(str(database), read_only=True) as reader:
        for table in contract.values():
            found = [
                (name, kind)
                for name, kind, *_ in reader.execute(f'describe "{table.name}"').fetchall()
            ]
            promised = [(column.name, column.type) for column in table.columns]
            if found != promised:
                raise PublishError(f"{table.name} has columns {found}, promised were {promised}")


def sha256_of(path: Path) -> str:
    """Hash of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())


def _content(folder: Path, made: MadeFrom) -> dict[str, Any]:
    """What the id is the hash of: the tables but history, the draws, and what made them."""
    tables = {
        str(path.relative_to(folder)): stated_hash(path)
        for place in ("parquet", "draws")
        for path in sorted((folder / place).glob("*.parquet"))
        if path.stem not in HISTORY
    }
    return {"made_from": asdict(made), "tables": tables}


def stated_hash(path: Path) -> str:
    """Hash of what a table of a release says, without news of the asking (`NEWS`).

    SHA-256 of the Parquet file; of a table that holds such columns, of the others as CSV.
    """
    left_out = NEWS | NEWS_OF.get(path.stem, frozenset())
    told = [name for name in pl.read_parquet_schema(path) if name not in left_out]
    if len(told) == len(pl.read_parquet_schema(path)):
        return sha256_of(path)
    text = pl.read_parquet(path, columns=told).write_csv()
    return hashlib.sha256(text.encode()).hexdigest()


def id_of(content: Mapping[str, Any]) -> str:
    """The release id of a manifest's `content`: SHA-256 of its canonical JSON, 12 digits."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _write_manifest(
    folder: Path, release_id: str, content: Mapping[str, Any], history: Chronicle | None
) -> None:
    manifest = {
        "release_id": release_id,
        "sequence": history.sequence if history else 0,
        "published_at": history.published_at.isoformat() if history else "",
        "content": content,
        "made_with": {
            "python": ".".join(str(part) for part in sys.version_info[:3]),
            **{name: importlib.metadata.version(name) for name in ("duckdb", "numpy", "polars")},
        },
        "files": {
            str(path.relative_to(folder)): {"sha256": sha256_of(path), "bytes": path.stat().st_size}
            for path in _files(folder)
        },
    }
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")


def manifest_of(folder: Path) -> dict[str, Any]:
    """The manifest of a release.

    Raises:
        PublishError: there is none, or it is cut off.
    """
    try:
        return json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise PublishError(f"{folder.name} has no readable {MANIFEST}") from error


def is_served(target: Path, sequence: int, release_id: str) -> bool:
    """Whether readers are served this vintage, in whichever edition."""
    try:
        told = manifest_of(target)
    except PublishError:
        return False
    return (told["sequence"], told["release_id"]) == (sequence, release_id)


def damage_of(folder: Path) -> list[str]:
    """What is wrong with a release's files by its manifest; empty for a whole one."""
    try:
        manifest = manifest_of(folder)
        promised: dict[str, dict[str, Any]] = manifest["files"]
        if id_of(manifest["content"]) != manifest["release_id"]:
            return [f"{MANIFEST}: the id is not the hash of the content"]
    except (PublishError, KeyError, TypeError) as error:
        return [str(error)]
    found = {str(path.relative_to(folder)) for path in _files(folder)} - {MANIFEST}
    wrong = [f"{name}: missing" for name in sorted(promised.keys() - found)]
    wrong += [f"{name}: not of this release" for name in sorted(found - promised.keys())]
    for name in sorted(found & promised.keys()):
        path = folder / name
        if path.stat().st_size != promised[name]["bytes"]:
            wrong.append(f"{name}: {path.stat().st_size} bytes, not {promised[name]['bytes']}")
        elif sha256_of(path) != promised[name]["sha256"]:
            wrong.append(f"{name}: its bytes were changed")
    return wrong


def _freeze(folder: Path) -> None:
    """Take away every right to write; the folder itself must stay movable until it is in place."""
    for path in _files(folder):
        path.chmod(0o444)
    for path in sorted(folder.rglob("*")):
        if path.is_dir():
            path.chmod(0o555)


def remove_folder(folder: Path) -> None:
    """Remove a folder, frozen or not."""
    if folder.is_symlink() or not folder.is_dir():
        return
    for path in (folder, *folder.rglob("*")):
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o755)
    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def reading(folder: Path) -> Generator[duckdb.DuckDBPyConnection]:
    """A release's tables, read from its Parquet files: nobody who holds the database is in the way.

    The draws are not among them.
    """
    with duckdb.connect() as reader:
        for file in sorted((folder / "parquet").glob("*.parquet")):
            reader.execute(
                f'create view "{file.stem}" as select * from read_parquet({literal(str(file))})'
            )
        yield reader


def publish(
    connection: duckdb.DuckDBPyConnection,
    contract: Mapping[str, PublishedTable],
    target: Path,
    *,
    made: MadeFrom | None = None,
    history: Callable[[str], Chronicle] | None = None,
    store: VintageStore | None = None,
    pages: Callable[[Path, duckdb.DuckDBPyConnection], None] | None = None,
    extra_files: Callable[[Path], None] | None = None,
) -> FinishedRelease:
    """Build a release from schema `published` of the work database and put it in place.

    Args:
        connection: the open work database; every contracted table but history is in schema
            `published`.
        contract: the promised tables.
        target: the link readers open; the releases lie in `releases/` beside it.
        made: what the tables were made from; part of the id.
        history: given the id, the release's place in history; its tables are published too.
        store: where the vintage is kept.
        pages: writes the report, given a connection to the release's database, while tables of
            draws that no page asks are still copied.
        extra_files: writes more files into the release, whose database is finished by then, before
            it is linked.

    Returns:
        FinishedRelease with its id and the rows of each table.

    Raises:
        PublishError: a table breaks its contract; `target` still shows the last release.
    """
    if target.exists() and not target.is_symlink():
        raise PublishError(
            f"{target.name} is a plain folder, not our link to the newest release; "
            "move it away and run again"
        )
    releases = releases_dir(target)
    folder = releases / f"{_BUILDING}{uuid.uuid4().hex}"
    for name in ("parquet", "csv", "draws"):
        (folder / name).mkdir(parents=True)
    try:
        database = folder / DATABASE_NAME
        connection.execute(
            f"attach {literal(str(database))} as out (storage_version '{STORAGE_VERSION}')"
        )
        try:
            rows: dict[str, int] = {}
            now = [table for table in contract.values() if table.name not in HISTORY]
            small = [table for table in now if table.is_file_published]
            asked, large = _large(now)
            # neither reads what the other writes, and each keeps one core busy
            with connection.cursor() as beside, ThreadPoolExecutor(max_workers=1) as pool:
                drawing = pool.submit(_write_draws, beside, folder)
                copying = pool.submit(_write_large, beside, large, rows)
                _write_tables(connection, small, folder, rows)
                _write_large(connection, asked, rows)
                _write_large(connection, large, rows, until=drawing)
                draws = drawing.result()
                content = _content(folder, made or MadeFrom())
                release_id = id_of(content)
                told = history(release_id) if history else None
                if told:
                    for name, frame in told.tables.items():
                        write_frame(connection, f"published.{name}", frame)
                    later = [table for table in contract.values() if table.name in HISTORY]
                    _write_tables(connection, later, folder, rows)
                if pages is not None:
                    with connection.cursor() as reader:
                        reader.execute("use out")
                        # those over tables come when all tables are there
                        _macros(reader, None)
                        pages(folder, reader)
                _write_large(connection, large, rows)
                copying.result()
        finally:
            connection.execute("detach out")
        with duckdb.connect(str(database)) as published:
            _macros(published, contract)
        package = _datapackage(
            database,
            contract,
            draws,
            release_id=release_id,
            created=f"{told.published_at:%Y-%m-%dT%H:%M:%SZ}" if told else "",
        )
        (folder / "datapackage.json").write_text(package, encoding="utf-8")
        if extra_files is not None:
            extra_files(folder)
        _check_release(folder, contract)
        if told:
            told.write(folder)
        _write_manifest(folder, release_id, content, told)
        _freeze(folder)
    except BaseException:
        remove_folder(folder)
        raise
    place = _place_for(folder, releases / (told.name if told else release_id))
    _move_in(folder, place)
    if store is not None:
        store.add_from(place)
    _link(place, target)
    _forget_old(releases, place)
    return FinishedRelease(place, rows, release_id, told.told if told else {})


def _write_tables(
    connection: duckdb.DuckDBPyConnection,
    tables: Iterable[PublishedTable],
    folder: Path,
    rows: dict[str, int],
) -> None:
    ordered = parents_first(tables)
    parents = {parent for table in ordered for parent in table.references.values()}
    for table in ordered:
        rows[table.name] = _create(connection, table, is_parent=table.name in parents)
        _write_files(connection, table, folder)


def _large(tables: Iterable[PublishedTable]) -> tuple[SimpleQueue[PublishedTable], ...]:
    """Tables of draws, which the database alone holds: those that a page asks, and the others."""
    selects = [*SQL_DIR.glob("report/**/*.sql"), *STREAMS_DIR.glob("*/report/*.sql")]
    words = {word for file in selects for word in re.findall(r"\w+", file.read_text("utf-8"))}
    asked: SimpleQueue[PublishedTable] = SimpleQueue()
    others: SimpleQueue[PublishedTable] = SimpleQueue()
    for table in tables:
        if not table.is_file_published:
            (asked if table.name in words else others).put(table)
    return asked, others


def _write_large(
    connection: duckdb.DuckDBPyConnection,
    tables: SimpleQueue[PublishedTable],
    rows: dict[str, int],
    until: Future[Any] | None = None,
) -> None:
    """Tables of draws, the next one left each time; none begun once ``until`` is done."""
    with suppress(Empty):
        while until is None or not until.done():
            table = tables.get_nowait()
            rows[table.name] = _create(connection, table)


def _place_for(folder: Path, place: Path) -> Path:
    """Where a finished folder belongs.

    The same release with other news of its sources is a further edition of it, `<name>-2` and so
    on: a reader that pinned the one before keeps it whole.
    """
    at, number = place, 1
    while at.is_dir() and not damage_of(at) and not _is_same(at, folder):
        number += 1
        at = place.with_name(f"{place.name}-{number}")
    return at


def _is_same(one: Path, other: Path) -> bool:
    """Whether two releases are byte-equal, but for blocks of the database that hold nothing."""
    told, others = (
        {**manifest_of(folder)["files"], DATABASE_NAME: None} for folder in (one, other)
    )
    return told == others


def _move_in(folder: Path, place: Path) -> None:
    """Give a finished folder its name; one of that name that is whole stays, another makes way."""
    if place.is_dir() and not damage_of(place):
        remove_folder(folder)
        return
    _set_aside(place)
    folder.rename(place)
    place.chmod(0o555)


def _set_aside(place: Path) -> Path:
    """Give a release a name that nobody lists; the next healing removes it."""
    aside = place.with_name(f"{_DAMAGED}{place.name}-{uuid.uuid4().hex[:8]}")
    if place.is_dir():
        place.chmod(0o755)
        place.rename(aside)
    return aside


def _link(place: Path, target: Path) -> None:
    fresh = target.with_name(f".{target.name}-{uuid.uuid4().hex}")
    fresh.symlink_to(Path(os.path.relpath(place, target.parent)), target_is_directory=True)
    os.replace(fresh, target)


def whole_releases(releases: Path) -> list[Path]:
    """Releases at hand that have a manifest, newest first; their files are not verified here."""
    found = []
    for path in releases.glob("[!.]*"):
        try:
            manifest = manifest_of(path)
            found.append((int(manifest["sequence"]), path.stat().st_mtime_ns, path))
        except (PublishError, KeyError, TypeError, ValueError):
            continue
    return [path for *_, path in sorted(found, reverse=True)]


def _forget_old(releases: Path, current: Path) -> None:
    """Keep the newest releases whole; of older ones the store keeps what they said.

    Of each the last edition stays, and of the present one the edition before, which may be read.
    """
    editions: dict[tuple[int, str], list[Path]] = {}
    for path in whole_releases(releases):
        told = manifest_of(path)
        editions.setdefault((told["sequence"], told["release_id"]), []).append(path)
    mine = next(key for key, paths in editions.items() if current in paths)
    own = [path for path in editions.pop(mine) if path != current]
    gone = own[1:]
    for number, paths in enumerate(editions.values(), start=1):
        gone += paths[1:] if number < kept_releases() else paths
    for path in gone:
        # out of sight first: half-removed, it would still be listed
        remove_folder(_set_aside(path))


def heal(target: Path, store: VintageStore) -> list[str]:
    """Put right what a killed run, a reader or a disk left wrong; only while no run is under way.

    Half-made folders go; a release that its manifest does not bear out is set aside; the link
    points to the newest whole release again; a finished release that the store does not know is
    entered there.

    Returns:
        One sentence for each thing that a person should know.
    """
    releases = releases_dir(target)
    told: list[str] = []
    store.sweep()
    for left in (*releases.glob(f"{_BUILDING}*"), *releases.glob(f"{_DAMAGED}*")):
        remove_folder(left)
    for left in target.parent.glob(f".{target.name}-*"):
        if left.is_symlink():
            left.unlink()
    if target.exists() and not target.is_symlink():
        return told
    served = target.resolve() if target.is_symlink() else None
    # where releases lay before they had manifests: served until there is a newer one
    legacy = target.parent / f".{target.name}-releases"
    if served is not None and served.parent == legacy.resolve() and served.is_dir():
        return told
    remove_folder(legacy)
    lost = store.set_damaged_aside()
    good: Path | None = None
    readable = whole_releases(releases)
    torn = [path for path in releases.glob("[!.]*") if path.is_dir() and path not in readable]
    for place in (*torn, *readable):
        wrong = damage_of(place)
        if not wrong:
            good = place
            break
        _set_aside(place)
        told.append(
            f"release {place.name} is damaged ({wrong[0]}"
            + (f" and {len(wrong) - 1} more" if len(wrong) > 1 else "")
            + "); it was set aside"
        )
    for place in reversed(whole_releases(releases)):
        if (place / "vintage" / "entry.json").is_file():
            store.add_from(place)
    for name in lost:
        is_back = (store.root / name).is_dir()
        told.append(
            f"vintage {name} was damaged; "
            + (
                "its release brought it back"
                if is_back
                else "it was set aside, and what it said is gone from the history until a backup "
                "brings it back (./run backup, ./run restore)"
            )
        )
    if good is not None and served != good.resolve():
        _link(good, target)
        told.append(f"readers are served release {good.name}, the last good one")
    elif good is None and target.is_symlink():
        target.unlink()
        told.append("there is no good release to serve; this run makes one")
    return told


def utc_now() -> dt.datetime:
    """Now, in UTC, to the second; SOURCE_DATE_EPOCH where a rebuild must come out byte-equal."""
    fixed = os.environ.get("SOURCE_DATE_EPOCH", "")
    if fixed.isdigit():
        return dt.datetime.fromtimestamp(int(fixed), dt.UTC).replace(tzinfo=None)
    return dt.datetime.now(dt.UTC).replace(microsecond=0, tzinfo=None)
