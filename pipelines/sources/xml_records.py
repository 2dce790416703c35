"""XML records one at a time, from strangers: no entity is expanded, memory stays bounded."""

from __future__ import annotations

import io
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import BinaryIO
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import iterparse

from pipelines.quarantine import SourceDrift

MAX_DEPTH = 40
MAX_RECORD_ELEMENTS = 200_000


def local_name(element: Element) -> str:
    """Tag without its namespace."""
    return element.tag.rsplit("}", 1)[-1]


def records(
    content: bytes | Path,
    tags: Collection[str],
    *,
    source: str,
    file: str,
    root: str,
    max_bytes: int,
) -> Iterator[tuple[int, Element]]:
    """Yield the root as it opens (number 0), then each whole element named in `tags`.

    Elements outside the records are dropped as they close, each record after it was used, so that
    a file of any length needs the memory of its largest record.

    Args:
        content: bytes, or a file that is read as a stream.
        tags: local names of the records; a record inside a record belongs to the outer one.
        source, file: for messages.
        root: local name the document element must have.
        max_bytes: size cap.

    Raises:
        SourceDrift: not well-formed, another document, a document type or entities, too deep, or
            too large; names the line.
    """
    size = len(content) if isinstance(content, bytes) else content.stat().st_size
    if size > max_bytes:
        raise SourceDrift(
            f"{source}: {file} has {size} bytes, more than the {max_bytes} of any edition known"
        )
    stream: BinaryIO = io.BytesIO(content) if isinstance(content, bytes) else content.open("rb")
    try:
        yield from _records(stream, frozenset(tags), source=source, file=file, root=root)
    except ParseError as error:
        line = error.position[0] if hasattr(error, "position") else 0
        raise SourceDrift(
            f"{source}: {file}, line {line}: not well-formed XML ({error}); the download was cut "
            "off or is another kind of file: fetch it again"
        ) from error
    except DefusedXmlException as error:
        raise SourceDrift(
            f"{source}: {file} declares a document type or entities ({type(error).__name__}); the "
            "publisher's file has none: do not use this copy"
        ) from error
    except (UnicodeError, LookupError, ValueError) as error:
        if isinstance(error, SourceDrift):
            raise
        raise SourceDrift(
            f"{source}: {file} is not readable as XML ({error}); fetch it again"
        ) from error
    finally:
        stream.close()


def _records(
    stream: BinaryIO, tags: frozenset[str], *, source: str, file: str, root: str
) -> Iterator[tuple[int, Element]]:
    above: list[Element] = []
    open_record: Element | None = None
    inside = number = 0
    for event, element in iterparse(stream, events=("start", "end"), forbid_dtd=True):
        name = local_name(element) if isinstance(element.tag, str) else ""
        if event == "start":
            if not above:
                if name != root:
                    raise SourceDrift(
                        f"{source}: {file} is a document of <{name[:80]}>, expected <{root}>; "
                        "this is another file"
                    )
                yield 0, element
            above.append(element)
            if len(above) > MAX_DEPTH:
                raise SourceDrift(
                    f"{source}: {file} nests elements more than {MAX_DEPTH} deep; the publisher's "
                    "file does not: do not use this copy"
                )
            if open_record is None and name in tags:
                open_record, inside = element, 0
            elif open_record is not None:
                inside += 1
                if inside > MAX_RECORD_ELEMENTS:
                    raise SourceDrift(
                        f"{source}: {file} has a record of more than {MAX_RECORD_ELEMENTS} "
                        "elements; the publisher's file does not: do not use this copy"
                    )
            continue
        above.pop()
        if open_record is None:
            if above:
                above[-1].remove(element)
        elif element is open_record:
            number += 1
            yield number, element
            open_record = None
            if above:
                above[-1].remove(element)


def child_text(element: Element, name: str) -> str | None:
    """Text of the first child of that local name; None when absent or blank."""
    for child in element:
        if isinstance(child.tag, str) and local_name(child) == name:
            text = "".join(child.itertext())
            return text if text.strip() else None
    return None


def children(element: Element, name: str) -> list[Element]:
    """Children of that local name."""
    return [child for child in element if isinstance(child.tag, str) and local_name(child) == name]


def descendants(element: Element, name: str) -> Iterator[Element]:
    """Elements of that local name at any depth below."""
    return (
        below
        for below in element.iter()
        if isinstance(below.tag, str) and local_name(below) == name and below is not element
    )
