"""The network in a release: its part of the report, a page of its own, files for other tools."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import altair as alt
import duckdb
import polars as pl

from pipelines.network.exports import write_network_files
from pipelines.network.page import render_network_page, render_tables_page
from pipelines.publish.release import DATABASE_NAME
from pipelines.publish.report import Section, Table

SHOWN_BANKS = 40
SHOWN_ACTS = 40
ASK = (
    "To ask for a correction, open an issue in the project's repository with the row's id, the "
    "column, the value that is wrong, the right one, and the document that says so. It becomes a "
    "line of network_corrections.csv with the wrong value it expects; the line is published here."
)


def _usd(value: float | None) -> str:
    return "" if value is None else f"{value / 1e6:,.2f}"


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def network_outputs(folder: Path) -> list[Section]:
    """Write the network's pages and files; return the report's part.

    Writes network.html, chinese_banks.html, merges_waiting.html, network.ftm.json and
    network.graphml.

    Args:
        folder: the release being built, with its database finished.
    """
    with duckdb.connect(str(folder / DATABASE_NAME), read_only=True) as reader:
        entities, links, statements, ledger, attribution, exposure, amounts = (
            reader.sql(f"select * from {table} order by all").pl()
            for table in (
                "entities",
                "links",
                "link_statements",
                "legal_status",
                "attribution_annual",
                "bank_exposure",
                "network_amounts",
            )
        )
        frames = {name: reader.sql(sql).pl() for name, sql in _QUERIES.items()}
    (folder / "network.html").write_text(
        render_network_page(
            entities,
            links,
            statements,
            ledger,
            attribution=attribution,
            exposure=exposure,
            amounts=amounts,
        ),
        encoding="utf-8",
    )
    write_network_files(folder, entities, links, statements)
    banks = _chinese_banks(frames["chinese"], frames["tiers"])
    (folder / "chinese_banks.html").write_text(
        render_tables_page(banks.title, banks.text, [vars(table) for table in banks.tables]),
        encoding="utf-8",
    )
    (folder / "merges_waiting.html").write_text(
        render_tables_page(
            "Pairs that may be one party",
            [
                "Nobody has looked at these pairs yet, and none changes a number. To answer, put "
                "the pair's line into pipelines/reference/entity_decisions.csv with same, "
                "different or unsure, your name, the day and the reason; deleting the line "
                "undoes it."
            ],
            [vars(_merges_table(frames["waiting"]))],
        ),
        encoding="utf-8",
    )
    as_of = ledger["as_of"].max() if ledger.height else None
    return [
        Section(
            anchor="network",
            title="The network",
            text=[
                f"Every party and relation here is stated by a list, a court, a prosecutor, an "
                f"agency or a UN report, and its legal status is that of {as_of}. To be named is "
                "not to be accused: a warrant, a subpoena or a correspondent's clearing is no "
                "finding, and press accounts name nobody here.",
                "Dollars are placed on parties only as far as documents cover a year's income; "
                "the rest is on nobody. A bank is a channel: dollars pass it and never end there. "
                "To look a party up, follow a path or choose a day: network.html beside this page; "
                "for other tools: network.ftm.json (FollowTheMoney), network.graphml.",
                _lag_text(frames["lag"]),
                _lists_text(frames["lists"]),
            ],
            charts=[
                *([_clock_chart(frames["clock"])] if frames["clock"].height else []),
                *([_joined_chart(frames["joined"])] if frames["joined"].height else []),
            ],
            tables=[_cover_table(frames["unplaced"]), _statements_table(frames["joined"])],
        ),
        banks,
        _acts_section(frames),
        Section(
            anchor="banks",
            title="Banks named by officials",
            text=[
                "Banks with a finding, a designation, a rule or a judgment in force against the "
                "bank itself come first. Those whose finding was withdrawn, those served with a "
                "warrant or a subpoena, and holders of records stand apart.",
            ],
            tables=[
                _bank_table(
                    frames["banks"].filter("has_finding"), "Banks with an act in force against them"
                ),
                _bank_table(
                    frames["banks"].filter(~pl.col("has_finding")),
                    "Banks named with no finding in force against them",
                ),
            ],
        ),
        Section(
            anchor="corrections",
            title="Corrections",
            text=[ASK],
            tables=[
                Table(
                    frames["corrections"].columns,
                    [
                        ["" if cell is None else str(cell) for cell in row]
                        for row in frames["corrections"].rows()
                    ],
                    "Cells set right",
                    is_searchable=True,
                )
            ],
        ),
    ]


_QUERIES = {
    "banks": """
        select
            bank_name, country_iso2, size_tier, role, has_finding, standing,
            string_agg(distinct stream, ', ' order by stream) as streams,
            min(year) as first_year,
            max(year) as last_year,
            sum(documented_usd) as documented,
            sum(documented_scheme_usd) as shared,
            sum(attributed_usd_mean) as passed,
            max(n_origins) as n_origins,
            max(n_fronts) as n_fronts
        from bank_exposure
        group by all
        order by documented desc, passed desc nulls last, bank_name
    """,
    "chinese": """
        select *
        from chinese_banks
        order by
            bank_id is null,
            not has_finding,
            list_position(
                ['rural_commercial', 'cooperative', 'city_commercial', 'joint_stock', 'global'],
                tier
            ),
            bank_name
    """,
    "tiers": "select * from chinese_bank_tiers",
    "acts": "select * from acts where as_of = (select max(as_of) from acts)",
    "by_tier": """
        select * from acts_by_tier
        where as_of = (select max(as_of) from acts)
        order by act, net_cut_usd_mean desc, bank_tier
    """,
    "backtest": "select * from acts_backtest order by as_of",
    "placed": """
        select year, 1 - sum(usd_mean) filter (where node_id = 'UNATTRIBUTED')
            / sum(income) as share
        from (
            select
                *,
                case when node_id = 'UNATTRIBUTED' then usd_mean else ended_usd_mean end as income
            from attribution_annual
        )
        group by year
        order by year desc
    """,
    "unplaced": """
        select stream, year, coverage_share, documented_usd, documented_workers, usd_q50
        from attribution_annual
        where node_id = 'UNATTRIBUTED' and (documented_usd > 0 or documented_workers > 0)
        order by stream, year
    """,
    "clock": "select * from campaign_monthly where month >= date '2009-01-01' order by month",
    "lag": "select * from designation_lag_summary",
    "lists": "select * from network_lists order by list_source",
    "joined": "select * from joint_statements order by statement_on, statement_id",
    "waiting": "select * from merges_waiting order by score desc, left_id, right_id",
    "corrections": "select * from network_corrections order by corrected_on, correction_id",
}


def _clock_chart(clock: pl.DataFrame) -> alt.LayerChart:
    """Designations of twelve months beside the income of the month and the tests."""
    base = alt.Chart(clock).encode(x=alt.X("month:T", title=None))
    income = alt.layer(
        base.mark_area(opacity=0.25, color="#6b4c9a").encode(
            y=alt.Y("income_usd_q05:Q", title="income a month, USD"), y2="income_usd_q95:Q"
        ),
        base.mark_line(color="#6b4c9a").encode(y="income_usd_q50:Q"),
    )
    listed = base.mark_line(color="#b4552d", interpolate="step").encode(
        y=alt.Y("designations_12m:Q", title="parties designated in 12 months")
    )
    tests = (
        base.transform_filter("datum.missile_test_events > 0")
        .mark_tick(color="#3b3b3b", thickness=1.5, size=10)
        .encode(y=alt.value(296))
    )
    return (
        alt.layer(income, alt.layer(listed), tests)
        .resolve_scale(y="independent")
        .properties(
            width=820,
            height=300,
            title="Income (purple, 90% band), designations (red), missile tests (ticks)",
        )
    )


def _merges_table(waiting: pl.DataFrame) -> Table:
    return Table(
        ["one", "list", "the other", "list", "by", "score", "why it waits", "line"],
        [
            [
                row["left_name"],
                row["left_list"],
                row["right_name"],
                row["right_list"],
                row["basis"].replace("_", " "),
                _share(row["score"]),
                row["reason"],
                f"{row['left_id']},{row['right_id']},DECISION,NAME,DAY,REASON",
            ]
            for row in waiting.iter_rows(named=True)
        ],
        f"{waiting.height} pairs",
    )


def _lag_text(lag: pl.DataFrame) -> str:
    row = lag.row(0, named=True)
    waiting = f"{row['n_waiting']} more are alleged by officials and neither designated nor settled"
    if not row["n"]:
        return f"{waiting}."
    spread = (
        f" (90% interval {row['median_low']:.1f} to {row['median_high']:.1f})"
        if row["median_low"] is not None
        else ""
    )
    return (
        f"From first official allegation to designation: median {row['median_months']:.1f} "
        f"months{spread} over {row['n']} parties with both dates; {waiting}."
    )


def _lists_text(lists: pl.DataFrame) -> str:
    read = lists.filter("is_loaded")["title"].to_list()
    missing = lists.filter(~pl.col("is_loaded"))["title"].to_list()
    return (
        f"Official lists read for this release: {', '.join(read) or 'none'}. Not read: "
        f"{', '.join(missing) or 'none'}; what only those say is missing."
    )


def _joined_chart(joined: pl.DataFrame) -> alt.Chart:
    """Who joined which statement: a dot a country, dark where it sat on the Council."""
    rows = (
        joined.filter(pl.col("kind") != "not_un")
        .select(
            statement=pl.concat_str(
                pl.col("statement_on").cast(pl.String), pl.lit(" "), "statement_id"
            ),
            country=pl.col("countries").str.split(";"),
            members=pl.col("members_that_joined").str.split(";"),
        )
        .explode("country")
        .with_columns(
            seat=pl.when(pl.col("members").list.contains(pl.col("country")))
            .then(pl.lit("member of the Council"))
            .otherwise(pl.lit("not a member"))
        )
        .drop("members")
    )
    return (
        alt.Chart(rows)
        .mark_circle(size=50)
        .encode(
            x=alt.X("country:N", title=None, axis=alt.Axis(labelAngle=-90)),
            y=alt.Y("statement:N", title=None),
            color=alt.Color(
                "seat:N",
                title=None,
                scale=alt.Scale(
                    domain=["member of the Council", "not a member"],
                    range=["#3b3b3b", "#b4552d"],
                ),
            ),
            tooltip=["statement", "country", "seat"],
        )
        .properties(width=820, title="Who joined which joint statement")
    )


def _statements_table(joined: pl.DataFrame) -> Table:
    return Table(
        ["day", "what it answers", "kind", "a round", "joined", "of them on the Council",
         "members that did not"],
        [
            [
                str(row["statement_on"]),
                row["title"],
                row["kind"].replace("_", " "),
                "yes" if row["is_round"] else "no",
                str(row["n_joined"]),
                str(row["n_members_joined"]),
                (row["members_that_did_not"] or "").replace(";", " "),
            ]
            for row in joined.iter_rows(named=True)
        ],
        "Joint statements: who joined which (every country: statement_endorsers)",
        is_searchable=True,
    )  # fmt: skip


def _chinese_banks(banks: pl.DataFrame, tiers: pl.DataFrame) -> Section:
    named = banks.filter(pl.col("bank_id").is_not_null())
    small = named.filter(
        pl.col("tier").is_in(["rural_commercial", "cooperative", "city_commercial"])
    )
    return Section(
        anchor="chinese-banks",
        title="Chinese banks",
        text=[
            f"{named.height} banks of China are named by an official document or their own notice; "
            f"{small.height} of them small or medium. Against "
            f"{named.filter('has_finding').height} of them stands a finding. Banks named only by "
            "the press are not shown. Tiers are our reading; no rural commercial bank and no "
            "cooperative is named by any official document read here.",
            "The page alone: chinese_banks.html; the rows: chinese_banks, chinese_bank_tiers.",
        ],
        tables=[
            Table(
                ["bank", "tier", "standing", "documents", "the bank's answer", "years",
                 "documented USD m", "shared, never add, USD m", "a share, as stated",
                 "its own business, as stated", "may have passed, mean USD m", "customers",
                 "assets USD m", "not known"],
                [
                    [
                        row["bank_name"],
                        row["tier"].replace("_", " "),
                        row["standing"] or "",
                        row["documents"] or "",
                        row["reply"] or "",
                        f"{row['first_year']}–{row['last_year']}",
                        _usd(row["documented_usd"]),
                        _usd(row["shared_usd"]),
                        ""
                        if row["share"] is None
                        else f"{row['share_bound'].replace('_', ' ')} {row['share']:.0%} of "
                        f"{row['share_of']}",
                        row["bank_own_business"] or "",
                        _usd(row["modelled_usd_mean"]),
                        str(row["n_fronts"]),
                        ""
                        if row["total_assets_usd"] is None
                        else f"{_usd(row['total_assets_usd'])} ({row['total_assets_on']})",
                        row["not_known"] or "",
                    ]
                    for row in banks.iter_rows(named=True)
                ],
                "Every Chinese bank that an official document names, or counts",
                is_searchable=True,
            ),
            Table(
                ["tier", "banks named", "with a finding", "customers", "share of named customers",
                 "90% interval", "documented USD m"],
                [
                    [
                        row["tier"].replace("_", " "),
                        str(row["n_banks"]),
                        str(row["n_banks_with_finding"]),
                        f"{row['n_fronts']} of {row['n_fronts_all_tiers']}",
                        _share(row["front_share"]),
                        f"{_share(row['front_share_q05'])} to {_share(row['front_share_q95'])}",
                        _usd(row["documented_usd"]),
                    ]
                    for row in tiers.iter_rows(named=True)
                ],
                "Share of the named customers banked per tier",
            ),
        ],
    )  # fmt: skip


def _acts_section(frames: dict[str, pl.DataFrame]) -> Section:
    acts = frames["acts"]
    open_ = acts.filter(pl.col("is_open") & (pl.col("net_cut_usd_mean").fill_null(0.0) > 0))
    past = acts.filter(~pl.col("is_open") & (pl.col("carried_usd_mean").fill_null(0.0) > 0)).sort(
        "carried_usd_mean", "party_id", descending=[True, False]
    )
    share = frames["placed"].filter(pl.col("share") > 0)
    day: dt.date | None = acts["as_of"][0] if acts.height else None
    year = None if day is None else day.year - 1
    placed = frames["placed"].filter(pl.col("year") == year)["share"].to_list()
    back = frames["backtest"]
    came = (
        f"Tested on {back.height} past days whose {back['months'][0]} months are over: of "
        f"{back['n_named'].sum()} names with dollars, {back['n_named_designated'].sum()} were "
        f"designated; of all {back['n_open'].sum()} then known and open, "
        f"{back['n_open_designated'].sum()}; {back['n_designated_in_network'].sum()} parties of "
        "today's network were. The names do not foretell designations, and the table does not "
        "claim to: it says what an act would cut of the little that documents place."
        if back.height
        else "No past day's months are over yet."
    )
    return Section(
        anchor="acts",
        title=f"What can still be done, as of {day}",
        text=[
            (
                f"Open evidence places {placed[0]:.2%} of {year}'s income on any party. "
                if placed
                else ""
            )
            + f"{share.height} years have any income placed. What would change that: employers' "
            "headcounts for China and Russia, payrolls and bank records in court papers, cargo "
            "values of the ships that official documents name.",
            came,
        ],
        tables=[
            Table(
                ["act", "party", "type", "country", "standing", "years", "carried USD m a year",
                 "net cut USD m a year", "90% interval", "among the best 5", "banks it uses",
                 "bank tier"],
                [
                    [
                        row["act"].replace("_", " "),
                        row["name"],
                        row["schema"],
                        row["country_iso2"] or "",
                        row["standing"] or "",
                        f"{row['window_first_year']}–{row['window_last_year']}",
                        _usd(row["carried_usd_mean"]),
                        _usd(row["net_cut_usd_mean"]),
                        f"{_usd(row['net_cut_usd_q05'])} to {_usd(row['net_cut_usd_q95'])}",
                        _share(row["p_in_best_5"]),
                        row["channels"] or "",
                        (row["bank_tiers"] or "").replace("_", " "),
                    ]
                    for row in open_.head(SHOWN_ACTS).iter_rows(named=True)
                ],
                "Acts still open, with what they would cut",
                is_searchable=True,
            ),
            Table(
                ["act", "bank tier", "parties", "net cut USD m a year", "90% interval"],
                [
                    [
                        row["act"].replace("_", " "),
                        row["bank_tier"].replace("_", " "),
                        str(row["n_parties"]),
                        _usd(row["net_cut_usd_mean"]),
                        f"{_usd(row['net_cut_usd_q05'])} to {_usd(row['net_cut_usd_q95'])}",
                    ]
                    for row in frames["by_tier"].iter_rows(named=True)
                ],
                "Open acts by the tier of the banks their parties are known to use, together",
            ),
            Table(
                ["act", "party", "closed by", "since", "years", "carried USD m a year"],
                [
                    [
                        row["act"].replace("_", " "),
                        row["name"],
                        row["closed_by"],
                        str(row["closed_on"] or "not known"),
                        f"{row['window_first_year']}–{row['window_last_year']}",
                        _usd(row["carried_usd_mean"]),
                    ]
                    for row in past.head(SHOWN_ACTS).iter_rows(named=True)
                ],
                "Past acts: what the parties carried in the last years before",
                is_searchable=True,
            ),
            Table(
                ["day", "open", "designated", "named", "designated", "designated, all"],
                [
                    [
                        str(row["as_of"]),
                        str(row["n_open"]),
                        str(row["n_open_designated"]),
                        str(row["n_named"]),
                        str(row["n_named_designated"]),
                        str(row["n_designated_in_network"]),
                    ]
                    for row in back.iter_rows(named=True)
                ],
                "The method tested on past days, from evidence public by then",
            ),
        ],
    )  # fmt: skip


def _bank_table(banks: pl.DataFrame, caption: str) -> Table:
    return Table(
        columns=[
            "bank",
            "country",
            "tier",
            "role",
            "standing",
            "streams",
            "years",
            "documented USD m",
            "shared, never add, USD m",
            "may have passed, mean USD m",
            "witnesses",
            "customers and fronts",
        ],
        rows=[
            [
                row["bank_name"],
                row["country_iso2"] or "",
                row["size_tier"].replace("_", " "),
                row["role"].replace("_", " "),
                row["standing"] or "no act against it",
                row["streams"],
                f"{row['first_year']}–{row['last_year']}",
                _usd(row["documented"]),
                _usd(row["shared"]),
                _usd(row["passed"]),
                str(row["n_origins"]),
                str(row["n_fronts"]),
            ]
            for row in banks.head(SHOWN_BANKS).iter_rows(named=True)
        ],
        caption=caption,
        is_searchable=True,
    )


def _cover_table(unplaced: pl.DataFrame) -> Table:
    return Table(
        columns=[
            "stream",
            "year",
            "documented USD m",
            "documented workers",
            "covered share of income",
            "on nobody, median USD m",
        ],
        rows=[
            [
                row["stream"],
                str(row["year"]),
                _usd(row["documented_usd"]),
                f"{row['documented_workers']:,.0f}",
                f"{row['coverage_share']:.1%}",
                _usd(row["usd_q50"]),
            ]
            for row in unplaced.iter_rows(named=True)
        ],
        caption="How much of each year's income documents cover",
    )
