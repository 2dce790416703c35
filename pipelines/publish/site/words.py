"""Numbers, dates, countries and codes in the words that readers use."""

from __future__ import annotations

import datetime as dt
import functools
import math
import tomllib
from pathlib import Path

from rigour.territories import get_territory

_WORDS = tomllib.loads((Path(__file__).parent / "words.toml").read_text(encoding="utf-8"))


HALF_PERCENT = 0.005


def word(section: str, code: str | None) -> str:
    """The plain words for a code; without its underscores where there are none.

    Raises:
        KeyError: no such section in words.toml.
    """
    if code is None:
        return ""
    return _WORDS[section].get(code, code.replace("_", " "))


@functools.cache
def country(iso: str | None) -> str:
    """The usual English name for an ISO 3166 code of two or three letters; else the code."""
    if not iso or iso in _WORDS["country"]:
        return _WORDS["country"].get(iso, "")
    place = get_territory(iso)
    return iso if place is None else place.name


def component(name: str) -> str:
    """A part of an income in words: 'headcount CHN' is 'number of workers, China'."""
    what, _, where = name.partition(" ")
    if name in _WORDS["component"] or not where:
        return word("component", name)
    place = country(where) if where.isupper() else word("component", where)
    return f"{word('component', what)}, {place}"


def the_country(iso: str | None) -> str:
    """A country's name inside a sentence: the United States, China."""
    name = country(iso)
    return f"the {name}" if name.startswith(("United ", "Netherlands", "Philippines")) else name


def date(day: dt.date | dt.datetime | None) -> str:
    """A day as 5 September 2017."""
    return "" if day is None else f"{day.day} {day:%B %Y}"


def day_as_known(day: dt.date, precision: str | None) -> str:
    """A date in no more detail than is known of it: 2023, December 2023 or 1 December 2023."""
    if precision == "year":
        return str(day.year)
    return month(day) if precision == "month" else date(day)


def month(day: dt.date) -> str:
    """A month as March 2025."""
    return f"{day:%B %Y}"


def window(start: dt.date, end: dt.date) -> str:
    """A stretch of time, as short as it can be said."""
    if start == end:
        return date(start)
    if (start.month, start.day, end.month, end.day) == (1, 1, 12, 31):
        return str(start.year) if start.year == end.year else f"{start.year}–{end.year}"
    months = start.day == 1 and (end + dt.timedelta(days=1)).day == 1
    if months and (start.year, start.month) == (end.year, end.month):
        return month(start)
    if months and start.year == end.year:
        return f"{start:%B} to {end:%B %Y}"
    if months:
        return f"{start:%B %Y} to {end:%B %Y}"
    return f"{date(start)} to {date(end)}"


def amount(value: float | None, unit: str, *, bare: bool = False) -> str:
    """A stated figure as its source gives it, dollars in millions, unit after it.

    `bare` leaves the unit to the other end of a range.
    """
    if value is None:
        return ""
    if unit in ("USD", "USD_cumulative"):
        number = f"USD {plain(value / 1e6)}"
        return number if bare else f"{number} m" + (" in all" if unit == "USD_cumulative" else "")
    if unit == "share":
        return f"{value * 100:.3g}%"
    told = "" if bare else word("unit", unit)
    return f"{plain(value)} {told}".strip()


def plain(value: float) -> str:
    """A number in up to four significant digits, thousands apart; whole numbers as they are."""
    if value == 0:
        return "0"
    if float(value).is_integer() and abs(value) < 1e15:
        return f"{int(value):,}"
    digits = max(0, 3 - math.floor(math.log10(abs(value))))
    text = f"{value:,.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def percent(share: float | None) -> str:
    """A share in whole percent; next to nothing, and next to all, are said so."""
    if share is None:
        return "not known"
    # parts that pull against each other may have less than no share
    if share and abs(share) < HALF_PERCENT:
        return "under 1%"
    return "over 99%" if 1 - HALF_PERCENT < share < 1 else f"{share:.0%}"
