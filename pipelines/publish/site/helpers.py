"""What templates call: rows made ready for charts, and words for numbers."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from markupsafe import Markup

from pipelines.publish.answer import millions, rounded
from pipelines.publish.site import charts, words

Row = dict[str, Any]
POINTS = ("q05", "q25", "q50", "q75", "q95")
# keys that place a row on a page and say nothing of the data
NOT_IN_FILES = frozenset({"x", "tip", "number", "row_key", "place", "window", "_picture"})
MILLION = 1e6
LEAST_SHARE = 0.001
LEAST_USD = 5e4


def with_words(row: Row) -> Row:
    """The row with its window in words."""
    if row.get("window_start_on") and row.get("window_end_on"):
        row["window"] = words.window(row["window_start_on"], row["window_end_on"])
    return row


def web_address(url: str | None) -> str:
    """The address where it is one of the web; else nothing, so that no other scheme is a link."""
    return url if url and re.match(r"https?://[^\s\"'<>]+$", url) else ""


def anchor(text: str) -> str:
    """A name that may stand in an address and an attribute, the same for the same text."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", text)


def day(when: dt.date | dt.datetime | None) -> Markup:
    """A day as an element that machines read too."""
    if when is None:
        return Markup("")
    only = when.date() if isinstance(when, dt.datetime) else when
    return Markup('<time datetime="{}">{}</time>').format(only.isoformat(), words.date(only))


# rows for charts


def _scaled(row: Row, prefix: str, divide: float) -> Row:
    return {name: row[f"{prefix}{name}"] / divide for name in POINTS}


def _tip(label: str, row: Row, unit: str, error: Callable[[str], float | None]) -> str:
    low, middle, high = (rounded(row[name], error(name)) for name in ("q05", "q50", "q95"))
    return f"{label}: median {middle} {unit}, 90% {low}–{high}"


def _errors(row: Row, prefix: str, divide: float) -> Callable[[str], float | None]:
    """The Monte Carlo errors of a row's points, where it has them: a tip rounds as a table does."""

    def error(name: str) -> float | None:
        found = row.get(f"mcse_{prefix}{name}")
        return None if found is None else found / divide

    return error


def year_points(
    rows: Sequence[Row],
    *,
    prefix: str = "",
    divide: float = MILLION,
    unit: str = "USD m",
    evidence: bool = False,
) -> list[Row]:
    """Rows of years for a chart, each in the middle of its year.

    Args:
        rows: year and q05, q25, q50, q75, q95 after `prefix`; is_partial_year.
        divide: by this before drawing.
        evidence: also this_year, within_two_years, none.
    """
    points = []
    for row in rows:
        if row[f"{prefix}q50"] is None:
            continue
        point: Row = {"year": row["year"], **_scaled(row, prefix, divide), "unit": unit}
        point["is_partial"] = bool(row.get("is_partial_year"))
        label = f"{row['year']} (part)" if point["is_partial"] else str(row["year"])
        point["tip"] = _tip(label, point, unit, _errors(row, prefix, divide))
        if evidence:
            point |= {name: row[name] for name in charts.EVIDENCE}
            point["tip"] += f"; {words.percent(point['this_year'])} word of the year itself"
        if row.get("real_factor"):
            point["real_factor"] = row["real_factor"]
            point["tip"] += (
                f"; median {rounded(row['real_q50'] / divide)} in dollars of {row['base_year']}"
            )
        points.append(point | {"x": row["year"] + 0.5})
    return points


def real_of(points: Sequence[Row]) -> list[float | None]:
    """What a dollar of each point's year is worth in dollars of one year."""
    return [point.get("real_factor") for point in points]


def month_points(rows: Sequence[Row], *, divide: float = MILLION, unit: str = "USD m") -> list[Row]:
    """Rows of months for a chart, each in the middle of its month."""
    points = []
    for row in rows:
        if row["q50"] is None:
            continue
        point = {"month": row["month"], **_scaled(row, "", divide), "unit": unit}
        tip = _tip(words.month(row["month"]), point, unit, _errors(row, "", divide))
        points.append(point | {"x": charts.decimal_year(row["month"]) + 1 / 24, "tip": tip})
    return points


def part_years(rows: Sequence[Row], last: int) -> list[Row]:
    """Rows of years, that of the last month told apart as a year not yet over."""
    return [row | {"is_partial_year": row["year"] >= last} for row in rows]


def count_points(rows: Sequence[Row], column: str) -> list[Row]:
    """Rows of years with a count for a chart."""
    return [
        {
            "year": row["year"],
            "value": row[column] or 0,
            "is_partial": row["is_partial"],
            "x": row["year"] + 0.5,
            "tip": f"{row['year']}{' (part)' if row['is_partial'] else ''}: {row[column] or 0}",
        }
        for row in rows
    ]


def _spread(rows: Sequence[Row]) -> list[float]:
    """A place in its year for each row, side by side where a year has several."""
    of_year = Counter(row["year"] for row in rows)
    seen: Counter[int] = Counter()
    places = []
    for row in rows:
        year = row["year"]
        seen[year] += 1
        places.append(year + (seen[year] - 0.5) / of_year[year])
    return places


def _why_outside(row: Row) -> str:
    if not row["is_used"]:
        why = row["reason_not_used"] or "no model reads it"
        return "not used: " + re.sub(r"the same origin's .*", "a figure of the same origin", why)
    if not row["is_headline_money"]:
        return f"used, but of other money than the bars: {row['label']}"
    return "used; what else is known of the year outweighs it"


def dot_points(rows: Sequence[Row]) -> list[Row]:
    """Published yearly totals for a chart in USD m; those outside the bar carry a letter that
    stands for the reason.
    """
    reasons = list(dict.fromkeys(_why_outside(row) for row in rows if row["is_outside"]))
    found = []
    for row, x in zip(rows, _spread(rows), strict=True):
        reason = _why_outside(row) if row["is_outside"] else ""
        found.append(
            row
            | {
                "x": x,
                "low_end": None if row["low_usd"] is None else row["low_usd"] / MILLION,
                "high_end": None if row["high_usd"] is None else row["high_usd"] / MILLION,
                "reason": reason,
                "letter": chr(ord("a") + reasons.index(reason)) if reason else "",
            }
        )
    return found


def _middle(row: Row) -> dt.date:
    start, end = row["window_start_on"], row["window_end_on"]
    return start + (end - start) / 2


def headcount_dots(rows: Sequence[Row]) -> list[Row]:
    """Published counts of the whole for a chart."""
    whole = [
        row | {"year": _middle(row).year}
        for row in rows
        if row["coverage"] == "whole" and row["kind"] != "plan"
    ]
    whole.sort(key=lambda row: (row["year"], row["observation_id"]))
    return [
        row
        | {
            "x": x,
            "low_end": row["low"] if row["low"] is not None else row["central"],
            "high_end": (
                None
                if row["kind"] == "lower_bound"
                else row["high"]
                if row["high"] is not None
                else row["central"]
            ),
            "letter": "",
        }
        for row, x in zip(whole, _spread(whole), strict=True)
    ]


def marks_of(rows: Sequence[Row]) -> list[charts.Mark]:
    """Marks of a chart from rows with start_on, end_on and is_stretch, numbered in order."""
    return [
        charts.Mark(row["start_on"], number, row["end_on"] if row["is_stretch"] else None)
        for number, row in enumerate(rows, start=1)
    ]


def dots_of(rows: Sequence[Row]) -> list[charts.Dot]:
    """Dots of a chart from rows that dot_points or headcount_dots made."""
    return [
        charts.Dot(row["x"], row["low_end"], row["high_end"], row["is_used"], row["letter"])
        for row in rows
    ]


# rows with a picture


def claim_points(rows: Sequence[Row]) -> list[Row]:
    """Claims with their picture: one logarithmic line for all of one unit."""
    told = []
    for row in rows:
        same = [
            other[name]
            for other in rows
            if other["unit"] == row["unit"]
            for name in ("q05", "q95", "low", "high")
            if other[name]
        ]
        picture = Markup("")
        if row["q50"] is not None and same:
            picture = charts.strip(
                row["q05"],
                row["q50"],
                row["q95"],
                domain=(min(same) * 0.9, max(same) * 1.1),
                colour=row["colour"],
                claim=(row["low"], row["high"]),
                alt=f"claim {row['verdict']}",
            )
        told.append(row | {"_picture": picture, "place": f"{row['claim_id']}-{row['measure']}"})
    return told


def share_bar(share: float, colour: str, of: str) -> Markup:
    """A bar from nothing to a share of one; `of` says of what it is a share."""
    alt = f"{words.percent(share)} {of}"
    return charts.strip(
        0.0, share, share, domain=(0.0, 1.0), scale=charts.LINEAR, colour=colour, alt=alt
    )


def with_places(rows: Sequence[Row], column: str) -> list[Row]:
    """Rows with an address each: the first that holds a value in the column gets it."""
    seen: set[str] = set()
    told = []
    for row in rows:
        is_first = row[column] not in seen
        seen.add(row[column])
        told.append(row | {"place": anchor(row[column]) if is_first else ""})
    return told


def stream_changes(rows: Sequence[Row]) -> list[Row]:
    """Years from which on a total holds more streams than before."""
    told, before = [], None
    for row in rows:
        now = (row["streams"] or "").split(", ")
        if before is not None and set(now) - set(before):
            told.append({"year": row["year"], "added": sorted(set(now) - set(before))})
        before = now
    return told


def sort_eras(rows: Sequence[Row]) -> list[Row]:
    """Rows by stream, then by years in the order of time."""
    return sorted(rows, key=lambda row: (row["sort_order"], words.word("era_order", row["era"])))


# words


def lower_first(text: str) -> str:
    """With a small first letter, where the word is no abbreviation."""
    return text[:1].lower() + text[1:] if text[1:2].islower() else text


def first_upper(text: str) -> str:
    """With a capital first letter."""
    return text[:1].upper() + text[1:]


def first_upper_markup(text: Markup) -> Markup:
    """An element whose text starts with a capital letter."""
    return Markup(re.sub(r">(\w)", lambda found: ">" + found[1].upper(), text, count=1))  # noqa: S704 - one letter of what was escaped


def with_days(text: str | None) -> str:
    """Text whose ISO dates are said as people say them."""
    return re.sub(
        r"\b(\d{4}-\d{2}-\d{2})\b",
        lambda found: words.date(dt.date.fromisoformat(found[1])),
        text or "",
    )


def standing(text: str | None) -> str:
    """What stands against a party, bodies and days in words: by South Korea since 9 May 2023."""
    named = re.sub(
        r"\bby ([A-Za-z_]+)\b", lambda found: f"by {words.word('authority', found[1])}", text or ""
    )
    return with_days(named)


def and_last(text: str) -> str:
    """A list whose last comma is an 'and'."""
    return " and ".join(text.rsplit(", ", 1))


def countries(codes: str | None) -> str:
    """Country codes of a cell as names."""
    return ", ".join(sorted(words.country(code) for code in (codes or "").split(";") if code))


def breaks(text: str | Markup) -> str | Markup:
    """A cell's list, one thing a line."""
    return text.replace("; ", ";\n")


def amounts(unit: str) -> Callable[[float], str]:
    """How numbers of this unit are said, in two digits, its name left to the sentence."""
    if unit == "USD":
        return few_usd
    if unit == "share":
        return words.percent
    return lambda value: (
        f"{rounded(value / MILLION)} million" if value >= MILLION else rounded(value)
    )


def people(count: float) -> str:
    """A number of people in two digits; nobody is a fraction."""
    if count >= 10:
        return rounded(count)
    return f"{count:.0f}" if count >= 0.5 else "under 1"


def few_usd(usd: float, error: float | None = None) -> str:
    """US dollars as millions; what is next to nothing is said so."""
    return "under 0.1" if 0 < usd < LEAST_USD else millions(usd, error)


def fine_percent(share: float) -> str:
    """A share in whole percent, below one to a tenth; next to nothing is said so."""
    if 0 < share < LEAST_SHARE:
        return "under 0.1%"
    return f"{share:.1%}" if 0 < share < 0.01 else words.percent(share)


def exact_usd(usd: float) -> str:
    """Documented dollars as millions, to ten thousand dollars."""
    return "0" if usd == 0 else f"{usd / MILLION:,.2f}"


SHOW: dict[str, Callable[[Any], str]] = {
    "plain": words.plain,
    "percent": words.percent,
    "fine_percent": fine_percent,
    "round": rounded,
    "usd": few_usd,
    "exact_usd": exact_usd,
    "people": people,
    "ratio": lambda value: f"{value:.2f}",
    "year": str,
}

GLOBALS: dict[str, Any] = {
    "amounts": amounts,
    "claim_points": claim_points,
    "count_points": count_points,
    "day": day,
    "dot_points": dot_points,
    "dots_of": dots_of,
    "headcount_dots": headcount_dots,
    "marks_of": marks_of,
    "month_points": month_points,
    "part_years": part_years,
    "real_of": real_of,
    "share_bar": share_bar,
    "stream_changes": stream_changes,
    "strip": charts.strip,
    "year_points": year_points,
}

FILTERS: dict[str, Callable[..., Any]] = {
    "address": web_address,
    "amount": lambda value, unit: words.amount(value, unit or ""),
    "anchor": anchor,
    "and_last": and_last,
    "as_known": words.day_as_known,
    "breaks": breaks,
    "component": words.component,
    "countries": countries,
    "country": words.country,
    "first_upper": first_upper,
    "first_upper_markup": first_upper_markup,
    "lower_first": lower_first,
    "max_or_none": lambda values: max(values, default=None),
    "month": words.month,
    "percent_or_empty": lambda share: "" if share is None else words.percent(share),
    "plain": words.plain,
    "ratio_or_empty": lambda value: "" if value is None else f"{value:.2f}",
    "sort_eras": sort_eras,
    "standing": standing,
    "the_country": words.the_country,
    "with_days": with_days,
    "with_places": with_places,
    "word": lambda code, section: words.word(section, code),
}
