"""The network in a release: its part of the report, a page of its own, files for other tools."""

from __future__ import annotations

from pathlib import Path

import altair as alt
import duckdb
import polars as pl

from pipelines.network.exports import write_network_files
from pipelines.network.page import render_network_page, render_network_section
from pipelines.publish.release import DATABASE_NAME
from pipelines.publish.report import Section, Table

SHOWN_BANKS = 40
SHOWN_NODES = 25


def _usd(value: float | None) -> str:
    return "" if value is None else f"{value / 1e6:,.2f}"


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def network_outputs(folder: Path) -> list[Section]:
    """Write network.html, network.ftm.json and network.graphml; return the report's part.

    Args:
        folder: the release being built, with its database finished.
    """
    with duckdb.connect(str(folder / DATABASE_NAME), read_only=True) as reader:
        entities, links, statements, attribution, nodes = (
            reader.sql(f"select * from {table} order by all").pl()
            for table in (
                "entities",
                "links",
                "link_statements",
                "attribution_annual",
                "interdiction_nodes",
            )
        )
        banks = reader.sql(
            """
            select
                bank_name,
                country_iso2,
                size_tier,
                role,
                string_agg(distinct stream, ', ' order by stream) as streams,
                min(year) as first_year,
                max(year) as last_year,
                sum(documented_usd) as documented,
                sum(documented_scheme_usd) as shared,
                sum(attributed_usd_mean) as attributed,
                max(n_origins) as n_origins,
                max(n_fronts) as n_fronts
            from bank_exposure
            group by all
            order by attributed desc nulls last, documented desc, shared desc, bank_name
            """
        ).pl()
        frontier = reader.sql("select * from interdiction_frontier order by k").pl()
        unplaced = reader.sql(
            """
            select stream, year, coverage_share, documented_usd, usd_q50
            from attribution_annual
            where node_id = 'UNATTRIBUTED' and documented_usd > 0
            order by stream, year
            """
        ).pl()
        clock = reader.sql(
            """
            select *
            from campaign_monthly
            where month >= date '2009-01-01'
            order by month
            """
        ).pl()
        lag = reader.sql(
            """
            select
                median(lag_months) as months,
                count(lag_months) as with_lag,
                count(waiting_months) as waiting
            from designation_lag
            """
        ).pl()
    fragment = render_network_section(entities, links, statements, attribution, nodes)
    (folder / "network.html").write_text(render_network_page(fragment), encoding="utf-8")
    write_network_files(folder, entities, links, statements)
    return [
        Section(
            anchor="network",
            title="The network",
            text=[
                "Every party and relation here is stated by a list, a court, a prosecutor, an "
                "agency or a UN report; who states it, and whether it is a designation, a charge "
                "or an allegation, stands with it. To be named is not to be guilty: correspondent "
                "banks, for one, were served with warrants without any finding against them.",
                "Dollars are placed on parties only as far as documents cover a year's income; "
                "the rest is on nobody. Parties along one trail see the same dollars. The same "
                "page alone: network.html; for other tools: network.ftm.json (FollowTheMoney), "
                "network.graphml.",
                _lag_text(lag),
            ],
            charts=[_clock_chart(clock)] if clock.height else [],
            fragments=[fragment],
            tables=[
                _bank_table(banks),
                _node_table(nodes),
                _frontier_table(frontier),
                _cover_table(unplaced),
            ],
        )
    ]


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


def _lag_text(lag: pl.DataFrame) -> str:
    row = lag.row(0, named=True)
    if row["months"] is None:
        return f"{row['waiting']} parties alleged by officials are not designated."
    return (
        f"From first official allegation to designation: median {row['months']:.1f} months over "
        f"{row['with_lag']} parties with both dates; {row['waiting']} more are alleged and not "
        "designated."
    )


def _bank_table(banks: pl.DataFrame) -> Table:
    return Table(
        columns=[
            "bank",
            "country",
            "tier",
            "role",
            "streams",
            "years",
            "documented USD m",
            "shared, never add, USD m",
            "attributed mean USD m",
            "origins",
            "fronts",
        ],
        rows=[
            [
                row["bank_name"],
                row["country_iso2"] or "",
                row["size_tier"].replace("_", " "),
                row["role"].replace("_", " "),
                row["streams"],
                f"{row['first_year']}–{row['last_year']}",
                _usd(row["documented"]),
                _usd(row["shared"]),
                _usd(row["attributed"]),
                str(row["n_origins"]),
                str(row["n_fronts"]),
            ]
            for row in banks.head(SHOWN_BANKS).iter_rows(named=True)
        ],
        caption="Banks, all years together",
        is_searchable=True,
    )


def _node_table(nodes: pl.DataFrame) -> Table:
    five = nodes.filter(pl.col("k") == 5).sort(["p_in_best_k", "node_id"], descending=[True, False])
    return Table(
        columns=[
            "party",
            "stage",
            "chance of being among the best 5",
            "net cut alone, USD m a year",
            "designated",
            "rank by degree",
            "by betweenness",
            "by hops",
        ],
        rows=[
            [
                row["name"] or row["node_id"],
                row["stage"] or "",
                _share(row["p_in_best_k"]),
                _usd(row["net_cut_alone_usd_mean"]),
                str(row["designated_on"] or "no"),
                str(row["degree_rank"]),
                str(row["betweenness_rank"]),
                str(row["hop_distance_rank"]),
            ]
            for row in five.head(SHOWN_NODES).iter_rows(named=True)
        ],
        caption="Whose removal cuts most of the attributed income",
    )


def _frontier_table(frontier: pl.DataFrame) -> Table:
    return Table(
        columns=[
            "designations",
            "cut, USD m a year",
            "net of replacement",
            "90% interval",
            "of attributed",
            "proven",
            "by degree",
            "by betweenness",
            "by hops",
        ],
        rows=[
            [
                str(row["k"]),
                _usd(row["cut_usd_mean"]),
                _usd(row["net_cut_usd_mean"]),
                f"{_usd(row['net_cut_usd_q05'])} to {_usd(row['net_cut_usd_q95'])}",
                _usd(row["attributed_usd_mean"]),
                "yes" if row["is_proven"] else "no",
                _usd(row["degree_net_cut_usd_mean"]),
                _usd(row["betweenness_net_cut_usd_mean"]),
                _usd(row["hop_distance_net_cut_usd_mean"]),
            ]
            for row in frontier.iter_rows(named=True)
        ],
        caption="Income cut against the number of designations",
    )


def _cover_table(unplaced: pl.DataFrame) -> Table:
    return Table(
        columns=[
            "stream",
            "year",
            "documented USD m",
            "covered share of income",
            "on nobody, median USD m",
        ],
        rows=[
            [
                row["stream"],
                str(row["year"]),
                _usd(row["documented_usd"]),
                f"{row['coverage_share']:.1%}",
                _usd(row["usd_q50"]),
            ]
            for row in unplaced.iter_rows(named=True)
        ],
        caption="How much of each year's income documents cover",
    )
