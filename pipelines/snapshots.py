"""Bytes as received, kept for good: content-addressed, with a sidecar that says where from."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from pipelines.cadence import Ask

ASKS = "asked.jsonl"


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


def _write_whole(path: Path, content: bytes) -> None:
    """Write beside, then move: a reader sees the whole file or none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".part-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


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
        digest = hashlib.sha256(content).hexdigest()
        stamp = retrieved_at.astimezone(dt.UTC)
        snapshot = Snapshot(
            source=source,
            sha256=digest,
            url=url,
            retrieved_at=stamp.isoformat(timespec="microseconds"),
            licence=licence,
            http_status=http_status,
            part=part,
            etag=etag,
            last_modified=last_modified,
            as_of=as_of.isoformat() if as_of else None,
        )
        folder = self.root / source
        data = folder / f"{digest}.bin"
        if not data.exists():
            _write_whole(data, content)
        note = json.dumps(asdict(snapshot), indent=1, ensure_ascii=False).encode()
        # two pieces of one source may hold the same bytes at the same instant
        mark = hashlib.sha256(note).hexdigest()[:8]
        sidecar = folder / f"{stamp:%Y%m%dT%H%M%S%fZ}-{digest[:16]}-{mark}.json"
        if not sidecar.exists():
            _write_whole(sidecar, note)
        return snapshot

    def confirm(self, snapshot: Snapshot, *, retrieved_at: dt.datetime) -> Snapshot:
        """Note that the source still gives the same bytes (HTTP 304)."""
        return self.put(
            snapshot.source,
            self.read(snapshot),
            url=snapshot.url,
            licence=snapshot.licence,
            retrieved_at=retrieved_at,
            http_status=304,
            part=snapshot.part,
            etag=snapshot.etag,
            last_modified=snapshot.last_modified,
            as_of=snapshot.as_of_on,
        )

    def retrievals(self, source: str, as_of: dt.datetime | None = None) -> list[Snapshot]:
        """Every retrieval noted, oldest first; up to `as_of` (aware) when given.

        An edition that was out by then counts, though it was dropped here later.

        Raises:
            ValueError: a sidecar is not ours; the message names it.
        """
        found = []
        for path in (self.root / source).glob("*.json"):
            try:
                found.append(Snapshot(**json.loads(path.read_text(encoding="utf-8"))))
            except (ValueError, TypeError) as error:
                raise ValueError(
                    f"raw/{source}/{path.name} is not a readable sidecar; move it away, the "
                    "snapshot beside it stays"
                ) from error
        if as_of is not None:
            found = [
                one
                for one in found
                if one.retrieved <= as_of
                or (one.as_of_on is not None and one.as_of_on <= as_of.date())
            ]
        return sorted(found, key=lambda one: (one.retrieved, one.sha256, one.part))

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

    def newest(self, source: str, as_of: dt.datetime | None = None) -> Snapshot | None:
        """The last retrieval, or the last one up to `as_of`."""
        found = self.retrievals(source, as_of)
        return found[-1] if found else None

    def newest_parts(self, source: str, as_of: dt.datetime | None = None) -> list[Snapshot]:
        """The last retrieval of each piece of a source, oldest first."""
        last = {one.part: one for one in self.retrievals(source, as_of)}
        return sorted(last.values(), key=lambda one: (one.retrieved, one.sha256, one.part))

    def read(self, snapshot: Snapshot) -> bytes:
        """The bytes, checked against their hash.

        Raises:
            ValueError: the file was changed after it was stored.
        """
        content = (self.root / snapshot.source / f"{snapshot.sha256}.bin").read_bytes()
        if hashlib.sha256(content).hexdigest() != snapshot.sha256:
            raise ValueError(
                f"snapshot {snapshot.source}/{snapshot.sha256[:12]} does not match its hash; "
                "delete it and fetch again"
            )
        return content
