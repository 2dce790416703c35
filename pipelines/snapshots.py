"""Bytes as received, kept for good: content-addressed, with a sidecar that says where from."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from pipelines.cadence import Ask
from pipelines.paths import write_whole

ASKS = "asked.jsonl"


class DamagedSnapshot(ValueError):
    """Bytes that were stored are gone or are no longer what was stored."""


@dataclass(frozen=True)
class Snapshot:
    """One retrieval of one source.

    Attributes:
        source: short name of the source, a folder name.
        sha256: hash of the bytes, also the file's name.
        url: where it came from, without secrets.
        retrieved_at: UTC instant of the retrieval, ISO 8601.
        licence: licence tag of the data.
        http_status: 200 for a plain answer; 0 for a file that somebody dropped.
        is_embedded: True for what the repository itself carries.
        part: which piece of the source this is (a query, a file name); "" for a source that
            comes whole.
        etag, last_modified: the server's validators, for the next request.
        as_of: the day the content speaks of, YYYY-MM-DD: as it prints, or as the name of a
            dropped file or the operator says; None where nothing says so.
    """

    source: str
    sha256: str
    url: str
    retrieved_at: str
    licence: str
    http_status: int
    is_embedded: bool = False
    part: str = ""
    etag: str | None = None
    last_modified: str | None = None
    as_of: str | None = None

    @property
    def as_of_on(self) -> dt.date | None:
        """`as_of` as a date."""
        return dt.date.fromisoformat(self.as_of) if self.as_of else None

    @property
    def retrieved(self) -> dt.datetime:
        """`retrieved_at` as an aware UTC instant."""
        return dt.datetime.fromisoformat(self.retrieved_at)


def _stamp(instant: dt.datetime) -> str:
    return instant.astimezone(dt.UTC).isoformat(timespec="microseconds")


class SnapshotStore:
    """A folder of snapshots: `<root>/<source>/<sha256>.bin` and one sidecar per retrieval."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(
        self,
        source: str,
        content: bytes,
        *,
        url: str,
        licence: str,
        retrieved_at: dt.datetime,
        http_status: int = 200,
        part: str | None = None,
        etag: str | None = None,
        last_modified: str | None = None,
        as_of: dt.date | None = None,
    ) -> Snapshot:
        """Keep the bytes once and note this retrieval; nothing is ever overwritten.

        Args:
            source: short name, letters, digits and _ only.
            content: bytes as received.
            url: where from, without secrets; `file:NAME` for a dropped file.
            licence: licence tag.
            retrieved_at: aware instant of the retrieval.
            http_status: 0 for a dropped file.
            part: piece of the source; None means the whole source, or for a dropped file
                (status 0) its own name, so that two files never hide one another.
            etag, last_modified: validators the server gave.
            as_of: the day the content speaks of, where that is known.
        """
        if not source.replace("_", "").isalnum():
            raise ValueError(f"{source!r} is no source name: letters, digits and _ only")
        if part is None:
            part = url.rsplit("/", 1)[-1].removeprefix("file:") if http_status == 0 else ""
        snapshot = Snapshot(
            source=source,
            sha256=hashlib.sha256(content).hexdigest(),
            url=url,
            retrieved_at=_stamp(retrieved_at),
            licence=licence,
            http_status=http_status,
            part=part,
            etag=etag,
            last_modified=last_modified,
            as_of=as_of.isoformat() if as_of else None,
        )
        return self._keep(snapshot, content)

    def _keep(self, snapshot: Snapshot, content: bytes) -> Snapshot:
        folder, digest = self.root / snapshot.source, snapshot.sha256
        # the same bytes come again mend a file that was damaged in the meantime
        if not self.is_whole(snapshot):
            write_whole(folder / f"{digest}.bin", content)
        note = json.dumps(asdict(snapshot), indent=1, ensure_ascii=False).encode()
        # two pieces of one source may hold the same bytes at the same instant
        mark = hashlib.sha256(note).hexdigest()[:8]
        sidecar = folder / f"{snapshot.retrieved:%Y%m%dT%H%M%S%fZ}-{digest[:16]}-{mark}.json"
        if not sidecar.exists():
            write_whole(sidecar, note)
        return snapshot

    def confirm(self, snapshot: Snapshot, *, retrieved_at: dt.datetime) -> Snapshot:
        """Note that the source still gives the same bytes (HTTP 304)."""
        again = replace(
            snapshot, retrieved_at=_stamp(retrieved_at), http_status=304, is_embedded=False
        )
        return self._keep(again, self.read(snapshot))

    def retrievals(self, source: str, as_of: dt.datetime | None = None) -> list[Snapshot]:
        """Every retrieval noted, oldest first; up to `as_of` (aware) when given.

        An edition that was out by then counts, though it was dropped here later. A sidecar that
        cannot be read is passed over; `unreadable` names it.
        """
        found = [one for one in self._sidecars(source).values() if one is not None]
        if as_of is not None:
            found = [
                one
                for one in found
                if one.retrieved <= as_of
                or (one.as_of_on is not None and one.as_of_on <= as_of.date())
            ]
        return sorted(found, key=lambda one: (one.retrieved, one.sha256, one.part))

    def _sidecars(self, source: str) -> dict[str, Snapshot | None]:
        found: dict[str, Snapshot | None] = {}
        for path in (self.root / source).glob("*.json"):
            try:
                found[path.name] = Snapshot(**json.loads(path.read_text(encoding="utf-8")))
            except (OSError, ValueError, TypeError):
                found[path.name] = None
        return found

    def unreadable(self, source: str) -> list[str]:
        """One sentence for each sidecar that says no longer what was retrieved."""
        return [
            f"raw/{source}/{name} is no readable sidecar; the retrievals before it are used, fetch "
            "or drop the file again"
            for name, one in sorted(self._sidecars(source).items())
            if one is None
        ]

    def note_ask(self, source: str, ask: Ask) -> None:
        """Add one line to the source's record of askings."""
        folder = self.root / source
        folder.mkdir(parents=True, exist_ok=True)
        line = json.dumps({**asdict(ask), "asked_at": ask.asked_at.isoformat()}, ensure_ascii=False)
        with (folder / ASKS).open("a", encoding="utf-8") as file:
            # a line cut off by a kill must not swallow the next
            file.write(("\n" if file.tell() else "") + line)

    def asks(self, source: str, as_of: dt.datetime | None = None) -> list[Ask]:
        """Every asking noted, oldest first; a line that a kill cut off is passed over."""
        file = self.root / source / ASKS
        if not file.is_file():
            return []
        found = []
        for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                note = json.loads(line)
                at = dt.datetime.fromisoformat(note["asked_at"])
                found.append(Ask(at, bool(note["is_answered"]), str(note["outcome"])))
            except (ValueError, KeyError, TypeError):
                continue
        return [one for one in found if as_of is None or one.asked_at <= as_of]

    def holds(self, source: str, content: bytes) -> bool:
        """Whether these very bytes are kept already."""
        return (self.root / source / f"{hashlib.sha256(content).hexdigest()}.bin").exists()

    def read(self, snapshot: Snapshot) -> bytes:
        """The bytes, checked against their hash.

        Raises:
            DamagedSnapshot: the file is gone or was changed after it was stored.
        """
        name = f"raw/{snapshot.source}/{snapshot.sha256}.bin"
        try:
            content = (self.root / snapshot.source / f"{snapshot.sha256}.bin").read_bytes()
        except OSError as error:
            raise DamagedSnapshot(
                f"{name} of {snapshot.retrieved_at[:10]} cannot be read "
                f"({error.strerror or type(error).__name__}); the retrieval before it is used, "
                "fetch or drop the file again"
            ) from error
        if hashlib.sha256(content).hexdigest() != snapshot.sha256:
            raise DamagedSnapshot(
                f"{name} of {snapshot.retrieved_at[:10]} does not match its hash; the retrieval "
                "before it is used, fetch or drop the file again"
            )
        return content

    def is_whole(self, snapshot: Snapshot) -> bool:
        """Whether its bytes are there as they were stored."""
        try:
            self.read(snapshot)
        except DamagedSnapshot:
            return False
        return True
