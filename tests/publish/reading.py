"""Pages read as a reader's program would: numbers with their places, links, text, policies."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

import duckdb

from pipelines.publish.contract import load_contract

VOID = {"meta", "br", "input", "link", "img", "hr"}


@dataclass
class Told:
    """A number or a text of a page, and the place it says it stands at."""

    source: str
    value: str | None
    text: str = ""
    code: str | None = None


@dataclass
class Page(HTMLParser):
    """One page, parsed."""

    path: Path
    told: list[Told] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    loads: list[str] = field(default_factory=list)
    scripts: list[str] = field(default_factory=list)
    styles: list[str] = field(default_factory=list)
    policy: str = ""
    inline: list[str] = field(default_factory=list)
    # text outside of anything that says where it stands: (element path, text)
    loose: list[tuple[tuple[str, ...], str]] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._open: list[tuple[str, dict[str, str | None]]] = []
        self._now: list[Told] = []
        self.source = self.path.read_text(encoding="utf-8")
        self.feed(self.source)
        assert self._open == [], f"{self.path.name}: left open: {self._open}"

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        if tag not in VOID:
            self._open.append((tag, found))
        if found.get("id"):
            self.ids.append(found["id"])
        if tag == "a" and found.get("href") is not None:
            self.links.append(found["href"])
        elif found.get("src") or (found.get("href") and tag != "a"):
            self.loads.append(found.get("src") or found["href"])
        if found.get("http-equiv") == "Content-Security-Policy":
            self.policy = found["content"]
        self.inline += [f"{tag} {name}" for name in found if name.startswith("on")]
        self.inline += [f"{tag} style" for name in found if name == "style"]
        if found.get("data-from"):
            told = Told(found["data-from"], found.get("value"), "", found.get("data-code"))
            self.told.append(told)
            self._now.append(told)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            if self.rows:
                self.rows[-1].append("")
            if found.get("data-label"):
                self.labels.append(found["data-label"])

    def handle_endtag(self, tag):
        opened, found = self._open.pop()
        assert opened == tag, f"{self.path.name}: <{opened}> ended by </{tag}>"
        if found.get("data-from"):
            self._now.pop()

    def handle_data(self, data):
        tags = tuple(tag for tag, _ in self._open)
        if tags and tags[-1] == "script":
            self.scripts.append(data)
        elif tags and tags[-1] == "style":
            self.styles.append(data)
        else:
            for told in self._now:
                told.text += data
            if self.rows and self.rows[-1] and ("td" in tags or "th" in tags):
                self.rows[-1][-1] += data
            if not self._now and "svg" not in tags:
                self.loose.append((tags, data))

    @property
    def cells(self) -> list[list[str]]:
        """Rows of every table, as text."""
        return [[" ".join(cell.split()) for cell in row] for row in self.rows if row]

    @property
    def text(self) -> str:
        """All text outside of drawings, one space between words."""
        found = re.sub(r"(?s)<(script|style|svg).*?</\1>|<[^>]+>", " ", self.source)
        return " ".join(found.split())


def pages_of(release: Path) -> list[Page]:
    """The report's pages of a release."""
    return [Page(release / "report.html"), *map(Page, sorted((release / "report").glob("*.html")))]


def hash_of(text: str) -> str:
    """The source expression of a policy that lets this text stand."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


class Places:
    """Looks up table/column/key in a release, where the key's parts are the table's grain."""

    def __init__(self, reader: duckdb.DuckDBPyConnection) -> None:
        self.reader = reader
        self.contract = load_contract()
        self.rows: dict[str, dict[str, dict[str, object]]] = {}

    def __getitem__(self, place: str) -> object:
        table, column, key = (*place.split("/", 2), "")[:3]
        if table not in self.rows:
            found = self.reader.execute(f'select * from "{table}"')
            names = [one[0] for one in found.description or ()]
            rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
            grain = self.contract[table].grain
            self.rows[table] = {"/".join(str(row[name]) for name in grain): row for row in rows}
            assert len(self.rows[table]) == len(rows)
        return self.rows[table][key][column]
