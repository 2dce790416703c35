"""Bytes as received, kept for good: content-addressed, with a sidecar that says where from."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path


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
    """

    source: str
    sha256: str
    url: str
    retrieved_at: str
    licence: str
    http_status: int
    is_embedded: bool = False


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
    ) -> Snapshot:
        """Keep the bytes once and note this retrieval; nothing is ever overwritten."""
        if not source.replace("_", "").isalnum():
            raise ValueError(f"{source!r} is no source name: letters, digits and _ only")
        digest = hashlib.sha256(content).hexdigest()
        stamp = retrieved_at.astimezone(dt.UTC)
        snapshot = Snapshot(
            source=source,
            sha256=digest,
            url=url,
            retrieved_at=stamp.isoformat(timespec="seconds"),
            licence=licence,
            http_status=http_status,
        )
        folder = self.root / source
        data = folder / f"{digest}.bin"
        if not data.exists():
            _write_whole(data, content)
        sidecar = folder / f"{stamp:%Y%m%dT%H%M%S%fZ}-{digest[:16]}.json"
        if not sidecar.exists():
            _write_whole(sidecar, json.dumps(asdict(snapshot), indent=1).encode())
        return snapshot

    def newest(self, source: str, as_of: dt.datetime | None = None) -> Snapshot | None:
        """The last retrieval, or the last one up to `as_of`."""
        found = [
            Snapshot(**json.loads(path.read_text(encoding="utf-8")))
            for path in sorted((self.root / source).glob("*.json"))
        ]
        if as_of is not None:
            found = [one for one in found if dt.datetime.fromisoformat(one.retrieved_at) <= as_of]
        return max(found, key=lambda one: (one.retrieved_at, one.sha256), default=None)

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
