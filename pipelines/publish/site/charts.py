"""Charts as SVG, drawn from rows: readable on a phone, in print and where no script runs.

Each chart is drawn twice, for wide and for narrow screens (the stylesheet shows one), and each
drawing holds a linear and a logarithmic version of the same rows (the page's buttons show one).
Everything that is not geometry is an attribute, so that the same drawing is a picture elsewhere.
"""

from __future__ import annotations

import datetime as dt
import itertools
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from markupsafe import Markup, escape

INK, SOFT, LINE = "#1c1c1c", "#595959", "#d9d9d9"
# what others have published
STATED = "#a3123a"
FONT = 'system-ui, "Segoe UI", sans-serif'
LINEAR, LOG = "linear", "log"
# evidence classes: told apart by pattern, not by hue alone
BADGE = 17.0
# between letters over a dot
LETTER = 11.0
MILLION = 1e6
EVIDENCE = ("this_year", "within_two_years", "none")
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_NUMBERS = itertools.count(1)


@dataclass(frozen=True)
class Size:
    """A drawing's size and margins, in pixels."""

    name: str
    width: int
    height: int
    left: int
    right: int
    top: int
    bottom: int


WIDE = Size("wide", 760, 320, 60, 14, 30, 28)
NARROW = Size("narrow", 344, 280, 56, 8, 30, 26)


@dataclass(frozen=True)
class Mark:
    """Something that happened: a day, or a stretch where `end` is given."""

    start: dt.date
    number: int
    end: dt.date | None = None


@dataclass(frozen=True)
class Dot:
    """A published figure beside the estimate: a point, a range, or a bound."""

    x: float
    low: float | None
    high: float | None
    is_used: bool
    letter: str = ""


def decimal_year(day: dt.date) -> float:
    """A day as a year with decimals."""
    first = dt.date(day.year, 1, 1)
    return day.year + (day - first).days / (dt.date(day.year + 1, 1, 1) - first).days


def colour_of(text: str) -> str:
    """A colour that came from data, or ink where it is none."""
    return text if _COLOUR.fullmatch(text) else INK


def ticks(low: float, high: float, scale: str, wanted: int = 5) -> list[float]:
    """Round values across a range: steps of 1, 2 or 5, or powers of ten with 2 and 5 between."""
    if scale == LOG:
        powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
        found = [k * 10.0**power for power in powers for k in (1, 2, 5)]
        found = [value for value in found if low <= value * 1.0000001 and value <= high * 1.0000001]
        return found if len(found) <= 2 * wanted else found[::3]
    step = 10 ** math.floor(math.log10((high - low) / wanted or 1))
    step *= next((k for k in (1, 2, 5, 10) if (high - low) / (step * k) <= wanted), 10)
    return [step * k for k in range(math.ceil(low / step), math.floor(high / step + 1e-9) + 1)]


def bounds(values: Sequence[float], scale: str) -> tuple[float, float]:
    """The range an axis shows: from nil, or from the round value below the least, to the next."""
    top = max(values, default=1.0) or 1.0
    if scale == LINEAR:
        step = ticks(0, top, LINEAR)[1] if len(ticks(0, top, LINEAR)) > 1 else top
        return 0.0, math.ceil(top / step - 1e-9) * step
    least = min((value for value in values if value > 0), default=top)
    grid = [k * 10.0**p for p in range(-4, 14) for k in (1, 2, 5)]
    low = max((value for value in grid if value <= least), default=least)
    # values that are all alike still need an axis of some length
    return low, min((value for value in grid if value >= top and value > low), default=2 * top)


def tag(name: str, inside: object = "", **attributes: object) -> Markup:
    """An element; `_` in names stands for `-`, attributes that are None are left out."""
    parts = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_short(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Markup(f"<{name}{parts}>{escape(inside)}</{name}>")  # noqa: S704 - all escaped


def _short(value: object) -> object:
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else value


def _join(parts: Sequence[Markup]) -> Markup:
    return Markup("").join(parts)


def _line(x1: float, x2: float, y1: float, y2: float, **drawn: Any) -> Markup:
    return tag("line", x1=x1, x2=x2, y1=y1, y2=y2, **drawn)


def _rect(x: float, width: float, y: float, height: float, **drawn: Any) -> Markup:
    return tag("rect", x=x, width=width, y=y, height=height, **drawn)


def _text(said: object, x: float, y: float, **drawn: Any) -> Markup:
    return tag("text", said, x=x, y=y, **drawn)


def _stroke(x: float, y1: float, y2: float, dashes: str | None = None) -> Markup:
    """An upright line of a published figure."""
    return _line(x, x, y1, y2, stroke=STATED, stroke_width=1.4, stroke_dasharray=dashes)


def _diamond(x: float, y: float, **drawn: Any) -> Markup:
    """The mark of a published figure, around its place."""
    return tag("path", d=f"M{x:.1f} {y - 4.5:.1f}l4.5 4.5l-4.5 4.5l-4.5 -4.5z", **drawn)


def _share(value: float, ends: tuple[float, float], scale: str) -> float:
    """How far along an axis a value lies, from 0 at its low end to 1."""
    low, high = ends
    if scale == LOG:
        return math.log(value / low) / math.log(high / low)
    return (value - low) / (high - low)


def shown(value: float) -> str:
    """A value on an axis."""
    if value >= MILLION:
        return f"{value / MILLION:,g}M"
    if value >= 1:
        return f"{value:,.0f}"
    return f"{value:.2g}"


def badge_rows(places: Sequence[float]) -> list[int]:
    """For badges at these pixels the row each stands in, so that none covers another."""
    ends: list[float] = []
    rows = []
    for place in places:
        row = next((at for at, end in enumerate(ends) if place - end >= BADGE), len(ends))
        ends[row : row + 1] = [place]
        rows.append(row)
    return rows


class Drawing:
    """One size and one scale of a chart: turns values into places."""

    def __init__(
        self, size: Size, scale: str, x: tuple[float, float], y: tuple[float, float]
    ) -> None:
        self.size, self.scale, self.ends = size, scale, y
        self.x_low, self.x_high = x
        self.right, self.foot = size.width - size.right, size.height - size.bottom

    def x(self, value: float) -> float:
        """Pixels from the left."""
        wide = self.right - self.size.left
        return self.size.left + (value - self.x_low) / (self.x_high - self.x_low) * wide

    def y(self, value: float) -> float:
        """Pixels from the top; what lies below a logarithmic axis stands on it."""
        share = _share(
            max(value, self.ends[0]) if self.scale == LOG else value, self.ends, self.scale
        )
        return self.size.top + (1 - share) * (self.foot - self.size.top)

    @property
    def year_px(self) -> float:
        """Pixels of a year."""
        return self.x(self.x_low + 1) - self.x(self.x_low)

    def axis(self) -> Markup:
        """Grid lines and their values."""
        parts = []
        beside = {"x": self.size.left - 6, "text_anchor": "end", "fill": SOFT, "font_size": 12}
        for value in ticks(*self.ends, self.scale):
            at = self.y(value)
            parts.append(_line(self.size.left, self.right, at, at, stroke=LINE))
            parts.append(_text(shown(value), y=at + 4, **beside))
        return _join(parts)

    def _bar(self, at: float, wide: float, ends: tuple[float, float], **drawn: Any) -> Markup:
        low, high = (self.y(value) for value in ends)
        return _rect(at - wide / 2, wide, high, max(low - high, 0.5), rx=2, **drawn)

    def intervals(self, rows: Sequence[dict[str, Any]], colour: str) -> Markup:
        """90% and 50% bars with the median, one a row; a partial year is hollow."""
        parts = []
        wide = max(min(self.year_px * 0.5, 22.0), 4.0)
        for row in rows:
            at, whole = self.x(row["x"]), not row.get("is_partial")
            dashes = None if whole else "3 2"
            outer = {
                "fill": colour if whole else "none",
                "fill_opacity": 0.2,
                "stroke": colour,
                "stroke_dasharray": dashes,
                "stroke_opacity": 0 if whole else 1,
            }
            parts.append(self._bar(at, wide, (row["q05"], row["q95"]), **outer))
            if "q25" in row:
                opacity = 0.35 if whole else 0.12
                ends = (row["q25"], row["q75"])
                parts.append(self._bar(at, wide, ends, fill=colour, fill_opacity=opacity))
            median = {"stroke": colour, "stroke_width": 2.5, "stroke_dasharray": dashes}
            middle = self.y(row["q50"])
            parts.append(_line(at - wide / 2 - 1, at + wide / 2 + 1, middle, middle, **median))
        return _join(parts)

    def band(self, rows: Sequence[dict[str, Any]], colour: str) -> Markup:
        """90% and 50% bands with the median as a line."""

        def area(low: str, high: str, opacity: float) -> Markup:
            there = [f"{self.x(row['x']):.1f},{self.y(row[high]):.1f}" for row in rows]
            back = [f"{self.x(row['x']):.1f},{self.y(row[low]):.1f}" for row in reversed(rows)]
            return tag("polygon", points=" ".join(there + back), fill=colour, fill_opacity=opacity)

        line = " ".join(f"{self.x(row['x']):.1f},{self.y(row['q50']):.1f}" for row in rows)
        middle = tag("polyline", points=line, fill="none", stroke=colour, stroke_width=1.8)
        return area("q05", "q95", 0.18) + area("q25", "q75", 0.32) + middle

    def columns(self, rows: Sequence[dict[str, Any]], colour: str) -> Markup:
        """A bar from nil a row, by `value`."""
        wide = max(self.year_px * 0.7, 1.5)
        parts = []
        for row in rows:
            at, top, whole = self.x(row["x"]), self.y(row["value"]), not row.get("is_partial")
            look = {
                "fill": colour if whole else "none",
                "stroke": colour,
                "stroke_dasharray": None if whole else "3 2",
            }
            parts.append(_rect(at - wide / 2, wide, top, self.foot - top, **look))
        return _join(parts)

    def dots(self, found: Sequence[Dot]) -> Markup:
        """Published figures: diamonds, filled where a model used them, hollow where none did."""
        parts = []
        for dot in found:
            ends = [value for value in (dot.low, dot.high) if value is not None]
            if not ends:
                continue
            x, fill = self.x(dot.x), STATED if dot.is_used else "#fff"
            places = [self.y(value) for value in ends]
            if len(set(ends)) > 1:
                parts.append(_stroke(x, *places, None if dot.is_used else "2 2"))
            if len({dot.low, dot.high}) > 1 and len(ends) == 1:
                up = -12 if dot.high is None else 12
                parts.append(_stroke(x, places[0], places[0] + up))
            parts += [
                _diamond(x, y, fill=fill, stroke=STATED, stroke_width=1.3)
                for y in dict.fromkeys(places)
            ]
        return _join(parts) + self._letters(found)

    def _letters(self, found: Sequence[Dot]) -> Markup:
        """The letters of a year's dots above the highest of them, each once: beside each other, or
        where a year has no room for that one above the other.
        """
        of_year: dict[int, list[Dot]] = {}
        for dot in found:
            of_year.setdefault(math.floor(dot.x), []).append(dot)
        look = {"fill": STATED, "font_size": 11, "font_weight": 600, "text_anchor": "middle"}
        parts = []
        for year, dots in of_year.items():
            letters = sorted({dot.letter for dot in dots if dot.letter})
            lettered = [dot for dot in dots if dot.letter]
            ends = [end for dot in dots for end in (dot.low, dot.high) if end is not None]
            if not letters or not ends:
                continue
            foot = min(self.y(end) for end in ends) - 8
            step = LETTER if LETTER * len(letters) <= self.year_px else 0.0
            middle = self.x(year + 0.5 if len(lettered) > 1 else lettered[0].x)
            first, up = middle - step * (len(letters) - 1) / 2, 0.0 if step else LETTER
            parts += [
                _text(letter, first + step * at, foot - up * at, **look)
                for at, letter in enumerate(letters)
            ]
        return _join(parts)

    def marks(self, found: Sequence[Mark]) -> Markup:
        """Days as dashed lines and stretches as grey, each with its number at the top."""
        parts = []
        rows = badge_rows([self.x(decimal_year(mark.start)) for mark in found])
        grey = {"fill": "#8c8c8c", "fill_opacity": 0.13}
        said = {"fill": INK, "font_size": 11, "text_anchor": "middle"}
        for mark, row in zip(found, rows, strict=True):
            x, head = self.x(decimal_year(mark.start)), self.size.top
            top = head - 13 - BADGE * row
            if mark.end is not None:
                wide = max(min(self.x(decimal_year(mark.end)), self.right) - x, 1.0)
                parts.append(_rect(x, wide, head, self.foot - head, **grey))
            parts += [
                _line(x, x, top + 8, self.foot, stroke=SOFT, stroke_dasharray="2 3"),
                tag("circle", cx=x, cy=top, r=8, fill="#fff", stroke=SOFT),
                _text(mark.number, x, top + 4, **said),
            ]
        return _join(parts)

    def years(self) -> Markup:
        """Years along the foot, as many as fit."""
        # a year of which a month is missing at the start is still that year
        first, last = math.floor(self.x_low + 0.01), math.floor(self.x_high - 1e-6)
        room = (self.x(first + 1) - self.x(first)) if last > first else 60.0
        every = next((k for k in (1, 2, 3, 5, 10) if room * k >= 34), 20)
        said = {"fill": SOFT, "font_size": 12, "text_anchor": "middle"}
        parts = [_line(self.size.left, self.right, self.foot, self.foot, stroke=SOFT)]
        for year in range(first, last + 1):
            if (last - year) % every == 0:
                middle = (self.x(max(year, self.x_low)) + self.x(min(year + 1, self.x_high))) / 2
                parts.append(_text(year, middle, self.foot + 16, **said))
        return _join(parts)

    def hits(self, tips: Sequence[tuple[float, float, str]]) -> Markup:
        """What a pointer or an arrow key reads out: stretches from x to x, with their words."""
        top = self.size.top
        within = {"y": top, "height": self.foot - top, "fill": "#fff", "fill_opacity": 0}
        parts = []
        for low, high, tip in tips:
            x = self.x(low)
            wide = self.x(high) - x
            parts.append(tag("rect", class_="hit", x=x, width=wide, **within, data_tip=tip))
        return _join(parts)


def _evidence(drawing: Drawing, rows: Sequence[dict[str, Any]], prefix: str) -> Markup:
    """Under each year the shares of its uncertainty by what they stand on."""
    size = drawing.size
    top, tall = size.height + 4, 40
    hatch = (
        f'<pattern id="{prefix}h" width="5" height="5" patternUnits="userSpaceOnUse" '
        'patternTransform="rotate(45)"><rect width="5" height="5" fill="#fff"/>'
        '<rect width="2" height="5" fill="#4d7ea8"/></pattern>'
    )
    fills = {"this_year": "#1f4e79", "within_two_years": f"url(#{prefix}h)", "none": "#fff"}
    wide = min(drawing.year_px * 0.72, 26.0)
    beside = {"x": size.left - 6, "text_anchor": "end", "fill": SOFT, "font_size": 11}
    edge = {"stroke": "#1f4e79", "stroke_width": 0.7}
    parts = [Markup("<defs>") + Markup(hatch) + Markup("</defs>")]  # noqa: S704 - our own text
    parts += [_text("100%", y=top + 4, **beside), _text("0%", y=top + tall + 4, **beside)]
    for row in rows:
        at, done = drawing.x(row["x"]) - wide / 2, 0.0
        for name in EVIDENCE:
            # a share estimated at slightly under nil has no bar
            share = min(max(row.get(name) or 0.0, 0.0), 1.0 - done)
            if share > 0:
                y, height = top + done * tall, share * tall
                parts.append(_rect(at, wide, y, height, fill=fills[name], **edge))
            done += share
    return _join(parts)


Draw = Callable[[Drawing, Sequence[dict[str, Any]], str], Markup]
STYLES: dict[str, Draw] = {
    "intervals": Drawing.intervals,
    "band": Drawing.band,
    "columns": Drawing.columns,
}


def chart(
    rows: Sequence[dict[str, Any]],
    *,
    style: str,
    alt: str,
    colour: str = INK,
    marks: Sequence[Mark] = (),
    dots: Sequence[Dot] = (),
    has_evidence: bool = False,
    scales: Sequence[str] = (LINEAR, LOG),
    real: Sequence[float | None] = (),
    sizes: Sequence[Size] = (WIDE, NARROW),
    height_share: float = 1.0,
) -> Markup:
    """Rows over years as SVG.

    Args:
        rows: x (decimal year), tip, and q05 … q95, or value for columns; is_partial; where
            `has_evidence`, also the shares this_year, within_two_years, none.
        style: intervals, band or columns.
        alt: what the chart shows, in words.
        colour: #rrggbb.
        marks: days and stretches.
        dots: published figures.
        scales: the versions drawn; the page shows the first.
        real: for each row what its dollars are worth in dollars of one year; where given, each
            version is drawn twice, the second without rows that have none.
        height_share: of the usual height.

    Returns:
        One <svg> a size.
    """
    if not rows:
        return Markup("")
    colour = colour_of(colour)
    half = 0.5 if style != "band" else 0.0
    span = (rows[0]["x"] - half, rows[-1]["x"] + half)
    if span[0] == span[1]:
        span = (span[0] - 0.5, span[1] + 0.5)
    drawn = [dot for dot in dots if span[0] <= dot.x <= span[1]]
    moneys = {"nominal": (rows, drawn)}
    if any(real):
        moneys["real"] = _in_one_year(rows, drawn, real)
    inside = [
        mark
        for mark in marks
        if decimal_year(mark.end or mark.start) >= span[0] and decimal_year(mark.start) < span[1]
    ]
    out = []
    for plain in sizes:
        level = Drawing(plain, LINEAR, span, (0.0, 1.0))
        badges = badge_rows([level.x(decimal_year(mark.start)) for mark in inside])
        top = plain.top + int(BADGE) * max(badges, default=0) if inside else 12
        height = round(plain.height * height_share) + top - plain.top
        size = replace(plain, height=height, top=top)
        groups = []
        for number, (scale, money) in enumerate(itertools.product(scales, moneys)):
            of_rows, of_dots = moneys[money]
            drawing = Drawing(size, scale, span, bounds(_values(of_rows, of_dots), scale))
            body = (
                drawing.axis()
                + drawing.marks(inside)
                + STYLES[style](drawing, of_rows, colour)
                + drawing.dots(of_dots)
            )
            hidden = "none" if number else None
            groups.append(tag("g", body, class_=f"scale-{scale} money-{money}", display=hidden))
        plane = Drawing(size, LINEAR, span, (0.0, 1.0))
        between = ((a["x"] + b["x"]) / 2 for a, b in itertools.pairwise(rows))
        edges = [span[0], *between, span[1]]
        tips = [
            (edges[at], edges[at + 1], row["tip"]) for at, row in enumerate(rows) if row.get("tip")
        ]
        extra = Markup("")
        tall = size.height
        if has_evidence:
            extra = _evidence(plane, rows, f"c{next(_NUMBERS)}")
            tall += 50
        out.append(
            tag(
                "svg",
                tag("title", alt) + _join(groups) + plane.years() + extra + plane.hits(tips),
                class_=size.name,
                viewBox=f"0 0 {size.width} {tall}",
                width=size.width,
                height=tall,
                role="img",
                aria_label=alt,
                font_family=FONT,
                tabindex=0,
                xmlns="http://www.w3.org/2000/svg",
            )
        )
    return _join(out)


def _values(rows: Sequence[dict[str, Any]], dots: Sequence[Dot]) -> list[float]:
    found = [row[name] for row in rows for name in ("q05", "q95", "value") if name in row]
    return found + [end for dot in dots for end in (dot.low, dot.high) if end is not None]


def _in_one_year(
    rows: Sequence[dict[str, Any]], dots: Sequence[Dot], real: Sequence[float | None]
) -> tuple[list[dict[str, Any]], list[Dot]]:
    """Rows and dots in dollars of one year; those of years without an index are left out."""
    factors = {math.floor(row["x"]): by for row, by in zip(rows, real, strict=True) if by}
    names = ("q05", "q25", "q50", "q75", "q95")
    told = [
        row | {name: row[name] * factors[math.floor(row["x"])] for name in names}
        for row in rows
        if math.floor(row["x"]) in factors
    ]
    moved = [
        replace(
            dot,
            low=None if dot.low is None else dot.low * factors[math.floor(dot.x)],
            high=None if dot.high is None else dot.high * factors[math.floor(dot.x)],
        )
        for dot in dots
        if math.floor(dot.x) in factors
    ]
    return told, moved


def strip(
    low: float,
    middle: float,
    high: float,
    *,
    domain: tuple[float, float],
    scale: str = LOG,
    colour: str = INK,
    claim: tuple[float | None, float | None] | None = None,
    alt: str,
) -> Markup:
    """One interval on a line, for a row of a table; a claim beside it as a diamond.

    Args:
        low, middle, high: 5%, 50% and 95% points.
        domain: the ends of the line, the same for every row of a table.
        claim: its low and high end; None where it has no such end.
        alt: in words.
    """
    size = Size("strip", 180, 22, 4, 4, 0, 0)

    def at(value: float) -> float:
        share = _share(min(max(value, domain[0]), domain[1]), domain, scale)
        return size.left + share * (size.width - size.left - size.right)

    colour = colour_of(colour)
    bar = {"rx": 2, "fill": colour, "fill_opacity": 0.3}
    parts = [
        _line(size.left, size.width - size.right, 11, 11, stroke=LINE),
        _rect(at(low), max(at(high) - at(low), 1.0), 6, 10, **bar),
        _line(at(middle), at(middle), 4, 18, stroke=colour, stroke_width=2.5),
    ]
    if claim is not None:
        ends = [end for end in claim if end is not None]
        far = None
        if len(set(ends)) == 2:
            far = at(ends[1])
        elif len(ends) == 1 and None in claim:
            far = at(ends[0]) + (16 if claim[1] is None else -16)
        if far is not None:
            parts.append(_line(at(ends[0]), far, 11, 11, stroke=STATED, stroke_width=1.6))
        parts += [_diamond(at(end), 11, fill=STATED) for end in dict.fromkeys(ends)]
    return tag(
        "svg",
        tag("title", alt) + _join(parts),
        class_="strip",
        role="img",
        aria_label=alt,
        viewBox=f"0 0 {size.width} {size.height}",
        width=size.width,
        height=size.height,
    )
