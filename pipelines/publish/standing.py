"""What the page says of the release itself: its sources, what moved since the last, past vintages.

Read from the release's own tables, like the rest of the page.
"""

from __future__ import annotations

import altair as alt
import duckdb
import polars as pl


def outage(reader: duckdb.DuckDBPyConnection) -> list[str]:
    """A sentence where sources that were asked last time did not answer, or are overdue."""
    asked = reader.execute(
        "select count(*), count(*) filter (not is_answered), "
        "string_agg(source, ', ' order by source) filter (not is_answered), max(asked_at) "
        "from sources_status where asked_at is not null"
    ).fetchone()
    stale = reader.execute(
        "select string_agg(source, ', ' order by source) from sources_status where is_stale"
    ).fetchone()
    told = []
    if asked and asked[1]:
        how_many = "none" if asked[1] == asked[0] else f"only {asked[0] - asked[1]}"
        told.append(
            f"Outage: of {asked[0]} sources asked over the network, last on {asked[3]:%Y-%m-%d}, "
            f"{how_many} answered. The numbers rest on what was at hand before. Silent: {asked[2]}."
        )
    if stale and stale[0]:
        told.append(f"A newer edition was due and could not be had: {stale[0]}.")
    return told


def what_changed(reader: duckdb.DuckDBPyConnection) -> list[str]:
    """One sentence a stream on what moved since the release before."""
    last = reader.execute(
        "select what_changed, sequence from releases order by sequence desc limit 1"
    ).fetchone()
    if not last or not last[0]:
        return []
    return [f"Since the last release: {last[0]}." if last[1] > 1 else f"{last[0]}."]


def fan(reader: duckdb.DuckDBPyConnection) -> list[alt.Chart | alt.LayerChart]:
    """Each release's headline of the latest full years, one beside the other."""
    rows = reader.sql(
        """
        with years as (
            select stream, max(year) as year
            from income_annual
            where measure = 'state_income_usd' and not is_partial_year
            group by stream
        )
        select sequence, stream, year, q05, q50, q95
        from release_headlines
        inner join years using (stream, year)
        order by stream, sequence
        """
    ).pl()
    charts: list[alt.Chart | alt.LayerChart] = []
    for group in rows.partition_by("stream", maintain_order=True):
        base = alt.Chart(group).encode(
            x=alt.X("sequence:O", title="release"),
            tooltip=[alt.Tooltip(f"{name}:Q", format=",.4s") for name in ("q05", "q50", "q95")],
        )
        title = f"{group['stream'][0]} {group['year'][0]}, as each release had it, USD"
        charts.append(
            (
                base.mark_rule(color="#888").encode(
                    y=alt.Y("q05:Q", title=None, axis=alt.Axis(format="~s")), y2="q95:Q"
                )
                + base.mark_point(filled=True, color="#000").encode(y="q50:Q")
            ).properties(title=title, width=560, height=110)
        )
    return charts


def releases(reader: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """Every release, newest first."""
    return reader.sql("select * from releases order by sequence desc").pl()


def moves(reader: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """What moved beyond noise in this release, largest first, in USD million."""
    return reader.sql(
        """
        select
            stream,
            measure,
            year,
            cause,
            round(before_usd / 1e6, 3) as before_usd_m,
            round(after_usd / 1e6, 3) as after_usd_m,
            round(evidence_usd / 1e6, 3) as evidence_usd_m,
            round(month_usd / 1e6, 3) as month_usd_m,
            round(code_usd / 1e6, 3) as code_usd_m,
            round(noise_usd / 1e6, 3) as noise_usd_m,
            rows_changed
        from changes
        where not is_noise and sequence = (select max(sequence) from releases)
        order by abs(moved_usd) desc nulls first, stream, measure, year
        """
    ).pl()
