"""What can still be done, to whom, as of a day, and what each act would cut.

An act is open for a party as long as nothing of its kind stands against it. Income is that of the
last full years before the day, never across the day a stream was banned; what an act would cut is
net of what comes back within the horizon. Parties already acted on stay in the table, as what the
past acts cut: the income they carried in the last years before the act that the documents show.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from pipelines.draws import named_generator
from pipelines.network.attribution import Attribution
from pipelines.network.banks import STATE_BANK, Throughput, channel_links, usd_by_bank
from pipelines.network.run import Run, scenarios_of, solve, state_bodies
from pipelines.network.status import BLOCKING
from pipelines.network.summaries import (
    evenly,
    quantile_names,
    quantile_row,
    quantiles,
    replaced_share,
    stacked,
)

ACTS = ("designate", "section_311", "indict", "seize", "delist_vessel")
LAST_YEARS = 3
BEST_K = 5
_US = ("OFAC", "US_PRESIDENT")
_CLOSING = {
    "designate": ((*BLOCKING,), _US),
    "section_311": (("finding", "proposed_rule", "final_rule"), ("FinCEN",)),
    "indict": (("charged",), ("DOJ",)),
    "seize": (("forfeiture_complaint",), ("DOJ", "US_COURT")),
    "delist_vessel": ((), ()),
}
# a court has spoken: the case is over for every act
_OVER = ("convicted", "sentenced", "forfeited")
_USD = quantile_names("carried_usd", "net_cut_usd")
_IN_BEST = f"p_in_best_{BEST_K}"
_FIRMS = ("Company", "Organization", "PublicBody", "LegalEntity")


def open_acts(entities: pl.DataFrame, ledger: pl.DataFrame) -> pl.DataFrame:
    """For every party and act that fits its kind: open, or closed by what. Grain: act, party_id.

    Designation fits any party but a body of the state, which an order blocks already; section 311
    a bank that is neither American nor of North Korea, whose whole jurisdiction is found against;
    an indictment persons and firms; a seizure vessels and holders of accounts at named banks;
    striking from a register vessels. Descriptions that name nobody fit no act.

    Args:
        entities: the parties shown, with `has_account`.
        ledger: legal status as of the day.

    Returns:
        act, party_id, is_open, closed_by (kind and authority), closed_on.
    """
    schema = pl.col("schema")
    topics = pl.col("topics").fill_null("").str.split(";")
    is_money_house = pl.col("is_bank") | (
        topics.list.contains("finance") & schema.is_in(_FIRMS) & topics.list.contains("crypto")
    )
    named = entities.filter((pl.col("stage") != "regime") & ~topics.list.contains("unnamed"))
    fits = {
        "designate": pl.lit(value=True),
        "section_311": is_money_house
        & (pl.col("country_iso2").fill_null("??") != "US")
        & (pl.col("bank_size_tier").fill_null("unknown") != STATE_BANK)
        & (pl.col("country_iso2").fill_null("??") != "KP"),
        "indict": (schema == "Person") | schema.is_in(_FIRMS),
        "seize": (schema == "Vessel") | pl.col("has_account"),
        "delist_vessel": schema == "Vessel",
    }
    rows = pl.concat(
        [
            named.filter(rule).select(act=pl.lit(act), party_id="entity_id")
            for act, rule in fits.items()
        ]
    )
    live = ledger.filter("is_in_force")
    closing = pl.concat(
        [
            live.filter(
                (pl.col("kind").is_in(list(kinds)) & pl.col("authority").is_in(list(bodies)))
                | pl.col("kind").is_in(_OVER)
            ).select(
                act=pl.lit(act),
                party_id="about",
                closed_by=pl.concat_str(
                    pl.col("kind").str.replace_all("_", " "), pl.lit(" by "), pl.col("authority")
                ),
                closed_on="from_on",
            )
            for act, (kinds, bodies) in _CLOSING.items()
        ]
    )
    first = closing.sort("closed_on", "closed_by", nulls_last=True).unique(
        ["act", "party_id"], keep="first", maintain_order=True
    )
    return rows.join(first, on=["act", "party_id"], how="left").with_columns(
        is_open=pl.col("closed_by").is_null()
    )


def window_of(year: int, as_of: dt.date, first_day: dt.date | None) -> tuple[int, int]:
    """The last full years before a day, not across the day a stream was banned.

    Args:
        year: last full year before the act.
        as_of: the day of the act.
        first_day: the first day of the ban of the stream, if it has one.

    Returns:
        (first, last) calendar years, both included; none when first > last. After the ban the
        years begin with the first one that the ban covers whole.
    """
    first = year - LAST_YEARS + 1
    if first_day is None:
        return first, year
    if as_of >= first_day:
        whole = first_day.year if first_day == dt.date(first_day.year, 1, 1) else first_day.year + 1
        return max(first, whole), year
    return first, year


@dataclass(frozen=True)
class ActsRun:
    """What acts need of one day: who was placed how much, on evidence public by then."""

    as_of: dt.date
    run: Run
    entities: pl.DataFrame
    links: pl.DataFrame
    ledger: pl.DataFrame
    passed: list[Throughput]


@dataclass(frozen=True)
class ActsOfDay:
    """Tables of one day.

    Attributes:
        table: grain as_of, act, party_id.
        tiers: grain as_of, act, bank_tier: what the act would cut if done to every party for whom
            it is open and who uses a bank of the tier, together.
    """

    table: pl.DataFrame
    tiers: pl.DataFrame


NO_BANK = "no bank known"


def acts_table(
    day: ActsRun,
    *,
    eras: pl.DataFrame,
    replaceability: pl.DataFrame,
    settings: dict[str, tuple[float, float, float]],
    standings: pl.DataFrame,
    draws: int,
) -> ActsOfDay:
    """Open acts with what they would cut, past acts with what they cut.

    Args:
        day: the network as of the day.
        eras: stream, first_day of its ban.
        replaceability, settings: judged tables.
        standings: about, standing.
        draws: evenly spaced draws used for the sets.

    Returns:
        ActsOfDay. Its table: as_of, act, party_id, name, schema, stage, country_iso2, is_open,
        closed_by, closed_on, standing, window_first_year, window_last_year, last_evidence_year,
        streams, channels, bank_tiers, carried_usd_q…, net_cut_usd_q… (USD a year), p_in_best_5,
        horizon_months.
    """
    as_of, run = day.as_of, day.run
    last = as_of.year - 1
    channels = _channels(day)
    tiers_of = dict(channels.group_by("party_id").agg("tier").iter_rows())
    parties = day.entities.with_columns(has_account=pl.col("entity_id").is_in(list(tiers_of)))
    acts = open_acts(parties, day.ledger)
    cut = in_window(run, as_of, eras)
    first = min((one.year for one in cut.years), default=last)
    ends = state_bodies(run.nodes, day.entities)
    index = {name: place for place, name in enumerate(run.nodes)}
    amounts = dict.fromkeys((*_USD, _IN_BEST), pl.Float64)
    weighed = [pl.DataFrame(schema={"act": pl.String, "party_id": pl.String, **amounts})]
    groups: list[dict[str, object]] = []
    for act in ACTS:
        open_ = acts.filter((pl.col("act") == act) & pl.col("is_open"))["party_id"].to_list()
        if act == "section_311":
            weighed.append(
                _banks_cut(day, open_, cut.years, replaceability, settings, last - first + 1)
            )
            continue
        scenarios = scenarios_of(
            cut,
            entities=day.entities,
            replaceability=replaceability,
            settings=settings,
            first_year=first,
            last_year=last,
            draws=draws,
            candidates=open_,
        )
        solved = solve(scenarios, ends, slack=settings["rerouting_slack"][0], k_max=BEST_K)
        through = scenarios.through()
        seen = [name for name in open_ if name in index and through[index[name]].any()]
        if not seen:
            continue
        places = [index[name] for name in seen]
        alone = np.array([solved.total - solved.remaining([place]) for place in places])
        in_best = solved.in_best[BEST_K - 1, places]
        weighed.append(_weighed(act, seen, through[places], alone, in_best))
        of_tier: dict[str, list[int]] = {}
        for name, place in zip(seen, places, strict=True):
            for tier in dict.fromkeys(tiers_of.get(name, [NO_BANK])):
                of_tier.setdefault(tier, []).append(place)
        groups += [
            {
                "as_of": as_of,
                "act": act,
                "bank_tier": tier,
                "n_parties": len(together),
                **quantile_row(solved.total - solved.remaining(together), "net_cut_usd"),
            }
            for tier, together in sorted(of_tier.items())
        ]
    bans = dict(eras.select("stream", "first_day").iter_rows())
    key = ["act", "party_id"]
    carried, before = quantile_names("carried_usd"), quantile_names("past_usd")
    table = (
        acts.join(pl.concat(weighed), on=key, how="left")
        .join(_past(run, acts.filter(~pl.col("is_open")), bans, draws), on=key, how="left")
        .with_columns(
            *(pl.coalesce(names) for names in zip(carried, before, strict=True)),
            window_first_year=pl.when("is_open").then(first).otherwise("past_first_year"),
            window_last_year=pl.when("is_open").then(last).otherwise("past_last_year"),
        )
    )
    schema = {
        "as_of": pl.Date,
        "act": pl.String,
        "bank_tier": pl.String,
        "n_parties": pl.Int64,
        **dict.fromkeys(quantile_names("net_cut_usd"), pl.Float64),
    }
    return ActsOfDay(
        _described(table, day, channels, standings, settings), pl.DataFrame(groups, schema=schema)
    )


def _weighed(
    act: str, parties: list[str], carried: np.ndarray, net: np.ndarray, in_best: np.ndarray
) -> pl.DataFrame:
    """What parties carry and what the act would cut, of arrays (parties, draws)."""
    return pl.DataFrame(
        {
            "party_id": parties,
            **quantiles(carried, "carried_usd"),
            **quantiles(net, "net_cut_usd"),
            _IN_BEST: in_best,
        }
    ).select(pl.lit(act).alias("act"), pl.all())


def _channels(day: ActsRun) -> pl.DataFrame:
    """The banks that each party is known to use: party_id, bank (its name), tier."""
    banks = day.entities.select(
        bank_id="entity_id", bank="name", tier=pl.col("bank_size_tier").fill_null("unknown")
    )
    return (
        channel_links(day.links, day.entities)
        .join(banks, on="bank_id")
        .select("bank", "tier", party_id="customer_id")
    )


def in_window(run: Run, as_of: dt.date, eras: pl.DataFrame) -> Run:
    """The run with only the years that an act of the day would have cut, stream by stream."""
    bans = dict(eras.select("stream", "first_day").iter_rows())
    last = as_of.year - 1
    spans = {one.stream: window_of(last, as_of, bans.get(one.stream)) for one in run.years}
    return replace(
        run,
        years=[
            one for one in run.years if spans[one.stream][0] <= one.year <= spans[one.stream][1]
        ],
    )


def _banks_cut(
    day: ActsRun,
    open_: list[str],
    inside: list[Attribution],
    replaceability: pl.DataFrame,
    settings: dict[str, tuple[float, float, float]],
    years: int,
) -> pl.DataFrame:
    """Throughput a year of banks still open to section 311, net of what finds another bank."""
    wanted = {(one.stream, one.year) for one in inside}
    draws = day.run.draws
    passed = (one for one in day.passed if (one.stream, one.year) in wanted)
    usd = usd_by_bank(passed, years=max(years, 1))
    seen = [name for name in open_ if name in usd]
    rng = named_generator(day.run.seed, "network replacement of banks")
    bank = replaceability.filter(pl.col("node_type") == "bank")
    back = replaced_share(bank, settings["horizon_months"], ["bank"], draws, rng)[0]
    through = stacked(usd[name] for name in seen)
    net = through * (1 - back)
    live = net[:, net.max(axis=0, initial=0.0) > 0]
    rank = np.argsort(np.argsort(-live, axis=0, kind="stable"), axis=0, kind="stable")
    best = ((rank < BEST_K) & (live > 0)).sum(axis=1) / max(live.shape[1], 1)
    return _weighed("section_311", seen, through, net, best)


def _past(run: Run, closed: pl.DataFrame, bans: dict[str, dt.date], draws: int) -> pl.DataFrame:
    """What parties already acted on carried a year, in the last years before the act.

    Only acts whose day is known count. The years of a stream are those of the latest era with
    evidence: before the year of its ban, that year, or after it; they are never mixed.
    """
    index = {name: place for place, name in enumerate(run.nodes)}
    schema = {
        "act": pl.String,
        "party_id": pl.String,
        "past_first_year": pl.Int64,
        "past_last_year": pl.Int64,
        **dict.fromkeys(quantile_names("past_usd"), pl.Float64),
    }
    take = evenly(run.draws, draws)
    rows = []
    for act, party, on in (
        closed.filter(pl.col("closed_on").is_not_null() & pl.col("party_id").is_in(list(index)))
        .select("act", "party_id", "closed_on")
        .iter_rows()
    ):
        place = index[party]
        held: dict[int, np.ndarray] = {}
        latest: dict[str, int] = {}
        for one in reversed(run.years):
            if not on.year - LAST_YEARS <= one.year <= on.year or not one.through[place].any():
                continue
            ban = bans.get(one.stream)
            era = 0 if ban is None else int(np.sign(one.year - ban.year))
            if latest.setdefault(one.stream, era) == era:
                held[one.year] = held.get(one.year, 0.0) + one.through[place][take]
        if held:
            mean = np.sum(list(held.values()), axis=0) / len(held)
            rows.append(
                {
                    "act": act,
                    "party_id": party,
                    "past_first_year": min(held),
                    "past_last_year": max(held),
                    **quantile_row(mean, "past_usd"),
                }
            )
    return pl.DataFrame(rows, schema=schema)


def _described(
    table: pl.DataFrame,
    day: ActsRun,
    channels: pl.DataFrame,
    standings: pl.DataFrame,
    settings: dict[str, tuple[float, float, float]],
) -> pl.DataFrame:
    used = channels.group_by("party_id").agg(
        channels=pl.col("bank").unique().sort().str.join(";"),
        bank_tiers=pl.col("tier").unique().sort().str.join(";"),
    )
    evidence = [
        (one.nodes[place], one.year, one.stream)
        for one in day.run.years
        for place in np.flatnonzero(one.through.any(axis=1))
    ]
    seen = (
        pl.DataFrame(
            evidence,
            schema={"party_id": pl.String, "year": pl.Int64, "stream": pl.String},
            orient="row",
        )
        .filter(pl.col("year") < day.as_of.year)
        .group_by("party_id")
        .agg(
            last_evidence_year=pl.col("year").max(),
            streams=pl.col("stream").unique().sort().str.join(";"),
        )
    )
    facts = day.entities.select(
        "name",
        "schema",
        "stage",
        "country_iso2",
        party_id="entity_id",
        own_tier=pl.when("is_bank").then(pl.col("bank_size_tier").fill_null("unknown")),
    )
    return (
        table.join(facts, on="party_id", how="left")
        .join(used, on="party_id", how="left")
        .join(seen, on="party_id", how="left")
        .join(standings.rename({"about": "party_id"}), on="party_id", how="left")
        .select(
            pl.lit(day.as_of).alias("as_of"),
            "act",
            "party_id",
            "name",
            "schema",
            "stage",
            "country_iso2",
            "is_open",
            "closed_by",
            "closed_on",
            "standing",
            "window_first_year",
            "window_last_year",
            "last_evidence_year",
            "streams",
            "channels",
            bank_tiers=pl.coalesce("own_tier", "bank_tiers"),
            **{name: pl.col(name) for name in (*_USD, _IN_BEST)},
            horizon_months=pl.lit(settings["horizon_months"][0]),
        )
        .sort("as_of", "act", "is_open", "net_cut_usd_mean", "carried_usd_mean", "party_id",
              descending=[False, False, True, True, True, False], nulls_last=True)
    )  # fmt: skip


def backtest(
    tables: Iterable[pl.DataFrame], ledger: pl.DataFrame, *, months: int, until: dt.date
) -> pl.DataFrame:
    """Of the parties a day's table named, how many did OFAC designate within the months after?

    Against them stand all parties then known and still open for designation. Days whose months
    are not over by `until` are left out: the future has not spoken.

    Args:
        tables: acts tables of past days, made from evidence public by then.
        ledger: legal status as known now.
        months: how long a name has to come true.
        until: the last day the ledger knows.

    Returns:
        as_of, months, n_open, n_open_designated, n_named (open with dollars), n_named_designated,
        n_best, n_best_designated (among the best 5 in more than half of the draws),
        n_designated_in_network (anybody of the network, known then or not), named, designated.
    """
    made = (
        ledger.filter(
            (pl.col("kind") == "designated")
            & (pl.col("authority") == "OFAC")
            & pl.col("from_on").is_not_null()
        )
        .group_by("about")
        .agg(on=pl.col("from_on").min())
    )
    rows = []
    for table in tables:
        if table.height == 0:
            continue
        as_of = table["as_of"][0]
        end = pl.select(pl.lit(as_of).dt.offset_by(f"{months}mo")).item()
        if end > until:
            continue
        hits = made.filter((pl.col("on") > as_of) & (pl.col("on") <= end))
        came = set(hits["about"])
        open_ = table.filter((pl.col("act") == "designate") & pl.col("is_open"))
        named = open_.filter(pl.col("net_cut_usd_mean").fill_null(0.0) > 0)
        best = named.filter(pl.col("p_in_best_5") > 0.5)
        n_open, n_named, n_best = (
            int(frame["party_id"].is_in(list(came)).sum()) for frame in (open_, named, best)
        )
        rows.append(
            {
                "as_of": as_of,
                "months": months,
                "n_open": open_.height,
                "n_open_designated": n_open,
                "n_named": named.height,
                "n_named_designated": n_named,
                "n_best": best.height,
                "n_best_designated": n_best,
                "n_designated_in_network": len(came),
                "named": ";".join(sorted(named["party_id"])) or None,
                "designated": ";".join(sorted(came.intersection(open_["party_id"]))) or None,
            }
        )
    counts = (
        "months", "n_open", "n_open_designated", "n_named", "n_named_designated", "n_best",
        "n_best_designated", "n_designated_in_network",
    )  # fmt: skip
    words = dict.fromkeys(("named", "designated"), pl.String)
    schema = {"as_of": pl.Date, **dict.fromkeys(counts, pl.Int64), **words}
    return pl.DataFrame(rows, schema=schema)
