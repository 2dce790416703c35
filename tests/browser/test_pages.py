"""Every page of a release, in a browser: three widths, print, keyboard, axe-core, addresses.

Pages are found by looking, so a new one is held to the same.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from itertools import chain
from pathlib import Path
from urllib.parse import parse_qs, unquote, urldefrag

import pypdf
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, Request

WIDTHS = (360, 768, 1400)
MAX_PAGE_BYTES = 3_000_000
# folders whose pages all come from one template
ALIKE = ("tables",)
# a cell whose text a PDF gives back letter by letter
PLAIN = re.compile(r"[A-Za-z0-9 .,;:()'-]{3,60}")


@dataclass
class Look:
    """What one page did in the browser."""

    wide: dict[int, int] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)
    axe: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    printed: str = ""


def pages_of(release: Path) -> list[Path]:
    """All pages, but of many alike (`coal-2009` to `coal-2026`) the lightest and heaviest."""
    kinds = defaultdict(list)
    for path in sorted(release.rglob("*.html")):
        stem, dash, _ = path.stem.rpartition("-")
        kind = ("", "") if path.parent.name in ALIKE else (stem or path.stem, dash)
        kinds[path.parent, *kind].append(path)
    assert any(path.parent == release for path in chain(*kinds.values())), "no page to look at"
    return [
        path
        for paths in kinds.values()
        for path in sorted({f(paths, key=lambda path: path.stat().st_size) for f in (min, max)})
    ]


@contextmanager
def opened(
    browser: Browser, path: Path, width: int, address: str = ""
) -> Generator[tuple[Page, list[str]]]:
    """The page at a width, and what it complained of or asked the world for."""
    page = browser.new_page(viewport={"width": width, "height": 800})
    told: list[str] = []

    def hear(line: ConsoleMessage) -> None:
        if line.type in ("error", "warning"):
            told.append(f"console {line.type}: {line.text}")

    def follow(asked: Request) -> None:
        if urldefrag(asked.url)[0] != path.as_uri() and not asked.url.startswith(
            ("data:", "blob:")
        ):
            told.append(f"request: {asked.url}")

    page.on("console", hear)
    page.on("pageerror", lambda error: told.append(f"error: {error}"))
    page.on("request", follow)
    page.goto(path.as_uri() + address)
    yield page, told
    page.close()


@pytest.fixture(scope="module")
def looks(
    release: Path, browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Look]:
    """Each page opened once: its widths, its complaints, axe-core's, and its print."""
    print_to = tmp_path_factory.mktemp("print") / "page.pdf"
    found = {}
    for path in pages_of(release):
        look = found[str(path.relative_to(release))] = Look()
        with opened(browser, path, WIDTHS[0]) as (page, look.told):
            for width in WIDTHS:
                page.set_viewport_size({"width": width, "height": 800})
                look.wide[width] = page.evaluate("document.documentElement.scrollWidth")
            page.evaluate(FEWER, 200)
            look.rows = page.evaluate(
                "[...document.querySelectorAll('tbody tr')].map("
                "row => [...row.cells].map(cell => cell.innerText.trim()))"
            )
            page.pdf(path=print_to, format="A4")
            page.evaluate(FEWER, 30)
            look.axe = [
                f"{one['impact']} {one['id']} ({len(one['nodes'])}), as in "
                f"{one['nodes'][0]['html'][:160]}"
                for one in Axe().run(page, options=AXE).response["violations"]
            ]
        sheets = pypdf.PdfReader(print_to).pages
        look.printed = letters("".join(sheet.extract_text() for sheet in sheets))
    return found


# what passes need not be described
AXE = {"resultTypes": ["violations"]}
# rows of a table are alike, and entries of a list: of many the first are looked at
FEWER = """(most) => document
    .querySelectorAll(`tr:nth-of-type(n+${most}), article:nth-of-type(n+${most})`)
    .forEach((one) => one.remove())"""


def letters(text: str) -> str:
    """Text without spaces, ligatures taken apart: what paper and screen have in common."""
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", text))


def lines_of(wrong: dict[str, list[str]]) -> str:
    return "\n".join(f"{name}: {line}" for name, lines in wrong.items() for line in lines)


def test_pages_fit_their_screen(looks):
    wrong = {
        name: [f"{wide} px wide at {width}" for width, wide in look.wide.items() if wide > width]
        for name, look in looks.items()
    }
    assert not any(wrong.values()), lines_of(wrong)


def test_pages_complain_of_nothing_and_ask_for_nothing(looks):
    wrong = {name: look.told for name, look in looks.items()}
    assert not any(wrong.values()), lines_of(wrong)


def test_axe_finds_nothing_serious_or_moderate(looks):
    wrong = {
        name: [one for one in look.axe if not one.startswith("minor")]
        for name, look in looks.items()
    }
    assert not any(wrong.values()), lines_of(wrong)


def test_print_holds_every_row(looks):
    """Rows of all tables, of a long one the first 200, as often on paper as on the screen.

    A row is known by its first plain cell.
    """
    wrong = {}
    for name, look in looks.items():
        wanted = Counter(
            letters(plain)
            for cells in look.rows
            if (plain := next((cell for cell in cells if PLAIN.fullmatch(cell)), None))
        )
        wrong[name] = [
            f"of {times} rows with {text} paper has {look.printed.count(text)}"
            for text, times in wanted.items()
            if look.printed.count(text) < times
        ][:3]
    assert sum(len(look.rows) for look in looks.values()) > 300
    assert not any(wrong.values()), lines_of(wrong)


def test_a_chart_is_printed_under_its_title(browser, release, tmp_path):
    with opened(browser, release / "report.html", WIDTHS[0]) as (page, _):
        captions = page.evaluate(
            "[...document.querySelectorAll('figcaption')].map("
            "one => [...one.querySelectorAll('p')].map(line => line.innerText))"
        )
        page.pdf(path=tmp_path / "page.pdf", format="A4")
    sheets = [letters(one.extract_text()) for one in pypdf.PdfReader(tmp_path / "page.pdf").pages]
    parted = [
        lines for lines in captions if not any(letters("".join(lines)) in sheet for sheet in sheets)
    ]
    assert captions
    assert parted == []


def test_the_keyboard_reaches_what_the_mouse_does(browser, release):
    """Tab visits every link, field and button in view, in order, and shows where it is."""
    wrong = []
    for path in pages_of(release):
        name = path.relative_to(release)
        with opened(browser, path, WIDTHS[-1]) as (page, _):
            wanted = page.evaluate(REACHABLE)
            seen, hidden = set(), 0
            for _ in range(min(len(wanted), 80)):
                page.keyboard.press("Tab")
                here, is_shown = page.evaluate(FOCUSED)
                seen.add(here)
                hidden += not is_shown
            missed = [one for one in wanted[:60] if one not in seen]
            if missed:
                wrong.append(f"{name}: Tab does not reach {missed[:3]}")
            if hidden:
                wrong.append(f"{name}: the focus cannot be seen at {hidden} places")
            pointer = page.evaluate(MOUSE_ONLY)
            if pointer:
                wrong.append(f"{name}: only a mouse can use {pointer[:3]}")
    assert not wrong, "\n".join(wrong)


# an element by its place in the document, numbered once a page
MARK = """
window.places ??= new Map([...document.querySelectorAll('*')].map((one, at) => [one, at]));
const mark = (one) => window.places.get(one) + ' ' + one.outerHTML.slice(0, 90);
"""
REACHABLE = (
    "() => {"
    + MARK
    + """
    const all_kinds = 'a[href], button, input, select, textarea, summary, [tabindex]';
    return [...document.querySelectorAll(all_kinds)]
        .filter((one) => one.tabIndex >= 0 && !one.disabled)
        .filter((one) => one.checkVisibility({visibilityProperty: true}))
        // of a group of radio buttons Tab visits one, arrows the others
        .filter((one) => one.type !== 'radio' || one.checked)
        .map(mark);
    }"""
)
FOCUSED = (
    "() => {"
    + MARK
    + """
    const one = document.activeElement, look = getComputedStyle(one);
    const inner = one.querySelector('*');
    const drawn = (style) => style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0;
    const stroked = inner && getComputedStyle(inner).strokeWidth !== '0px';
    const isShown = drawn(look) || look.boxShadow !== 'none';
    return [mark(one), isShown || (one instanceof SVGElement && stroked)];
    }"""
)
MOUSE_ONLY = (
    "() => {"
    + MARK
    + """
    return [...document.querySelectorAll('[onclick], [role=button]')]
        .filter((one) => one.tabIndex < 0 && !one.closest('a, button')).map(mark);
    }"""
)


class _Addresses(HTMLParser):
    """Ids of a page, its links, and its JSON."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.data = ""
        self._in_data = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if given.get("id"):
            self.ids.add(str(given["id"]))
        if tag == "a" and given.get("href"):
            self.links.append(str(given["href"]))
        self._in_data = tag == "script" and given.get("type") == "application/json"

    def handle_data(self, data: str) -> None:
        if self._in_data:
            self.data += data

    def handle_endtag(self, tag: str) -> None:
        self._in_data = False


@cache
def _read(path: Path) -> _Addresses:
    parser = _Addresses()
    parser.feed(path.read_text(encoding="utf-8"))
    return parser


def test_every_address_leads_somewhere(release):
    """Links to files, to places in pages and to parties of the network."""
    wrong = defaultdict(list)
    parties = {node["id"] for node in json.loads(_read(release / "network.html").data)["nodes"]}
    for path in sorted(release.rglob("*.html")):
        for link in set(_read(path).links):
            if link.startswith(("http://", "https://", "mailto:")):
                continue
            file, place = urldefrag(link)
            target = (path.parent / unquote(file)).resolve() if file else path
            if not target.exists() or not target.is_relative_to(release):
                wrong[link].append(path.name)
            elif target.name == "network.html":
                party = parse_qs(place).get("party")
                if party and party[0] not in parties:
                    wrong[link].append(path.name)
            elif place and target.suffix == ".html" and unquote(place) not in _read(target).ids:
                wrong[link].append(path.name)
    assert not wrong, "\n".join(
        f"{link} in {pages[:3]}" for link, pages in sorted(wrong.items())[:40]
    )


def test_an_address_in_a_page_is_where_the_browser_goes(browser, release):
    """The last place of each page that has some: in view once its address is opened."""
    wrong = []
    for path in pages_of(release):
        places = [urldefrag(one)[1] for one in _read(path).links if one.startswith("#")]
        places = [one for one in places if unquote(one) in _read(path).ids]
        if not places or path.name == "network.html":
            continue
        with opened(browser, path, WIDTHS[0], f"#{places[-1]}") as (page, _):
            top = page.evaluate(
                "id => document.getElementById(id).getBoundingClientRect().top", unquote(places[-1])
            )
            if not -5 <= top < 800:
                wrong.append(f"{path.name}#{places[-1]} stands at {top:.0f} px")
    assert not wrong, "\n".join(wrong)


def test_pages_weigh_three_megabytes_at_most_and_forbid_foreign_code(release):
    for path in sorted(release.rglob("*.html")):
        text = path.read_text(encoding="utf-8")
        assert len(text.encode()) <= MAX_PAGE_BYTES, path.name
        policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)
        assert policy, f"{path.name} has no policy"
        assert "default-src 'none'" in policy[1].replace("&#39;", "'"), path.name
        assert "unsafe-eval" not in policy[1], path.name
        scripts = re.search(r"script-src ([^;]*)", policy[1])
        assert scripts is None or "unsafe-inline" not in scripts[1], path.name


def test_a_chart_is_taken_along_as_it_stands_and_shown_alone(browser, release):
    page = browser.new_page(viewport={"width": 1400, "height": 900}, accept_downloads=True)
    address = (release / "report.html").as_uri()
    page.goto(address)
    figure = page.locator("figure.chart").first
    title = figure.locator("figcaption .title").inner_text()
    figure.get_by_text("logarithmic").click()
    figure.get_by_text("Take this chart along").click()
    with page.expect_download() as taken:
        figure.get_by_role("button", name="SVG").click()
    picture = Path(taken.value.path()).read_text(encoding="utf-8")
    assert picture.startswith("<svg")
    assert title in picture
    assert "CC BY 4.0" in picture
    # what stands on the screen and nothing else: one scale, no areas for a pointer
    assert set(re.findall(r'class="(scale-\w+) ', picture)) == {"scale-log"}
    assert "data-tip" not in picture
    with page.expect_download() as taken:
        figure.get_by_role("button", name="PNG").click()
    image = Path(taken.value.path()).read_bytes()
    assert image[:8] == b"\x89PNG\r\n\x1a\n"
    assert int.from_bytes(image[16:20], "big") == 2 * 760
    frame = figure.locator("input.embed").input_value()
    name = re.search(r"\?chart=([\w-]+)", frame)
    assert name
    page.goto(f"{address}?chart={name[1]}")
    assert page.locator("figure.chart:visible").count() == 1
    assert page.locator("figure.chart:visible .title").inner_text() == title
    assert not page.locator("h1").is_visible()
    page.close()


@pytest.mark.parametrize("width", [320])
def test_the_report_still_fits_the_narrowest_phone(browser, release, width):
    with opened(browser, release / "report.html", width) as (page, _):
        assert page.evaluate("document.documentElement.scrollWidth") <= width
