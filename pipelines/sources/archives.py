"""Archives without tricks: no path escape, no bomb, one named member at a time."""

from __future__ import annotations

import io
import lzma
import posixpath
import struct
import zipfile
import zlib

from pipelines.quarantine import SourceDrift

# what reading a damaged, cut-off, encrypted or oddly packed archive ends in
DAMAGED = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError, RuntimeError,
    NotImplementedError,
)  # fmt: skip
MAX_MEMBERS = 1_000
MAX_UNPACKED = 512 * 1024 * 1024


def open_zip(
    content: bytes, *, source: str, file: str, limit: int = MAX_UNPACKED
) -> zipfile.ZipFile:
    """A zip in memory whose names and announced sizes are sane.

    Raises:
        SourceDrift: not a zip, too many or too large members, a name that leaves its folder.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
        members = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, UnicodeDecodeError):
        raise SourceDrift(
            f"{source}: {file} is not a readable zip; it may be cut off: fetch it again"
        ) from None
    if len(members) > MAX_MEMBERS or sum(one.file_size for one in members) > limit:
        raise SourceDrift(
            f"{source}: {file} unpacks to more than {limit} bytes or {MAX_MEMBERS} files; it is "
            "not what this source gives"
        )
    for one in members:
        name = one.filename.replace("\\", "/")
        if name.startswith("/") or ":" in name or ".." in posixpath.normpath(name).split("/"):
            raise SourceDrift(
                f"{source}: {file} holds a member named {one.filename[:80]!r} that would leave its "
                "folder; do not unpack it"
            )
    return archive


def read_member(
    archive: zipfile.ZipFile, name: str, *, source: str, file: str, limit: int = MAX_UNPACKED
) -> bytes:
    """One member's bytes, at most `limit` of them.

    Raises:
        SourceDrift: the member is missing, damaged, encrypted or larger than it says.
    """
    try:
        with archive.open(name) as member:
            content = member.read(limit + 1)
    except KeyError:
        raise SourceDrift(
            f"{source}: {file} holds {', '.join(archive.namelist()[:8])}; expected {name}"
        ) from None
    except (*DAMAGED, ValueError):
        raise SourceDrift(
            f"{source}: {file}: its member {name} is damaged; fetch it again"
        ) from None
    if len(content) > limit:
        raise SourceDrift(f"{source}: {file}: {name} unpacks to more than {limit} bytes")
    return content
