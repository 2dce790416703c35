"""Pages of a release, each a template with the selects it names.

A page is one template: `templates/pages/<place>_<name>.html.j2`, its title on the first line.
A template `templates/each/each_<name>.html.j2` makes one page a row of `each_<name>.sql`, which
names it in column `page`. A stream shows what it alone has by templates and selects of the same
names in its own folder, `pipelines/streams/<stream>/report/`. Every number passes `Site.number`,
which notes the table, column and key it stands under, so that a test can read it back from the
release.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import duckdb
import jinja2
import polars as pl
import vl_convert
from markupsafe import Markup, escape

from pipelines.csv_safety import write_csv
from pipelines.paths import SQL_DIR, STREAMS_DIR
from pipelines.publish.contract import PublishedTable, load_contract
from pipelines.publish.site import charts, helpers, words

TEMPLATES = Path(__file__).resolve().parent.parent / "templates"
# what several selects of pages start from
VIEWS = SQL_DIR / "report" / "views"
FRONT = "report"
LICENCE = "CC BY 4.0"
_NAME = re.compile(r"[a-z0-9_-]+")
_TITLE = re.compile(r"\{#-?\s*(.+?)\s*-?#\}")
_CELL = re.compile(r"<(td|th)(?=[ >])")
Row = dict[str, Any]


class PageError(ValueError):
    """A page cannot be made; says which and why."""


def _hash(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"


def _files(pattern: str) -> list[Path]:
    return [
        *sorted(SQL_DIR.glob(f"report/{pattern}")),
        *sorted(STREAMS_DIR.glob(f"*/report/{pattern}")),
    ]


def _templates(own: str, of_streams: str) -> list[Path]:
    return [
        *sorted(TEMPLATES.glob(own)),
        *sorted(STREAMS_DIR.glob(f"*/report/{of_streams}")),
    ]


@functools.cache
def select_of(name: str) -> str:
    """The text of a report's select.

    Raises:
        PageError: no file, or two, of that name.
    """
    found = _files(f"{name}.sql")
    if len(found) != 1:
        raise PageError(f"report select {name}: {len(found)} files of that name, one is needed")
    return found[0].read_text(encoding="utf-8")


def title_of(template: Path) -> str:
    """The words on a template's or select's first line."""
    first = template.read_text(encoding="utf-8").partition("\n")[0]
    found = _TITLE.match(first)
    return found[1] if found else first.removeprefix("--").strip()


class Site:
    """One release's pages while they are made."""

    def __init__(self, reader: duckdb.DuckDBPyConnection, folder: Path) -> None:
        self.reader, self.folder = reader, folder
        for view in sorted(VIEWS.glob("*.sql")):
            text = view.read_text(encoding="utf-8")
            reader.execute(f'create or replace temp view "{view.stem}" as {text}')
        self.contract: dict[str, PublishedTable] = load_contract()
        self.style = (TEMPLATES / "style.css").read_text(encoding="utf-8")
        self.script = (TEMPLATES / "page.js").read_text(encoding="utf-8")
        self._asked: dict[tuple[str, str], list[Row]] = {}
        self.up = ""
        self.environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader([TEMPLATES, STREAMS_DIR]),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=["jinja2.ext.do"],
        )
        # from here on the environment's own names do not narrow what may be added
        known: dict[str, Any] = self.environment.globals
        known |= helpers.GLOBALS
        own = (
            self.rows, self.row, self.number, self.usd, self.span, self.said, self.stated,
            self.table,
            self.figure, self.to, self.body, self.party, self.document, self.figure_link,
            self.csv_file,
            self.stream_selects, self.years_of,
        )  # fmt: skip
        known |= {one.__name__: one for one in own}
        known |= {"chart": charts.chart, "contract": list(self.contract.values())}
        filters: dict[str, Any] = self.environment.filters
        filters |= helpers.FILTERS
        filters |= {one.__name__: one for one in (self.stream_title, self.streams_said)}
        self._written: set[str] = set()

    # rows

    def rows(self, name: str, **params: Any) -> list[Row]:
        """Rows of a report's select as dicts; asked once for the same values."""
        key = (name, repr(sorted(params.items())))
        if key not in self._asked:
            found = self.reader.execute(select_of(name), params)
            columns = [column[0] for column in found.description or ()]
            self._asked[key] = [
                helpers.with_words(dict(zip(columns, row, strict=True))) for row in found.fetchall()
            ]
        return self._asked[key]

    def row(self, name: str, **params: Any) -> Row | None:
        """The first row of a report's select, or None."""
        found = self.rows(name, **params)
        return found[0] if found else None

    # cells

    def _source(self, row: Row, table: str, column: str) -> str:
        if table in self.contract:
            keys = [row[name] for name in self.contract[table].grain]
        else:
            # a select of the report: its key is what it says itself
            keys = [row[name] for name in str(row["row_key"]).split()] if row.get("row_key") else []
        return "/".join([table, column, *(str(key) for key in keys)])

    def number(
        self, row: Row, table: str, column: str, show: Callable[[Any], str] | str = words.plain
    ) -> Markup:
        """A number with the place it stands at: table, column and key.

        Args:
            row: holds the table's key and the column.
            table: a published table, or a select of the report whose `row_key` names its key.
            show: the number in words: a function, or percent, round, months.
        """
        value = row[column]
        if value is None:
            return Markup('<span class="soft">not known</span>')
        shown = helpers.SHOW[show] if isinstance(show, str) else show
        return Markup('<data value="{}" data-from="{}">{}</data>').format(
            f"{value:.6g}" if isinstance(value, float) else value,
            self._source(row, table, column),
            shown(value).replace("-", "−"),
        )

    def usd(self, row: Row, table: str, column: str) -> Markup:
        """US dollars as millions, in the digits their Monte Carlo error allows."""
        error = row.get(f"mcse_{column}")
        return self.number(row, table, column, lambda value: helpers.few_usd(value, error))

    def span(
        self, row: Row, table: str, prefix: str = "", show: Callable[[Any], str] | str = "usd"
    ) -> Markup:
        """The central 90% of a row with 5% and 95% points."""
        names = (f"{prefix}q05", f"{prefix}q95")
        if row[names[0]] is None:
            return Markup('<span class="soft">not known</span>')
        low, high = (
            self.usd(row, table, name) if show == "usd" else self.number(row, table, name, show)
            for name in names
        )
        return Markup('<span class="nowrap">{}–{}</span>').format(low, high)

    def said(self, row: Row, table: str, column: str, text: str | None = None) -> Markup:
        """Text as it stands in a table, or its words where `text` is given."""
        value = row[column]
        if value is None:
            return Markup("")
        return Markup('<span data-from="{}"{}>{}</span>').format(
            self._source(row, table, column),
            Markup(' data-code="{}"').format(value) if text is not None else "",
            value if text is None else text,
        )

    def stated(self, row: Row) -> Markup:
        """What a figure states: a value, a range, or a bound, each end where it stands."""

        def end(column: str, *, bare: bool = False) -> Markup:
            return self.number(
                row, "figures", column, lambda value: words.amount(value, row["unit"], bare=bare)
            )

        low, central, high = (row[name] is not None for name in ("low", "central", "high"))
        if low and high and row["low"] != row["high"]:
            both = Markup("{} to {}").format(end("low", bare=True), end("high"))
            return Markup("{} ({})").format(end("central"), both) if central else both
        if central:
            return end("central")
        if low and not high:
            return Markup("at least {}").format(end("low"))
        if high and not low:
            return Markup("at most {}").format(end("high"))
        return end("low") if low else Markup("")

    def document(self, row: Row, title: str = "source_title", url: str = "source_url") -> Markup:
        """A document's title as a link, where it has an address of the web."""
        address, name = (
            helpers.web_address(row.get(url)),
            row.get(title) or row.get(url) or "not linked",
        )
        if not address:
            return Markup("<cite>{}</cite>").format(name)
        return Markup('<a rel="noopener noreferrer nofollow" href="{}"><cite>{}</cite></a>').format(
            address, name
        )

    # links

    def to(self, page: str) -> str:
        """The address of a page, its anchor included, from the page being made."""
        name, _, place = page.partition("#")
        end = f"#{place}" if place else ""
        if name == FRONT:
            return f"{self.up}{FRONT}.html{end}"
        return f"{'' if self.up else 'report/'}{name}.html{end}"

    def party(self, party_id: str | None, name: str) -> Markup:
        """A party's name, leading to it in the network."""
        if not party_id:
            return escape(name)
        return Markup('<a href="{}network.html#party={}">{}</a>').format(self.up, party_id, name)

    def body(self, row: Row) -> Markup:
        """Who first said a figure, by name, leading to all that this body said."""
        at = self.to(f"bodies#{helpers.anchor(row['root_id'] or '')}")
        return Markup('<a href="{}">{}</a>').format(
            at, self._bodies.get(row["origin_id"], "not named")
        )

    @functools.cached_property
    def _bodies(self) -> dict[str, str]:
        return {row["origin_id"]: row["name"] for row in self.rows("origins_all")}

    def figure_link(self, row: Row, column: str = "observation_id") -> Markup:
        """A figure's id, leading to all that is known of it."""
        name = row[column]
        if not name:
            return Markup("")
        at = self.to(f"figures-{row['stream']}#{helpers.anchor(name)}")
        return Markup('<a href="{}">{}</a>').format(at, name)

    # blocks

    def table(
        self,
        caption: str,
        heads: Sequence[str],
        rows: Iterable[Row],
        *,
        id: str = "",
        row_id: str = "",
        kind: str = "",
        caller: Callable[[Row], str],
    ) -> Markup:
        """A table: the caller makes a row's cells, a header cell first; narrow screens read each
        cell with its head.
        """
        body = []
        for row in rows:
            labels = iter(heads)

            def labelled(found: re.Match[str], labels: Any = labels) -> str:
                return f'<{found[1]} data-label="{escape(next(labels))}"'

            cells = Markup(_CELL.sub(labelled, str(caller(row)).strip()))  # noqa: S704 - escaped by the template
            place = helpers.anchor(str(row[row_id] or "")) if row_id else ""
            name = Markup(' id="{}"').format(place) if place else ""
            body.append(Markup("<tr{}>{}</tr>").format(name, cells))
        if not body:
            return Markup('<p class="soft">{}: none.</p>').format(caption)
        head = Markup("").join(Markup('<th scope="col">{}</th>').format(name) for name in heads)
        return Markup(
            '<div class="scroll" tabindex="0" role="region" aria-label="{}"><table{} class="{}">'
            "<caption>{}</caption><thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>"
        ).format(
            caption,
            Markup(' id="{}"').format(id) if id else "",
            kind,
            caption,
            head,
            Markup("\n").join(body),
        )

    def csv_file(self, name: str, rows: Sequence[Row]) -> Markup:
        """Write rows as a file beside the pages; the link to it."""
        if not _NAME.fullmatch(name):
            raise PageError(f"{name!r} is no name for a file")
        flat = [
            {key: value for key, value in row.items() if key not in helpers.NOT_IN_FILES}
            for row in rows
        ]
        write_csv(
            pl.DataFrame(flat, infer_schema_length=None),
            self.folder / "report" / "data" / f"{name}.csv",
        )
        return Markup('<a download href="{}data/{}.csv">CSV</a>').format(
            "" if self.up else "report/", name
        )

    def stream_title(self, stream: str) -> str:
        """A stream's name for readers."""
        found = [row["title"] for row in self.rows("each_stream") if row["stream"] == stream]
        return found[0] if found else stream.replace("_", " ")

    def streams_said(self, streams: str | None) -> str:
        """Streams that stand in a cell, in their names for readers."""
        return ", ".join(self.stream_title(name) for name in (streams or "").split(", ") if name)

    def years_of(self, stream: str) -> list[int]:
        """The years of a stream that have a page."""
        return [row["year"] for row in self.rows("each_year") if row["stream"] == stream]

    def stream_selects(self, stream: str) -> list[Row]:
        """What a stream's own folder has to show by month: name, title, rows."""
        return [
            {
                "name": f"{stream}-{helpers.anchor(file.stem.partition('_')[2])}",
                "title": title_of(file),
                "rows": self.rows(file.stem),
            }
            for file in sorted(STREAMS_DIR.glob(f"{stream}/report/[0-9]*_*.sql"))
        ]

    def figure(
        self,
        name: str,
        title: str,
        drawing: Markup,
        rows: Sequence[Row],
        *,
        note: str = "",
        has_log: bool = True,
        base_year: int | None = None,
        caller: Callable[[], str],
    ) -> Markup:
        """A chart with its finding as title, buttons, table view and file."""
        if not drawing:
            return Markup('<p class="soft">{}: nothing to draw.</p>').format(title)
        block = self.environment.get_template("figure.html.j2").render(
            name=name,
            title=title,
            drawing=drawing,
            note=note,
            has_log=has_log,
            base_year=base_year,
            table=caller(),
            link=self.csv_file(name, rows),
        )
        return Markup(block)  # noqa: S704 - a template escaped it

    # pages

    def write(self, template: str, name: str, **context: Any) -> None:
        """Render one page into its file."""
        if not _NAME.fullmatch(name):
            raise PageError(f"{name!r} is no name for a page")
        if name in self._written:
            raise PageError(f"two pages are named {name}")
        self._written.add(name)
        self.up = "" if name == FRONT else "../"
        try:
            page = self.environment.get_template(template).render(
                page=name,
                up=self.up,
                style=self.style,
                script=self.script,
                csp=f"default-src 'none'; script-src {_hash(self.script)}; "
                f"style-src {_hash(self.style)}; "
                "img-src data:; base-uri 'none'; form-action 'none'",
                menu=self.menu,
                licence=LICENCE,
                release=self.release,
                **context,
            )
        except (jinja2.TemplateError, duckdb.Error, KeyError, TypeError) as error:
            raise PageError(f"page {name} ({template}): {error}") from error
        place = (
            self.folder / f"{name}.html"
            if name == FRONT
            else self.folder / "report" / f"{name}.html"
        )
        place.write_text(page, encoding="utf-8")

    @functools.cached_property
    def menu(self) -> list[tuple[str, str]]:
        """Every page of a question: its name and its title, in order."""
        found = {
            file.name.removesuffix(".html.j2").partition("_")[::2]: title_of(file)
            for file in _templates(*PAGES)
        }
        return [(name, title) for (_, name), title in sorted(found.items())]

    @functools.cached_property
    def release(self) -> Row:
        """The release these pages are part of."""
        found = self.row("this_release")
        if found is None:
            raise PageError("the release has no row in table releases")
        return found

    def write_all(self) -> None:
        """Write every page."""
        (self.folder / "report" / "data").mkdir(parents=True, exist_ok=True)
        for file in _templates(*PAGES):
            self.write(_template_name(file), file.name.removesuffix(".html.j2").partition("_")[2])
        for file in _templates(*EACH):
            for it in self.rows(file.name.removesuffix(".html.j2")):
                self.write(_template_name(file), it["page"], it=it)


# where pages of one question lie, and pages of which there is one a row: ours, the streams'
PAGES = ("pages/*_*.html.j2", "[0-9]*_*.html.j2")
EACH = ("each/each_*.html.j2", "each_*.html.j2")


def _template_name(file: Path) -> str:
    root = TEMPLATES if file.is_relative_to(TEMPLATES) else STREAMS_DIR
    return str(file.relative_to(root))


def headline_png(folder: Path, reader: duckdb.DuckDBPyConnection) -> bytes:
    """The income of all streams by year as one PNG, for places that show no page."""
    rows = Site(reader, folder).rows("annual", stream="total")
    drawing = charts.chart(
        helpers.year_points(rows, evidence=True),
        style="intervals",
        colour="#6b4c9a",
        alt="Income of all streams by year, USD m",
        has_evidence=True,
        scales=(charts.LINEAR,),
        sizes=(charts.WIDE,),
    )
    return vl_convert.svg_to_png(str(drawing), scale=1)


def write_site(folder: Path, reader: duckdb.DuckDBPyConnection) -> None:
    """Write the pages of a release.

    Writes `report.html`, `report/*.html` and the files behind charts in `report/data/`.

    Args:
        folder: where the release is built.
        reader: a connection to its database, where every table that a page asks stands finished.

    Raises:
        PageError: a page cannot be made.
    """
    Site(reader, folder).write_all()
