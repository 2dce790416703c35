"""The campaign clock: designations as lists and governments date them, tests, income."""

from __future__ import annotations

import datetime as dt

import duckdb
import numpy as np
import polars as pl
import scipy

from pipelines.network.on_day import as_of_run, listed_rows, network_on
from pipelines.network.status import designations
from pipelines.schemas.listings import ListedParties
from pipelines.schemas.network import NO_FINDING
from pipelines.schemas.types import polars_schema
from pipelines.voices import LIST_VOICES
from pipelines.warehouse import read_frame, sql_of

BODIES = {"OFAC": "us", "UNSC": "un", "EU": "eu", "ROK": "rok", "JPN": "japan", "UK": "uk"}
_ANNOUNCER = {"South Korea": "ROK", "Japan": "JPN"}
# acts after which nobody waits for a designation any more
_SETTLED = ("final_rule", "convicted", "sentenced", "forfeited")


def dated_entries(parties: pl.DataFrame) -> pl.DataFrame:
    """What the official lists themselves date, every party of the North Korea measures.

    Args:
        parties: rows of the list contracts, all lists together.

    Returns:
        authority, on, schema, is_bank, n. Grain: authority, on, schema, is_bank.
    """
    voices = pl.DataFrame(
        [
            {"list_source": name, "authority": voice.authority}
            for name, voice in LIST_VOICES.items()
            if voice.kind == "designated"
        ]
    )
    return (
        parties.filter(pl.col("is_dprk") & pl.col("listed_on").is_not_null())
        .join(voices, on="list_source")
        # two lists of one body hold different parties, but one list may say a thing twice
        .unique(["authority", "listed_on", "name", "schema"])
        .group_by("authority", on="listed_on", schema="schema", is_bank="is_bank")
        .agg(n=pl.len().cast(pl.Int64))
    )


def announced(events: pl.DataFrame) -> pl.DataFrame:
    """What governments announced, parties and vessels together. Grain: authority, on, precision."""
    return (
        events.filter(
            pl.col("kind").is_in(["us_designation_round", "other_designation_round"])
            & ~pl.col("is_tally")
            & (pl.col("precision") != "year")
            & pl.col("parties_announced").is_not_null()
        )
        .with_columns(
            authority=pl.when(pl.col("kind") == "us_designation_round")
            .then(pl.lit("OFAC"))
            .otherwise(
                pl.col("actor").replace_strict(_ANNOUNCER, default=None, return_dtype=pl.String)
            )
        )
        .drop_nulls("authority")
        .group_by("authority", on="event_on", precision="precision")
        .agg(
            n=(pl.col("parties_announced") + pl.col("vessels_announced").fill_null(0))
            .sum()
            .cast(pl.Int64)
        )
    )


def designations_by_month(
    ours: pl.DataFrame, told: pl.DataFrame, lists: pl.DataFrame
) -> pl.DataFrame:
    """Designations of each body by month: the list's own dates where it has them, else the news.

    Day by day the largest of three counts stands, since each is a floor: entries the body's list
    dates to that day, parties announced for it, parties of our network that a statement dates to
    it. An announcement dated to a month only is held against our parties of that month whose day
    no announcement names.

    Args:
        ours: authority, on, n: parties of the network by the day of their designation.
        told: from `announced`.
        lists: authority, on, n: dated list entries.

    Returns:
        authority, month, n, n_in_network. Grain: authority, month.
    """
    key = ["authority", "on"]
    by_day = told.filter(pl.col("precision") == "day").select(*key, told="n")
    days = (
        ours.group_by(key)
        .agg(ours=pl.col("n").sum())
        .join(by_day, on=key, how="full", coalesce=True)
        .join(lists.group_by(key).agg(listed=pl.col("n").sum()), on=key, how="full", coalesce=True)
        .with_columns(
            month=pl.col("on").dt.truncate("1mo"),
            is_told=pl.col("told").is_not_null() | pl.col("listed").is_not_null(),
        )
        .with_columns(pl.col("ours", "told", "listed").fill_null(0))
        .with_columns(n=pl.max_horizontal("ours", "told", "listed"))
    )
    rough = (
        told.filter(pl.col("precision") == "month")
        .group_by("authority", month=pl.col("on").dt.truncate("1mo"))
        .agg(rough=pl.col("n").sum())
    )
    return (
        days.group_by("authority", "month")
        .agg(
            told=pl.col("n").filter("is_told").sum(),
            silent=pl.col("n").filter(~pl.col("is_told")).sum(),
            n_in_network=pl.col("ours").sum().cast(pl.Int64),
        )
        .join(rough, on=["authority", "month"], how="full", coalesce=True)
        .with_columns(pl.col("told", "silent", "rough", "n_in_network").fill_null(0))
        .select(
            "authority",
            "month",
            "n_in_network",
            n=(pl.col("told") + pl.max_horizontal("silent", "rough")).cast(pl.Int64),
        )
    )


def our_designations(ledger: pl.DataFrame, entities: pl.DataFrame) -> pl.DataFrame:
    """Parties of the network by the day of each body's first dated designation.

    A day known only to the year is no day of a month. Grain: about, authority.

    Returns:
        about, authority, on, schema, is_bank, program, country_iso2.
    """
    return (
        ledger.filter(
            pl.col("kind").is_in(["designated", "identified"])
            & pl.col("from_on").is_not_null()
            & (pl.col("from_precision") != "year")
        )
        .join(
            entities.select(
                "schema", "is_bank", about="entity_id", country_iso2=pl.col("country_iso2")
            ),
            on="about",
        )
        .sort("from_on", "status_id")
        .group_by("about", "authority", maintain_order=True)
        .agg(
            on=pl.col("from_on").first(),
            schema=pl.col("schema").first(),
            is_bank=pl.col("is_bank").first(),
            program=pl.col("program").drop_nulls().first(),
            country_iso2=pl.col("country_iso2").first(),
        )
    )


def campaign_monthly(
    *,
    ledger: pl.DataFrame,
    entities: pl.DataFrame,
    events: pl.DataFrame,
    lists: pl.DataFrame,
    endorsers: pl.DataFrame,
    income: pl.DataFrame,
) -> pl.DataFrame:
    """Grain month: designations by body, of them parties of our network, tests, acts, income.

    Args:
        ledger: legal status; entities: the parties shown.
        events: campaign events. lists: from `dated_entries`.
        endorsers: countries at joint statements.
        income: month, q05, q50, q95 of all streams together, USD.
    """
    ours = our_designations(ledger, entities)
    per = designations_by_month(
        ours.group_by("authority", "on").agg(n=pl.len().cast(pl.Int64)),
        announced(events),
        lists.group_by("authority", "on").agg(pl.col("n").sum()),
    )
    named = {code: f"designations_{name}" for code, name in BODIES.items()}
    counted = per.group_by("month").agg(
        designations=pl.col("n").sum(),
        designations_in_network=pl.col("n_in_network").sum(),
        **{
            column: pl.col("n").filter(pl.col("authority") == code).sum()
            for code, column in named.items()
        },
        **{
            f"{column}_in_network": pl.col("n_in_network").filter(pl.col("authority") == code).sum()
            for code, column in named.items()
        },
    )
    kinds_of = (
        ours.with_columns(month=pl.col("on").dt.truncate("1mo"))
        .group_by("month")
        .agg(
            designated_persons=(pl.col("schema") == "Person").sum().cast(pl.Int64),
            designated_vessels=(pl.col("schema") == "Vessel").sum().cast(pl.Int64),
            designated_banks=pl.col("is_bank").sum().cast(pl.Int64),
        )
    )
    kinds = {
        "missile_test": "missile_test_events",
        "nuclear_test": "nuclear_tests",
        "satellite_launch": "satellite_launches",
        "un_resolution": "un_resolutions",
        "unsc_meeting": "unsc_meetings",
        "us_designation_round": "us_designation_rounds",
        "other_designation_round": "other_designation_rounds",
        "enforcement_action": "enforcement_actions",
        "un_joint_statement": "joint_statements",
    }
    happened = (
        events.filter(~pl.col("is_tally") & (pl.col("precision") != "year"))
        .with_columns(month=pl.col("event_on").dt.truncate("1mo"))
        .group_by("month")
        .agg(
            **{name: (pl.col("kind") == kind).sum().cast(pl.Int64) for kind, name in kinds.items()}
        )
    )
    joined = (
        endorsers.filter(pl.col("joined") == "true")
        .with_columns(month=pl.col("statement_on").dt.truncate("1mo"))
        .group_by("month")
        .agg(joint_statement_countries=pl.col("country_iso3").n_unique().cast(pl.Int64))
    )
    every = pl.concat([frame.select("month") for frame in (counted, happened, income)])
    first, last = every.select(pl.col("month").min(), last=pl.col("month").max()).row(0)
    out = pl.DataFrame({"month": pl.date_range(first, last, "1mo", eager=True)})
    for frame in (counted, kinds_of, happened, joined):
        out = out.join(frame, on="month", how="left")
    counts = [name for name in out.columns if name != "month"]
    return (
        out.with_columns(pl.col(counts).fill_null(0))
        .join(
            income.select(
                "month", income_usd_q05="q05", income_usd_q50="q50", income_usd_q95="q95"
            ),
            on="month",
            how="left",
        )
        .with_columns(designations_12m=pl.col("designations").rolling_sum(12, min_samples=1))
        .sort("month")
    )


def campaign_designations(ledger: pl.DataFrame, entities: pl.DataFrame) -> pl.DataFrame:
    """Grain month, authority, program, schema, country_iso2: parties designated that month.

    A listing under several programs counts once under each.
    """
    return (
        our_designations(ledger, entities)
        .with_columns(
            program=pl.col("program").fill_null("not stated").str.split(";"),
            country_iso2=pl.col("country_iso2").fill_null("unknown"),
            month=pl.col("on").dt.truncate("1mo"),
        )
        .explode("program")
        .with_columns(program=pl.col("program").str.strip_chars())
        .group_by("month", "authority", "program", "schema", "country_iso2")
        .agg(parties=pl.col("about").n_unique().cast(pl.Int64))
        .sort("month", "authority", "program", "schema", "country_iso2")
    )


def designation_lag(
    entities: pl.DataFrame, statements: pl.DataFrame, ledger: pl.DataFrame, *, as_of: dt.date
) -> pl.DataFrame:
    """Months from the first public official allegation to the first designation. Grain: entity_id.

    Parties alleged and not designated wait from their allegation to `as_of`, unless an order
    blocks them without a listing or a rule, a sentence or a forfeiture has settled their case.
    Absent, for want of a lag to measure: parties first named by their designation or charged on
    its day (one action, not an allegation that waited), those named
    without any finding against them (a warrant served on a bank, a subpoena, a record holder),
    those whose allegation was withdrawn or dismissed, and parties whose every allegation is
    contested.
    """
    over = ledger.filter(pl.col("ended_by").is_in(["withdrawn", "dismissed", "repealed"]))[
        "status_id"
    ].to_list()
    alleged = (
        statements.filter(
            ~pl.col("is_edition_date")
            & (pl.coalesce("public_on", "stated_on") <= as_of)
            & pl.col("kind").is_in(
                ["alleged", "reported", "finding", "proposed_rule", "final_rule", "charged",
                 "forfeiture_complaint", "convicted", "sentenced", "forfeited"]
            )
            & ~pl.col("kind").is_in(NO_FINDING)
            & ~pl.col("authority").is_in(["PRC_GOV", "COMPANY", "PRESS", "MODEL"])
            & ~pl.col("is_contested")
            & ~pl.col("statement_id").is_in(over)
        )
        # what a court sealed was no public allegation until it was unsealed
        .with_columns(said_on=pl.coalesce("public_on", "stated_on"))
        .sort("said_on", "statement_id")
        .group_by("about", maintain_order=True)
        .agg(
            alleged_on=pl.col("said_on").first(),
            alleged_by=pl.col("authority").first(),
            alleged_as=pl.col("kind").first(),
        )
    )  # fmt: skip
    settled = (
        ledger.filter(pl.col("kind").is_in(_SETTLED) & pl.col("is_in_force"))
        .sort("known_by_on")
        .group_by("about", maintain_order=True)
        .agg(settled_by=pl.col("kind").first())
    )
    made = designations(ledger)
    months = lambda later, earlier: (  # noqa: E731
        (pl.col(later) - pl.col(earlier)).dt.total_days() / 30.4375
    )
    return (
        entities.select("entity_id", "name", "schema")
        .join(alleged, left_on="entity_id", right_on="about")
        .join(made, on="entity_id", how="left")
        .join(settled, left_on="entity_id", right_on="about", how="left")
        .filter(
            pl.col("designated_on").is_null() | (pl.col("alleged_on") < pl.col("designated_on"))
        )
        .with_columns(_as_of=pl.lit(as_of))
        .with_columns(
            is_designated=pl.col("designated_by").is_not_null(),
            is_date_known=~pl.col("is_designation_undated").fill_null(value=False),
        )
        .with_columns(
            lag_months=pl.when(pl.col("is_designated") & pl.col("is_date_known")).then(
                months("designated_on", "alleged_on")
            ),
            waiting_months=pl.when(~pl.col("is_designated") & pl.col("settled_by").is_null()).then(
                months("_as_of", "alleged_on")
            ),
        )
        .drop("_as_of", "is_designation_undated")
        .sort("entity_id")
    )


def lag_summary(lag: pl.DataFrame, *, as_of: dt.date) -> pl.DataFrame:
    """The median lag with its n and a 90% interval that assumes no shape. One row.

    The interval runs between two order statistics of the lags: the binomial chance that the
    median lies outside is at most 10%.
    """
    months = np.sort(lag["lag_months"].drop_nulls().to_numpy())
    n = months.size
    low = high = None
    if n >= 5:
        below = int(scipy.stats.binom.ppf(0.05, n, 0.5))
        low, high = float(months[max(below - 1, 0)]), float(months[min(n - below, n - 1)])
    return pl.DataFrame(
        [
            {
                "as_of": as_of,
                "n": n,
                "median_months": float(np.median(months)) if n else None,
                "median_low": low,
                "median_high": high,
                "n_waiting": int(lag["waiting_months"].count()),
                "n_settled": int(lag["settled_by"].count()),
            }
        ],
        schema={
            "as_of": pl.Date,
            "n": pl.Int64,
            "median_months": pl.Float64,
            "median_low": pl.Float64,
            "median_high": pl.Float64,
            "n_waiting": pl.Int64,
            "n_settled": pl.Int64,
        },
    )


def joint_statements(endorsers: pl.DataFrame) -> pl.DataFrame:
    """Grain statement_id: who joined which statement, and how many of them sat on the Council."""
    joined = pl.col("joined") == "true"
    members = pl.col("is_unsc_member_then")
    return (
        endorsers.sort("country_iso3")
        .group_by("statement_id", "statement_on", "title", "kind", maintain_order=True)
        .agg(
            countries=pl.col("country_iso3").filter(joined).str.join(";"),
            members_that_joined=pl.col("country_iso3").filter(joined & members).str.join(";"),
            members_that_did_not=pl.col("country_iso3")
            .filter((pl.col("joined") == "false") & members)
            .str.join(";"),
            n_joined=joined.sum().cast(pl.Int64),
            n_members_joined=(joined & members).sum().cast(pl.Int64),
            n_unknown=(pl.col("joined") == "unknown").sum().cast(pl.Int64),
            url=pl.col("url").first(),
        )
        .with_columns(is_round=pl.col("kind").is_in(["us_led", "joint"]))
        .sort("statement_on", "statement_id")
    )


def clock_tables(connection: duckdb.DuckDBPyConnection) -> dict[str, pl.DataFrame]:
    """Every table of the campaign's clock as of the run's day, by name.

    Args:
        connection: the work database; only read.
    """
    day = network_on(connection, as_of_run(connection))
    parties, _, statements = day.shown()
    listed = listed_rows(connection)
    endorsers = read_frame(connection, "staged.un_statement_endorsers").filter(
        pl.col("statement_on") <= day.as_of
    )
    lag = designation_lag(parties, statements, day.legal_status, as_of=day.as_of)
    return {
        "campaign_monthly": campaign_monthly(
            ledger=day.legal_status,
            entities=parties,
            events=read_frame(connection, "staged.campaign_events").filter(
                pl.col("event_on") <= day.as_of
            ),
            lists=dated_entries(
                pl.DataFrame(schema=polars_schema(ListedParties)) if listed is None else listed[0]
            ),
            endorsers=endorsers,
            income=connection.execute(sql_of("network.income_monthly")).pl(),
        ),
        "campaign_designations": campaign_designations(day.legal_status, parties),
        "designation_lag": lag,
        "designation_lag_summary": lag_summary(lag, as_of=day.as_of),
        "joint_statements": joint_statements(endorsers),
    }
