"""Draws of three streams for the semantic layer's tests, and the tables made from them.

Real names of streams, because their folders hold the SQL; numbers drawn at random and nothing else.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import duckdb
import numpy as np
import polars as pl

from pipelines.publish.contract import PublishedTable, load_contract
from pipelines.publish.release import publish
from pipelines.warehouse import build_table, write_frame
from tests.publish.world import months

DRAWS = 60
MONTHS = months(dt.date(2020, 1, 1), 30)
# stream, country, months before its first number
SERIES = {
    ("coal", "WLD"): 0,
    ("labor", "CHN"): 0,
    ("labor", "RUS"): 0,
    ("it_workers", "WLD"): 6,
}
HEADLINE = {"coal": "net_usd", "labor": "remitted_usd", "it_workers": "remitted_usd"}
BUILT = (
    "income_annual", "income_monthly", "cell_draws", "dim_country", "dim_stream", "dim_measure",
    "dim_month", "dim_party", "headline_annual", "headline_cells", "headline_total_annual",
    "headline_by_party_annual", "metrics", "coal_destination_draws",
    "coal_destination_annual", "coal_by_destination_annual", "income_draws", "stream_measures",
    "quantity_draws",
)  # fmt: skip


class World:
    """What was drawn, as arrays: usd and amount by series, of shape draws × 30 months."""

    def __init__(self) -> None:
        rng = np.random.default_rng(7)
        # one shock a draw for all: medians of sums are then far from sums of medians
        common = rng.lognormal(0, 0.8, (DRAWS, 1))
        self.usd: dict[tuple[str, str], np.ndarray] = {}
        self.amount: dict[tuple[str, str], np.ndarray] = {}
        for series, late in SERIES.items():
            usd = 1e6 * common * rng.lognormal(1, 0.5, (DRAWS, len(MONTHS)))
            usd[:, :late] = 0
            self.usd[series] = np.round(usd)
            self.amount[series] = np.round(rng.lognormal(7, 0.4, (DRAWS, len(MONTHS))) / 12) * 12
            self.amount[series][:, :late] = 0
        share = rng.uniform(0.2, 0.9, (DRAWS, 3))
        self.share = {"CHN": share, "XXX": 1 - share}

    def sum_of(self, keep, first: int = 0, last: int = len(MONTHS)) -> np.ndarray:
        """Dollars within each draw, over series that `keep` keeps and months first to last."""
        return sum(
            usd[:, first:last].sum(axis=1) for series, usd in self.usd.items() if keep(*series)
        )


def _fill(connection: duckdb.DuckDBPyConnection, drawn: World) -> None:
    frames = {}
    for (stream, country), late in SERIES.items():
        draw, month = np.meshgrid(np.arange(DRAWS), np.arange(len(MONTHS)), indexing="ij")
        frame = pl.DataFrame(
            {
                "draw": draw.ravel(),
                "month": [MONTHS[k] for k in month.ravel()],
                "usd": drawn.usd[stream, country].ravel(),
                "amount": drawn.amount[stream, country].ravel(),
            }
        ).filter(pl.col("month") >= MONTHS[late])
        frames[stream, country] = frame.with_columns(host_iso3=pl.lit(country))
    coal = frames["coal", "WLD"]
    write_frame(
        connection,
        "estimates.coal_draws",
        coal.select(
            "draw",
            "month",
            net_usd="usd",
            gross_fob_usd="usd",
            cif_usd="usd",
            tonnes="amount",
            price_usd_per_t=pl.lit(1.0),
        ),
    )
    work = pl.concat([frames["labor", "CHN"], frames["labor", "RUS"]])
    remote = frames["it_workers", "WLD"]
    named = {"remitted_usd": "usd", "headcount": "amount"}
    taken = {"state_take_usd": "usd", "gross_wages_usd": "usd"}
    write_frame(
        connection,
        "estimates.labor_draws",
        work.select("draw", "month", "host_iso3", **named, **taken),
    )
    write_frame(
        connection,
        "estimates.it_workers_draws",
        remote.select("draw", "month", **named, **taken),
    )
    income = pl.concat(
        [
            frame.group_by("draw", "month").agg(pl.col("usd").sum()).with_columns(
                stream=pl.lit(stream), measure=pl.lit(measure)
            )
            for stream, frame in (("coal", coal), ("labor", work), ("it_workers", remote))
            for measure in (HEADLINE[stream], "state_income_usd")
        ]
    )  # fmt: skip
    write_frame(connection, "estimates.income_draws", income)
    rows = [
        (year, draw, country, share[draw, year - 2020])
        for country, share in drawn.share.items()
        for year in (2020, 2021, 2022)
        for draw in range(DRAWS)
    ]
    write_frame(
        connection,
        "estimates.coal_destination_draws",
        pl.DataFrame(rows, schema=["year", "draw", "destination_iso3", "share"], orient="row"),
    )
    connection.execute(
        """
        create table estimates.coal_destination_basis as
        select 2020::bigint as year, 'CHN' as destination_iso3, 1::bigint as n_roots,
            false as is_assumption;
        create table estimates.streams as
        select * from (values
            ('coal', 'Coal', '#111111', 'net_usd', date '2020-01-01', 1::bigint),
            ('labor', 'Overseas labor', '#222222', 'remitted_usd', date '2020-01-01', 2),
            ('it_workers', 'IT workers', '#333333', 'remitted_usd', date '2020-07-01', 3)
        ) as rows(stream, title, colour, headline, first_month, sort_order);
        create table estimates.stream_measures as
        select * from (values
            ('coal', 'net_usd', 'after costs', false, true),
            ('labor', 'remitted_usd', 'sent', false, true),
            ('it_workers', 'remitted_usd', 'sent', false, true),
            ('labor', 'gross_wages_usd', 'paid', true, false)
        ) as rows(stream, measure, label, is_gross_income, is_state_income);
        create table estimates.month_roots (stream varchar, month date, root_id varchar);
        create table estimates.mcse
            (stream varchar, measure varchar, year bigint, mcse_q05 double, mcse_q50 double,
            mcse_q95 double);
        create table published.evidence_by_component
            (stream varchar, year bigint, component varchar, grade varchar, variance_share double);
        create table staged.country_codes as
        select * from (values ('CHN', 'China', 'CN'), ('RUS', 'Russia', 'RU'))
            as rows(iso3, country, iso2);
        create table staged.areas as select 'WLD' as area, 'the world' as meaning;
        create table published.entities as
        select 'firm' as entity_id, 'A firm' as name, 'Company' as schema, 'front' as stage,
            false as is_bank, null::varchar as bank_size_tier, 'CN' as country_iso2,
            false as is_designated, null::varchar as designated_by;
        """
    )
    build_table(connection, "estimates.total_draws")


def published_world(connection: duckdb.DuckDBPyConnection, folder: Path) -> tuple[World, Path]:
    """Draw a world and publish it.

    Returns:
        What was drawn, and the folder that readers open.
    """
    drawn = World()
    _fill(connection, drawn)
    for table in ("income_annual", "income_monthly"):
        build_table(connection, f"published.{table}")
    connection.execute(
        """
        create table published.attribution_annual as
        select stream, year, node_id, 'front' as stage, share * mean as ended_usd_mean
        from published.income_annual,
        (values ('firm', 0.25), ('UNATTRIBUTED', 0.75)) as places(node_id, share)
        where stream != 'total' and measure = 'state_income_usd'
        """
    )
    for table in BUILT:
        build_table(connection, f"published.{table}")
    contract = promised()
    publish(connection, contract, folder / "published")
    return drawn, folder / "published"


def promised() -> dict[str, PublishedTable]:
    """The contract of the tables built here."""
    contract = load_contract()
    return {name: contract[name] for name in BUILT}
