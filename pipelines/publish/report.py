"""One page that opens with no network: the answer, how it moves, and what it rests on.

The page is made from the release's own database, so it cannot say anything else than what
readers find there. Every cell of data passes through the template's escaping or through JSON.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import altair as alt
import duckdb
import jinja2
import polars as pl
import vl_convert

from pipelines.paths import STREAMS_DIR
from pipelines.publish import standing
from pipelines.publish.answer import COLUMNS, answer_rows, answer_table, millions
from pipelines.publish.contract import load_contract
from pipelines.publish.release import DATABASE_NAME

TEMPLATES = Path(__file__).resolve().parent / "templates"
TABLE_ROWS = 400
Chart = alt.Chart | alt.LayerChart


@dataclass(frozen=True)
class Table:
    """Rows to show, all text already formatted; escaped by the template."""

    columns: list[str]
    rows: list[list[str]]
    caption: str = ""
    is_searchable: bool = False


@dataclass(frozen=True)
class Section:
    """A part of the page."""

    anchor: str
    title: str
    text: list[str] = field(default_factory=list)
    charts: list[Chart] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    # markup made by our own code from escaped parts; never text from data
    fragments: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Stream:
    """How a stream, or the total, is shown."""

    title: str
    colour: str


def streams_of(reader: duckdb.DuckDBPyConnection) -> dict[str, Stream]:
    """Every stream and the total by name, in the order to show them."""
    rows = reader.sql(
        "select stream, title, colour from streams order by sort_order, stream"
    ).fetchall()
    return {stream: Stream(title, colour) for stream, title, colour in rows}


def _titles(reader: duckdb.DuckDBPyConnection) -> dict[str, str]:
    return {stream: shown.title for stream, shown in streams_of(reader).items()}


def _has(reader: duckdb.DuckDBPyConnection, table: str) -> bool:
    return (table,) in reader.execute("show tables").fetchall()


def _answer(reader: duckdb.DuckDBPyConnection) -> Section:
    rows = answer_rows(reader)
    coverage = [
        f"{row['title']}, {row['year']}: {row['streams']}."
        for row in rows
        if row["streams"] != row["stream"]
    ]
    tables = [
        Table(list(COLUMNS), answer_table(reader)),
        *([_widths(reader)] if _has(reader, "evidence_by_component") else []),
        *([_readings(reader)] if _has(reader, "readings") else []),
        *([_claims(reader)] if _has(reader, "claims") else []),
        *([_verdicts(reader)] if _has(reader, "backtest_scores") else []),
    ]
    return Section(
        "answer",
        "The answer",
        text=[
            "Nominal US dollars, millions, in the digits that Monte Carlo error allows. The "
            "interval holds the model’s central 90%: one year in ten is expected to lie outside "
            "it. “Evidence of the year itself” is the share of the uncertainty that stands on "
            "parts of the income somebody speaks of in that very year; the rest is older word or "
            "assumption. “Roots” are bodies that speak of that year, each counted once.",
            *coverage,
            *(_tested(reader) if _has(reader, "backtest_scores") else []),
            *(_beaten(reader) if _has(reader, "backtest_scores") else []),
            *(_stale(reader) if _has(reader, "backtest_scores") else []),
            *(standing.outage(reader) if _has(reader, "sources_status") else []),
            *(standing.what_changed(reader) if _has(reader, "releases") else []),
        ],
        tables=tables,
    )


# the last full year of each stream, as the answer table shows it
LAST_FULL = """
    select stream, max(year) as year
    from income_annual
    where measure = 'state_income_usd' and not is_partial_year
    group by stream
"""


def _widths(reader: duckdb.DuckDBPyConnection) -> Table:
    """What the widths of the answer rest on."""
    frame = reader.sql(
        f"""
        select
            streams.title as stream,
            parts.year,
            parts.component as part,
            round(100 * parts.variance_share)::bigint || '%' as "share of the uncertainty",
            case parts.grade
                when 'this_year' then 'of the year itself'
                when 'within_two_years' then 'of the two years around'
                else 'none: assumption'
            end as evidence,
            parts.n_roots as roots
        from evidence_by_component as parts
        inner join ({LAST_FULL}) as last_full
            on parts.stream = last_full.stream and parts.year = last_full.year
        inner join streams on parts.stream = streams.stream
        where parts.stream != 'total'
        order by streams.sort_order, parts.variance_share desc, parts.component
        """
    ).pl()
    return _table(frame, "What the widths rest on")


def _readings(reader: duckdb.DuckDBPyConnection) -> Table:
    rows = reader.sql(
        f"""
        select streams.title, readings.year, readings.reading, q05, q50, q95
        from readings
        inner join ({LAST_FULL}) as last_full
            on readings.stream = last_full.stream and readings.year = last_full.year
        inner join streams on readings.stream = streams.stream
        order by streams.sort_order, readings.reading
        """
    ).fetchall()
    return Table(
        ["stream, USD m", "year", "sources read", "median", "90% interval"],
        [
            [title, str(year), reading, millions(q50), f"{millions(q05)}–{millions(q95)}"]
            for title, year, reading, q05, q50, q95 in rows
        ],
        "The headline as each side reads it",
    )


def _claims(reader: duckdb.DuckDBPyConnection) -> Table:
    frame = reader.sql(
        """
        select
            claims.words as claim,
            streams.title as stream,
            claims.window_start_on as from,
            claims.window_end_on as to,
            claims.measure as "held against",
            claims.q05 as "5%",
            claims.q50 as median,
            claims.q95 as "95%",
            round(claims.low_quantile, 2) as "worlds below its low end",
            round(claims.high_quantile, 2) as "worlds below its high end",
            claims.verdict,
            claims.source_title as source
        from claims
        inner join streams on claims.stream = streams.stream
        order by
            streams.sort_order,
            claims.window_start_on desc,
            claims.claim_id,
            claims.measure
        """
    ).pl()
    return _table(frame, "What has been claimed, beside these numbers", searchable=True)


def _verdicts(reader: duckdb.DuckDBPyConnection) -> Table:
    """How the backtests went, by stream and era."""
    rows = reader.sql(
        f"""
        select
            streams.title,
            scores.era,
            scores.test,
            scores.quantity,
            scores.n,
            scores.n_roots,
            scores.coverage_90,
            scores.coverage_90_low,
            scores.coverage_90_high,
            scores.verdict
        from backtest_scores as scores
        inner join ({HEADLINE_MODELS}) as headline
            on scores.stream = headline.stream and scores.model = headline.model
        inner join streams on scores.stream = streams.stream
        order by streams.sort_order, scores.era, scores.test, scores.quantity
        """
    ).fetchall()
    return Table(
        ["stream", "years", "hidden", "figures of", "figures", "roots", "inside 90%", "so it is"],
        [
            [
                title,
                era.replace("_", " "),
                TEST_TITLES.get(test, test.replace("_", " ")),
                quantity,
                str(n),
                str(n_roots),
                "" if inside is None else f"{inside:.0%} ({low:.0%}–{high:.0%})",
                verdict,
            ]
            for title, era, test, quantity, n, n_roots, inside, low, high, verdict in rows
        ],
        "Hidden figures inside the 90% interval, by years (in brackets: 95% interval over roots)",
    )


def _band(frame: pl.DataFrame, x: str, title: str, colour: str) -> alt.LayerChart:
    """Median with 50% and 90% bands."""
    base = alt.Chart(frame).encode(x=alt.X(f"{x}:T", title=None))
    tooltip = [
        alt.Tooltip(f"{x}:T", format="%Y-%m"),
        *(alt.Tooltip(f"{name}:Q", format=",.4s") for name in ("q05", "q25", "q50", "q75", "q95")),
    ]
    return (
        base.mark_area(opacity=0.18, color=colour).encode(
            y=alt.Y("q05:Q", title=title, axis=alt.Axis(format="~s")), y2="q95:Q"
        )
        + base.mark_area(opacity=0.35, color=colour).encode(y="q25:Q", y2="q75:Q")
        + base.mark_line(color=colour, strokeWidth=1.5).encode(y="q50:Q", tooltip=tooltip)
    )


def _income(reader: duckdb.DuckDBPyConnection) -> Section:
    monthly = reader.sql(
        "select stream, month, q05, q25, q50, q75, q95 from income_monthly "
        "where measure = 'state_income_usd' order by stream, month"
    ).pl()
    points = reader.sql(
        """
        select
            figures.stream,
            window_start_on + interval 182 day as mid_on,
            coalesce(central, sqrt(low * high), low, high) / 12 as usd_per_month,
            observation_id,
            quantity,
            coalesce(source_title, source_id) as source,
            case when is_used then 'used' else 'not used' end as use
        from figures
        inner join stream_measures as measures
            on figures.stream = measures.stream and figures.measure = measures.measure
        where
            unit = 'USD'
            and coverage = 'whole'
            and kind not in ('plan', 'structural_zero')
            and date_diff('day', window_start_on, window_end_on) between 360 and 370
        order by observation_id
        """
    ).pl()
    charts: list[Chart] = []
    for stream, shown in streams_of(reader).items():
        rows = monthly.filter(pl.col("stream") == stream)
        if rows.is_empty():
            continue
        chart = _band(rows, "month", "USD a month", shown.colour)
        dots = points.filter(pl.col("stream") == stream)
        if dots.height:
            chart += (
                alt.Chart(dots)
                .mark_point(filled=True, size=42, opacity=0.8)
                .encode(
                    x="mid_on:T",
                    y="usd_per_month:Q",
                    color=alt.Color(
                        "use:N",
                        title="published figure",
                        scale=alt.Scale(domain=["used", "not used"], range=["#c22", "#aaa"]),
                    ),
                    tooltip=["observation_id", "quantity", "source", "usd_per_month"],
                )
            )
        charts.append(chart.properties(width=820, height=240, title=shown.title))
    return Section(
        "income",
        "Income by month",
        text=[
            "What reaches the DPRK side. Line: median. Bands: central 50% and 90%. Points: "
            "published yearly totals, whatever money they speak of, spread evenly over their year; "
            "red ones were used by the model, grey ones were not (the table of figures says why).",
        ],
        charts=charts,
    )


_POINTS = {"q05", "q25", "q50", "q75", "q95"}


def _stream_sections(reader: duckdb.DuckDBPyConnection) -> list[Section]:
    """A part for each stream whose folder says, select by select, what it has to show.

    The first line of a select is its title. With a month and quantiles it is a chart, else a table.
    """
    sections = []
    for stream, shown in streams_of(reader).items():
        charts: list[Chart] = []
        tables: list[Table] = []
        for file in sorted(STREAMS_DIR.glob(f"{stream}/report/*.sql")):
            sql = file.read_text(encoding="utf-8")
            title = sql.partition("\n")[0].removeprefix("--").strip()
            frame = reader.sql(sql).pl()
            if {"month", *_POINTS} <= set(frame.columns):
                band = _band(frame, "month", title, shown.colour)
                charts.append(band.properties(width=820, height=200))
            else:
                tables.append(_table(frame, title, searchable=True))
        if charts or tables:
            sections.append(
                Section(f"stream-{stream}", shown.title.capitalize(), charts=charts, tables=tables)
            )
    return sections


def _evidence(reader: duckdb.DuckDBPyConnection) -> Section:
    conflicts = reader.sql(
        "select rank, observation_id, stream, concept, window_start_on as from, "
        "window_end_on as to, stated, model_q05, model_q95, unit, "
        "round(influence, 2) as influence, is_used from conflicts order by rank"
    ).pl()
    origins = reader.sql(
        "select name, kind_of_body, n_statements as statements, n_repeats as repeats, "
        'n_used as used, round(implied_usd_per_worker_per_month) as "USD/worker/month", '
        'round(implied_usd_per_t, 1) as "USD/t", plausibility '
        "from origins order by n_statements desc, name"
    ).pl()
    figures = reader.sql(
        "select observation_id as id, stream, quantity, counterpart_iso3 as country, "
        "window_start_on as from, window_end_on as to, kind, low, central, high, unit, "
        'source_title as source, is_used as used, reason_not_used as "why not" '
        "from figures order by observation_id"
    ).pl()
    return Section(
        "evidence",
        "What the numbers rest on",
        text=[
            "Each figure counts once, under the body that first produced it, however often it "
            "was printed. Nothing is dropped: a figure no model used says why.",
        ],
        tables=[
            _table(
                conflicts,
                "Figures outside the published 90% interval of what they measure, the most "
                "influential first",
                searchable=True,
            ),
            _table(origins, "Origins: repeats and arithmetic", searchable=True),
            _table(figures, "All figures", searchable=True, limit=5_000),
        ],
    )


TEST_TITLES = {
    "leave_one_origin_out": "leave one origin out",
    "leave_one_year_out": "leave one year out",
    "forward": "forward: freeze each January",
    "rewind": "rewind: hide customs of 2015-01 to 2017-01",
}
HEADLINE_MODELS = """
    select distinct stream, model
    from income_annual
    where measure = 'state_income_usd' and stream != 'total'
"""


def _trust(reader: duckdb.DuckDBPyConnection) -> Section:
    scores = reader.sql(
        "select stream, test, era, quantity, model, n, n_roots as roots, round(crps, 3) as crps, "
        'round(wis, 3) as wis, round(coverage_50, 2) as "in 50%", '
        'round(coverage_80, 2) as "in 80%", round(coverage_90, 2) as "in 90%", '
        "round(coverage_90_low, 2) || ' – ' || round(coverage_90_high, 2) as \"in 90%: 95%\", "
        "verdict from backtest_scores order by stream, test, era, quantity, wis"
    ).pl()
    inputs = reader.sql(
        'select stream, year, input, round(variance_share, 3) as "share of variance", '
        'round(low_usd / 1e6, 1) as "low, USD m", round(high_usd / 1e6, 1) as "high, USD m" '
        "from sensitivity where year >= 2018 order by year desc, stream, variance_share desc"
    ).pl()
    wanted = reader.sql(
        "select rank, stream, year, datum, "
        'round(expected_width_ratio, 2) as "expected width after / now" '
        "from value_of_information order by year desc, stream, rank"
    ).pl()
    priors = reader.sql(
        """
        select
            stream,
            year,
            prior,
            round(max(median_ratio) filter (where alpha = 0.5), 2) as "median, half as strong",
            round(max(median_ratio) filter (where alpha = 2), 2) as "median, twice as strong",
            round(any_value(sensitivity), 3) as sensitivity,
            round(any_value(sensitivity_noise), 3) as "of which chance",
            any_value(is_sensitive) as "worth a look"
        from prior_sensitivity
        where year >= 2018
        group by stream, year, prior
        order by year desc, stream, sensitivity desc, prior
        """
    ).pl()
    return Section(
        "trust",
        "How far to trust it, and what to collect next",
        text=[
            "Backtests hide what is known and ask the model for it. CRPS and WIS are errors in "
            "logs, lower is better; coverage should match its name, within the interval "
            "that so few roots allow. Every hidden figure beside its prediction is in the table "
            "backtest_cases.",
            *_when_scored(reader),
            "“Expected width” is how much of the 90% interval of the year would be left, on "
            "average, after learning the one datum named.",
        ],
        charts=[*_score_charts(reader), *_rewind_chart(reader)],
        tables=[
            _table(scores, "Backtests", searchable=True),
            _table(wanted, "Collect next", searchable=True),
            _table(
                inputs,
                "Share of variance by input, and income at the input's 10% and 90% points",
                searchable=True,
            ),
            _table(
                priors,
                "Which judgement holds the number: the median over what it is, each prior made "
                "weaker and stronger (empty where the draws cannot tell)",
                searchable=True,
                limit=1_000,
            ),
        ],
    )


def _when_scored(reader: duckdb.DuckDBPyConnection) -> list[str]:
    """How old the scores are, and whether they are those of this release's figures and code."""
    rows = reader.sql(
        "select stream, max(scored_at)::date, bool_and(is_embedded), bool_and(is_current) "
        "from backtest_scores group by stream order by stream"
    ).fetchall()
    titles = _titles(reader)
    told = [
        f"{titles.get(stream, stream)} on {day}"
        + (" (as embedded in the repository)" if is_embedded else "")
        + ("" if is_current else ", on earlier figures or code than this release's")
        for stream, day, is_embedded, is_current in rows
    ]
    uneven = reader.sql(
        "select stream, count(*), min(p_value), any_value(n_worlds) from calibration "
        "where not is_control group by stream order by stream"
    ).fetchall()
    ranked = [
        f"{titles.get(stream, stream)} {least:.2f} over {n} quantities and {worlds} worlds"
        for stream, n, least, worlds in uneven
    ]
    return [
        f"Scored: {'; '.join(told)}.",
        "Simulation-based calibration (least chance of ranks so uneven if the sampler is right): "
        f"{'; '.join(ranked)}.",
    ]


def _score_charts(reader: duckdb.DuckDBPyConnection) -> list[Chart]:
    """Weighted interval score and 90% coverage of every model, test by test."""
    frame = reader.sql(
        f"""
        select
            scores.*,
            coalesce(headline.model = scores.model, false) as is_headline
        from backtest_scores as scores
        left join ({HEADLINE_MODELS}) as headline on scores.stream = headline.stream
        order by scores.stream, test, era, quantity, wis, scores.model
        """
    ).pl()
    frame = frame.with_columns(
        test=pl.format("{}: {}, {}", pl.col("test").replace(TEST_TITLES), "quantity", "era"),
        stream=pl.col("stream").replace(_titles(reader)),
        who=pl.when("is_headline")
        .then(pl.lit("headline model"))
        .otherwise(pl.col("model").str.replace_all("_", " ")),
    ).drop("scored_at")
    if frame.is_empty():
        return []
    who = alt.Color(
        "who:N",
        title=None,
        scale=alt.Scale(
            domain=[
                "headline model",
                "baseline",
                "log interpolation",
                "last value",
                "range midpoint",
            ],
            range=["#c22", "#3b3b3b", "#0b6e99", "#7a9a01", "#b9a36b"],
        ),
    )
    charts: list[Chart] = []
    for stream in frame["stream"].unique(maintain_order=True):
        base = alt.Chart(frame.filter(pl.col("stream") == stream)).encode(
            y=alt.Y("test:N", title=None, axis=alt.Axis(labelLimit=300))
        )
        tooltip = ["who:N", "n:Q", alt.Tooltip("wis:Q", format=".3f")]
        tooltip.append(alt.Tooltip("coverage_90:Q", format=".2f"))
        error = base.mark_point(filled=True, size=90, opacity=0.85).encode(
            x=alt.X(
                "wis:Q",
                title="weighted interval score, log (left is better)",
                scale=alt.Scale(zero=True),
            ),
            color=who,
            tooltip=tooltip,
        )
        charts.append(
            error.properties(width=560, height=120, title=f"{stream}: error on hidden figures")
        )
        covered = base.transform_filter("datum.is_headline")
        band = covered.mark_rule(color="#c22", strokeWidth=2).encode(
            x=alt.X(
                "coverage_90_low:Q",
                title="share of hidden figures inside the model's 90% interval",
                scale=alt.Scale(domain=[0, 1]),
            ),
            x2="coverage_90_high:Q",
        )
        share = covered.mark_point(filled=True, size=70, color="#c22").encode(
            x="coverage_90:Q", tooltip=tooltip
        )
        nominal = (
            alt.Chart(pl.DataFrame({"nominal": [0.9]}))
            .mark_rule(color="#555", strokeDash=[4, 3])
            .encode(x="nominal:Q")
        )
        charts.append(
            (band + share + nominal).properties(
                width=560, height=100, title=f"{stream}: coverage, 95% interval over roots"
            )
        )
    return charts


def _rewind_chart(reader: duckdb.DuckDBPyConnection) -> list[Chart]:
    """What the coal model said of customs it was not shown, beside what customs said."""
    frame = reader.sql(
        f"""
        select
            cases.*,
            figures.quantity,
            figures.window_start_on || ' to ' || figures.window_end_on || ', '
                || figures.counterpart_iso3 || ' (' || cases.observation_id || ')' as what,
            date_diff('day', figures.window_start_on, figures.window_end_on) + 1 as n_days
        from backtest_cases as cases
        inner join ({HEADLINE_MODELS}) as headline
            on cases.stream = headline.stream and cases.model = headline.model
        inner join figures on cases.observation_id = figures.observation_id
        where cases.test = 'rewind' and figures.quantity in ('export_t', 'export_usd')
        order by figures.quantity, n_days desc, figures.window_start_on, cases.observation_id
        """
    ).pl()
    charts: list[Chart] = []
    for quantity, title in (("export_t", "tonnes"), ("export_usd", "USD")):
        rows = frame.filter(pl.col("quantity") == quantity)
        if rows.is_empty():
            continue
        base = alt.Chart(rows).encode(
            y=alt.Y("what:N", title=None, sort=None, axis=alt.Axis(labelLimit=360))
        )
        wide = base.mark_rule(color="#0b6e99", opacity=0.5, strokeWidth=4).encode(
            x=alt.X(
                "q05:Q",
                title=f"{title}, log scale: 90% and 50% interval predicted; red: stated",
                scale=alt.Scale(type="log", nice=False, padding=8),
                axis=alt.Axis(format="~s"),
            ),
            x2="q95:Q",
        )
        middle = base.mark_rule(color="#0b6e99", strokeWidth=8).encode(x="q25:Q", x2="q75:Q")
        stated = base.mark_point(filled=True, size=60, color="#c22", opacity=1).encode(
            x="stated:Q", tooltip=["what", "stated", "q05", "q50", "q95"]
        )
        charts.append(
            (wide + middle + stated).properties(
                width=520,
                height=16 * rows.height + 10,
                title=f"Rewind: {title} of 2015-01 to 2017-01, customs hidden",
            )
        )
    return charts


def _tested(reader: duckdb.DuckDBPyConnection) -> list[str]:
    """How the tests of each stream and era went, in a sentence."""
    rows = reader.sql(
        f"""
        with counted as (
            select scores.stream, scores.era, scores.verdict, count(*) as n
            from backtest_scores as scores
            inner join ({HEADLINE_MODELS}) as headline
                on scores.stream = headline.stream and scores.model = headline.model
            group by all
        )
        select
            streams.title,
            counted.era,
            sum(counted.n) as n_tests,
            string_agg(counted.n || ' ' || counted.verdict, ', ' order by counted.verdict)
        from counted
        inner join streams on counted.stream = streams.stream
        group by streams.title, streams.sort_order, counted.era
        order by streams.sort_order, counted.era
        """
    ).fetchall()
    return [
        f"Tested on figures it was not shown, {title}, {era.replace('_', ' ')}: of {n} tests of "
        f"the 90% interval, {verdicts}."
        for title, era, n, verdicts in rows
    ]


def _beaten(reader: duckdb.DuckDBPyConnection) -> list[str]:
    """A sentence for each test that a plain comparator won: readers learn it first."""
    rows = reader.sql(
        f"""
        with best as (
            select stream, test, era, quantity, model, wis
            from backtest_scores
            qualify row_number() over (
                partition by stream, test, era, quantity order by wis, model
            ) = 1
        ),
        headline as ({HEADLINE_MODELS})
        select best.stream, best.test, best.era, best.quantity, best.model, best.wis, scores.wis
        from best
        inner join headline on best.stream = headline.stream and best.model != headline.model
        inner join backtest_scores as scores
            on
                best.stream = scores.stream
                and best.test = scores.test
                and best.era = scores.era
                and best.quantity = scores.quantity
                and headline.model = scores.model
        where scores.verdict != 'too few to judge'
        order by best.stream, best.test, best.era, best.quantity
        """
    ).fetchall()
    titles = _titles(reader)
    return [
        f"In the test “{TEST_TITLES.get(test, test.replace('_', ' '))}” of "
        f"{titles.get(stream, stream)} ({quantity}, {era.replace('_', ' ')}), the plain comparator "
        f"“{model.replace('_', ' ')}” did better than the headline model: weighted interval score "
        f"{best:.3f} against {ours:.3f}."
        for stream, test, era, quantity, model, best, ours in rows
    ]


def _stale(reader: duckdb.DuckDBPyConnection) -> list[str]:
    """A sentence where the scores were made of other figures, priors or code than the numbers."""
    streams = reader.sql(
        "select distinct stream from backtest_scores where not is_current order by stream"
    ).fetchall()
    if not streams:
        return []
    titles = _titles(reader)
    names = ", ".join(titles.get(stream, stream) for (stream,) in streams)
    return [
        f"The backtest scores of {names} were made on earlier figures, priors or code than these "
        "numbers; `./run backtest` makes them anew."
    ]


def _campaign(reader: duckdb.DuckDBPyConnection) -> Section:
    frame = reader.sql(
        "select month, designations, missile_test_events, income_usd_q50, income_usd_q05, "
        "income_usd_q95 from campaign_monthly where month >= date '2009-01-01' order by month"
    ).pl()
    lag = reader.sql(
        "select count(*), median(lag_months) from designation_lag where lag_months is not null"
    ).fetchall()[0]
    base = alt.Chart(frame).encode(x=alt.X("month:T", title=None))
    charts: list[Chart] = [
        base.mark_bar(color="#b4552d")
        .encode(
            y=alt.Y("designations:Q", title="designations a month"),
            tooltip=["month:T", "designations"],
        )
        .properties(width=820, height=130),
        base.mark_bar(color="#555")
        .encode(
            y=alt.Y("missile_test_events:Q", title="missile test days"),
            tooltip=["month:T", "missile_test_events"],
        )
        .properties(width=820, height=110),
    ]
    text = [
        "Designations from the lists' own dates where the lists at hand give one, beside missile "
        "tests. The table campaign_monthly holds resolutions, statements and income beside them."
    ]
    if lag[0]:
        text.append(
            f"Median from first public allegation to designation: {lag[1]:.0f} months, over "
            f"{lag[0]} parties with both dates."
        )
    return Section("campaign", "Is the pressure keeping up?", text=text, charts=charts)


def _history(reader: duckdb.DuckDBPyConnection) -> Section:
    return Section(
        "history",
        "What changed, and past releases",
        text=[
            "A move is taken apart into new evidence, a new month, changed code or priors, and "
            "sampling noise; what is within four Monte Carlo errors is no revision."
        ],
        charts=standing.fan(reader),
        tables=[
            _table(standing.moves(reader), "Moves of this release", searchable=True),
            _table(standing.releases(reader), "Releases"),
        ],
    )


def _state(reader: duckdb.DuckDBPyConnection) -> Section:
    sources = reader.sql("select * from sources_status order by source").pl()
    refused = reader.sql("select * from quarantine order by source, row").pl()
    vintages = reader.sql("select * from vintages order by published_at").pl()
    return Section(
        "state",
        "Sources, refused rows, vintages",
        tables=[
            _table(sources, "Sources of this run"),
            _table(refused, "Refused rows", searchable=True),
            _table(vintages, "Vintages"),
        ],
    )


# section, and the tables it cannot do without
SECTIONS: tuple[tuple[Callable[[duckdb.DuckDBPyConnection], Section], tuple[str, ...]], ...] = (
    (_answer, ()),
    (_income, ("figures", "income_monthly", "stream_measures")),
    (
        _trust,
        (
            "backtest_scores",
            "backtest_cases",
            "calibration",
            "prior_sensitivity",
            "sensitivity",
            "value_of_information",
        ),
    ),
    (_campaign, ("campaign_monthly", "designation_lag")),
    (_evidence, ("conflicts", "figures", "origins")),
    (_history, ("releases", "changes", "release_headlines")),
    (_state, ("quarantine", "sources_status")),
)
# what streams show of themselves stands after this many parts
_BEFORE_STREAMS = 2


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    if isinstance(value, int):
        return f"{value:,}" if abs(value) >= 10_000 else str(value)  # years stay plain
    return str(value)[:400]


def _table(
    frame: pl.DataFrame, caption: str, *, searchable: bool = False, limit: int = TABLE_ROWS
) -> Table:
    note = f" (first {limit} of {frame.height})" if frame.height > limit else ""
    if frame.is_empty():
        note = " (none)"
    return Table(
        frame.columns,
        [[_text(cell) for cell in row] for row in frame.head(limit).rows()],
        caption + note,
        searchable and frame.height > 8,
    )


def _spec(chart: Chart) -> str:
    """The chart as JSON that cannot end the script element it stands in."""
    spec = json.dumps(chart.to_dict(), separators=(",", ":"), default=str)
    return spec.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _chart_script() -> str:
    """The chart library as one script, so that the page asks nobody for it."""
    version = alt.SCHEMA_VERSION.rsplit(".", 1)[0].removeprefix("v")
    # without a snippet the bundle is made for pages: it leaves vegaEmbed behind as a global
    return vl_convert.javascript_bundle(vl_version=version)  # ty: ignore[missing-argument]


def headline_png(release: Path) -> bytes:
    """The income of every stream by month as one PNG, for places that show no page."""
    with duckdb.connect(str(release / DATABASE_NAME), read_only=True) as reader:
        charts = _income(reader).charts
    small = [chart.properties(width=560, height=120) for chart in charts]
    stacked = alt.vconcat(*small).configure_view(strokeWidth=0)
    return vl_convert.vegalite_to_png(json.dumps(stacked.to_dict(), default=str), scale=1)


def write_report(release: Path, target: Path, extra: Sequence[Section] = ()) -> None:
    """Write the page for the release in folder `release`.

    Args:
        release: folder that holds the published database.
        target: the HTML file to write.
        extra: further parts, shown before the state of the sources.
    """
    alt.data_transformers.disable_max_rows()
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    with duckdb.connect(str(release / DATABASE_NAME), read_only=True) as reader:
        tables = {row[0] for row in reader.execute("show tables").fetchall()}
        made = [make(reader) for make, needed in SECTIONS if tables >= set(needed)]
        first, later = made[:_BEFORE_STREAMS], made[_BEFORE_STREAMS:]
        sections = [*first, *_stream_sections(reader), *later[:-1], *extra, *later[-1:]]
        vintage = reader.sql(
            "select *, release_id as vintage_id from releases order by sequence"
        ).pl()
    specs = [[_spec(chart) for chart in section.charts] for section in sections]
    page = environment.get_template("report.html.j2").render(
        sections=list(zip(sections, specs, strict=True)),
        vintage=vintage.row(-1, named=True),
        tables=list(load_contract().values()),
        vega=_chart_script(),
    )
    target.write_text(page, encoding="utf-8")
