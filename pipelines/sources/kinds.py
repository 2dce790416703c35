"""What kinds of files people may drop: found by listing the folders of the sources."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable
from pathlib import Path

from pipelines.inbox import HEAD_BYTES, FileRefused, Kind, Loaded
from pipelines.quarantine import Split
from pipelines.snapshots import SnapshotStore
from pipelines.sources.editions import as_of_dropped, told_of
from pipelines.sources.folders import (
    OfficialList,
    OwnKeeper,
    SourceFolder,
    list_folders,
    official_lists,
    own_keepers,
)

MAX_MEMORY_BYTES = 1024**3
Parse = Callable[[bytes, str], Split]


def taken(
    store: SnapshotStore,
    source: str,
    licence: str,
    parse: Parse,
    part: str | None,
    *,
    is_edition: bool = True,
) -> Callable[[Path, str], Loaded]:
    """Read a whole file against its contract, then keep its bytes.

    An edition has its place by the day it speaks of; pieces whose rows carry their own days, and
    tables edited by hand, have it by the day they came.
    """

    def load(path: Path, name: str) -> Loaded:
        size = path.stat().st_size
        if size > MAX_MEMORY_BYTES:
            raise FileRefused(
                f"{source}: the file has {size} bytes, more than {MAX_MEMORY_BYTES}; split it"
            )
        content = path.read_bytes()
        split = parse(content, name).proved(source, name)
        sha256 = hashlib.sha256(content).hexdigest()
        place = name if part is None else part
        held = [one for one in store.retrievals(source) if one.part == place]
        note = ""
        if all(one.sha256 != sha256 for one in held):
            by_day = is_edition and part is not None
            kept = store.put(
                source,
                content,
                url=f"file:{name}",
                licence=licence,
                retrieved_at=dt.datetime.now(dt.UTC),
                http_status=0,
                part=place,
                as_of=as_of_dropped(source, content, name) if by_day else None,
            )
            note = told_of(kept, held) if by_day else ""
        refused = [
            (int(line), str(column), str(reason))
            for line, column, reason in split.quarantined.select("line", "column", "reason")
            .head(20)
            .iter_rows()
        ]
        return Loaded(source, split.rows_in, split.kept.height, refused, note)

    return load


def _listed(store: SnapshotStore, lists: list[OfficialList]) -> Kind:
    """A file of one of the lists that a folder reads; its name tells which where there are several.

    A file less than half as long as the last of its kind is not taken for an edition of a list
    that is told by name: it may be of the other.
    """
    module, dropped, named_as = lists[0].module, lists[0].dropped, lists[0].named_as

    def load(path: Path, name: str) -> Loaded:
        with path.open("rb") as file:
            part = module.part_of(file.read(HEAD_BYTES))
        tell = getattr(module, "list_named", lambda _: lists[0].source)
        try:
            source = tell(name)
        except ValueError as error:
            raise FileRefused(str(error)) from error
        official = next(one for one in lists if one.source == source)
        earlier = [one for one in store.retrievals(source) if one.part == part]
        if earlier and named_as:
            before, now = len(store.read(earlier[-1])), path.stat().st_size
            if 2 * now < before:
                raise FileRefused(
                    f"{source}: {name} has {now} bytes where the last edition had {before}: it is "
                    f"cut off, or of the other list; {named_as}"
                )
        at = dt.datetime.now(dt.UTC)
        return taken(
            store,
            source,
            official.licence,
            lambda content, shown: official.check(part, content, shown, at),
            part,
        )(path, name)

    return Kind(lists[0].folder, dropped, lambda _, head: module.part_of(head) is not None, load)


def _feed(store: SnapshotStore, folder: SourceFolder) -> Kind:
    part = "" if folder.is_one_file else None
    return Kind(
        folder.name,
        folder.dropped,
        folder.recognise,
        taken(store, folder.name, folder.licence, folder.parse, part),
    )


def _own(keeper: OwnKeeper) -> Kind:
    return Kind(
        keeper.name,
        keeper.dropped,
        lambda path, _: keeper.module.is_of(path),
        keeper.module.take,
        lambda path, _: keeper.module.why_not(path),
    )


def source_kinds(store: SnapshotStore) -> list[Kind]:
    """Every kind of file that a source's folder reads, in the order it is tried."""
    by_folder: dict[str, list[OfficialList]] = {}
    for official in official_lists():
        by_folder.setdefault(official.folder, []).append(official)
    return [
        *(_listed(store, lists) for lists in by_folder.values()),
        *(_feed(store, folder) for folder in list_folders()),
        *(_own(keeper) for keeper in own_keepers()),
    ]


def holder(store: SnapshotStore) -> Callable[[str, str], bool]:
    """Tells of a source and a hash whether what was loaded from that dropped file is still held."""
    keepers = {one.name: one.module for one in own_keepers()}

    def holds(source: str, sha256: str) -> bool:
        if source in keepers:
            return keepers[source].holds(sha256)
        return (store.root / source / f"{sha256}.bin").is_file()

    return holds
