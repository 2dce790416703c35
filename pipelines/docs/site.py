"""The documentation as pages that open with no network: `./run docs [FOLDER]`.

Made from what is kept beside the code: the README of every room, the decisions, the papers, the
contracts of the tables and the folders of the sources. Nothing is written twice.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import jinja2
from markdown_it import MarkdownIt

from pipelines.catalog import load_catalog
from pipelines.docs.sources_page import PAGE, sources_page
from pipelines.paths import REPOSITORY, shown
from pipelines.publish.contract import PublishedTable
from pipelines.warehouse import sql_files

TEMPLATES = Path(__file__).resolve().parent / "templates"
PAPERS = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")
ROOMS = ("assets", "pipelines", "sql", "tests", "benchmarks", "deploy")


@dataclass(frozen=True)
class Page:
    """One page: where it comes from, its title, its group in the menu, its Markdown."""

    file: str
    title: str
    group: str
    text: str

    @property
    def address(self) -> str:
        """Name of its HTML file; the README of the project is the first page."""
        return (
            "index.html" if self.file == "README.md" else re.sub(r"[/.]", "-", self.file) + ".html"
        )


def _page(path: Path, group: str, root: Path) -> Page:
    text = path.read_text(encoding="utf-8")
    found = re.search(r"^# (.+)$", text, re.MULTILINE)
    return Page(str(path.relative_to(root)), found[1] if found else path.stem, group, text)


def _table_page(address: str, table: PublishedTable) -> Page:
    rows = [
        f"| `{one.name}` | {one.type} | {one.unit} | {_cell(one.meaning)} | {_cell(one.source)} |"
        for one in table.columns
    ]
    made = ", ".join(f"`{shown(file)}`" for file in sql_files(address))
    is_published = address.startswith("published.")
    title = table.name if is_published else address
    lines = [
        f"# {title}",
        "",
        table.description,
        "",
        f"Grain: {', '.join(f'`{name}`' for name in table.grain) or 'none'}. "
        f"Contract: `{table.place}`. "
        f"Made by: {made or 'an asset of that name'}.",
        "",
        "| column | type | unit | meaning | source |",
        "| --- | --- | --- | --- | --- |",
        *rows,
    ]
    group = "Published tables" if is_published else "Tables of the work database"
    return Page(f"tables/{title}", title, group, "\n".join(lines))


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


def pages(root: Path = REPOSITORY) -> list[Page]:
    """Every page, in the order of the menu."""
    found = [_page(root / name, "Project", root) for name in PAPERS if (root / name).is_file()]
    for room in ROOMS:
        found += [_page(file, "Rooms", root) for file in sorted((root / room).rglob("README.md"))]
    found += [
        _page(file, "Decisions", root)
        for file in sorted((root / "docs" / "decisions").glob("*.md"))
    ]
    found.append(Page("docs/SOURCES.md", "Sources", "Data", sources_page()))
    return found + [_table_page(*one) for one in load_catalog().items()]


def rendered(text: str, addresses: Mapping[str, str]) -> str:
    """Markdown as HTML: raw HTML stays text, a named page becomes a link to it."""
    html = MarkdownIt("commonmark", {"html": False}).enable("table").render(text)

    def linked(found: re.Match[str]) -> str:
        address = addresses.get(found[1]) or addresses.get(f"{found[1].rstrip('/')}/README.md")
        return f'<a href="{address}">{found[0]}</a>' if address else found[0]

    return re.sub(r"<code>([\w./-]+)</code>", linked, html)


def build(folder: Path) -> list[Path]:
    """Write every page and return the files.

    Args:
        folder: where to; made when missing. Files of earlier pages stay.
    """
    folder.mkdir(parents=True, exist_ok=True)
    every = pages()
    addresses = {page.file: page.address for page in every}
    addresses |= {page.title: page.address for page in every if page.file.startswith("tables/")}
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined
    )
    template = environment.get_template("site.html.j2")
    groups: dict[str, list[Page]] = {}
    for page in every:
        groups.setdefault(page.group, []).append(page)
    written = []
    for page in every:
        file = folder / page.address
        body = rendered(page.text, addresses)
        file.write_text(template.render(page=page, groups=groups, body=body), encoding="utf-8")
        written.append(file)
    return written


def main(arguments: list[str] | None = None) -> int:
    """Write docs/SOURCES.md anew and build the site."""
    parser = argparse.ArgumentParser(prog="./run docs", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=REPOSITORY / "site")
    chosen = parser.parse_args(arguments)
    PAGE.write_text(sources_page(), encoding="utf-8")
    written = build(chosen.folder)
    print(f"{len(written)} pages; open {shown(written[0])}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
