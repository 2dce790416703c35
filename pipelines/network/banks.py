"""Banks are channels: what passes through them, what documents say of them, and what nobody knows.

No dollar ends at a bank and no bank splits what reaches the state. A dollar placed on a party may
pass through the banks that party is known to use; which part does is not public, and an unnamed
channel always stands beside the named ones.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
import scipy

from pipelines.draws import named_generator
from pipelines.network.attribution import Attribution, year_shares
from pipelines.network.status import NUMBER
from pipelines.network.summaries import jeffreys, quantile_names, quantiles, stacked
from pipelines.schemas.network import ASSERTS_NOTHING, LEGAL_KINDS, NO_FINDING

STATE_BANK = "dprk_bank"
TIERS = ("rural_commercial", "cooperative", "city_commercial", "joint_stock", "global", "unknown")
_CENT = 0.01


def channel_links(links: pl.DataFrame, entities: pl.DataFrame) -> pl.DataFrame:
    """Who uses which bank, and how. Grain: link_id.

    Returns:
        link_id, bank_id, customer_id, relation_type, stream, start_on, end_on; banks of the state
        are left out: what they receive is the state's.
    """
    outside = entities.filter(
        pl.col("is_bank") & (pl.col("bank_size_tier").fill_null("unknown") != STATE_BANK)
    )["entity_id"].implode()
    return links.filter(pl.col("is_channel") & pl.col("target_id").is_in(outside)).select(
        "link_id",
        "relation_type",
        "stream",
        "start_on",
        "end_on",
        bank_id="target_id",
        customer_id="source_id",
    )


@dataclass(frozen=True)
class Throughput:
    """Dollars that may have passed through banks in one stream and year.

    Attributes:
        banks: entity ids, the row axis.
        usd: (banks, draws).
    """

    stream: str
    year: int
    banks: list[str]
    usd: np.ndarray


def throughput(
    found: Attribution, channels: pl.DataFrame, probability: dict[str, np.ndarray], *, seed: int
) -> Throughput:
    """Dollars placed on a bank's customers that pass through the bank, each counted once.

    At a customer, the split over its known banks of one kind of channel and one unnamed channel is
    not public: flat Dirichlet per draw, a bank counting only where its relation holds in that
    draw. Working back along the trail, q = s + (1 - s) T q is the chance that a dollar standing at
    a party will yet pass the bank, so a dollar that meets it twice counts once. It is worked out
    until nothing changes.

    Args:
        found: where the stream's dollars of the year stand.
        channels: from `channel_links`.
        probability: link_id → (draws,).
        seed: same seed, same numbers.
    """
    draws = found.income.shape[0]
    live = found.through.sum(axis=1) > 0
    at = {name: index for index, name in enumerate(found.nodes) if live[index]}
    here = channels.filter(
        pl.col("customer_id").is_in(list(at))
        & pl.col("stream").is_in([found.stream, "finance", "general"])
        & (pl.col("start_on").is_null() | (pl.col("start_on") <= dt.date(found.year, 12, 31)))
        & (pl.col("end_on").is_null() | (pl.col("end_on") >= dt.date(found.year, 1, 1)))
    ).sort("link_id")
    if here.height == 0:
        return Throughput(found.stream, found.year, [], np.zeros((0, draws)))
    rng = named_generator(seed, f"network banks {found.stream} {found.year}")
    share: dict[tuple[str, str], np.ndarray] = {}
    for (customer, _), rows in here.group_by(["customer_id", "relation_type"], maintain_order=True):
        weight = rng.gamma(1.0, size=(rows.height, draws)) * (
            rng.random((rows.height, draws))
            < np.array([probability[name] for name in rows["link_id"]])
        )
        total = weight.sum(axis=0) + rng.gamma(1.0, size=draws)
        for row, bank in enumerate(rows["bank_id"]):
            now = share.get((bank, str(customer)), np.zeros(draws))
            share[bank, str(customer)] = 1 - (1 - now) * (1 - weight[row] / total)
    banks = sorted({bank for bank, _ in share})
    edges = len(found.edge_ids)
    out_of = scipy.sparse.csr_matrix(
        (np.ones(edges), (found.source, np.arange(edges))), shape=(len(found.nodes), edges)
    )
    usd = np.zeros((len(banks), draws))
    for row, bank in enumerate(banks):
        own = np.zeros((len(found.nodes), draws))
        for (name, customer), part in share.items():
            if name == bank:
                own[at[customer]] = part
        ever, after = np.zeros_like(own), own
        # what passes a step further on each time; dollars that circle take many steps, and less
        # of them is left on each
        while np.abs(after - ever).max(initial=0.0) >= 1e-12:
            ever = after
            after = own + (1 - own) * (out_of @ (found.transfer * ever[found.target]))
        usd[row] = (found.entry * ever).sum(axis=0)
    return Throughput(found.stream, found.year, banks, usd)


def throughput_table(passed: list[Throughput]) -> pl.DataFrame:
    """Grain bank_id, stream, year: quantiles of what may have passed."""
    keys = [(bank, one.stream, one.year) for one in passed for bank in one.banks]
    usd = [usd for one in passed for usd in one.usd]
    schema = {"bank_id": pl.String, "stream": pl.String, "year": pl.Int64}
    return (
        pl.DataFrame(keys, schema=schema, orient="row")
        .with_columns(**quantiles(stacked(usd), "attributed_usd"))
        .filter(pl.col("attributed_usd_mean") > _CENT)
    )


def ends_at_banks(entities: pl.DataFrame, links: pl.DataFrame) -> pl.DataFrame:
    """Every relation of a bank. Grain: link_id, bank_id."""
    names = entities.filter(pl.col("is_bank"))["entity_id"].implode()
    return pl.concat(
        [
            links.select(
                "link_id", "relation", "relation_type", "is_channel", "stream", "start_on",
                "end_on", bank_id=a, other=b,
            )
            for a, b in (("source_id", "target_id"), ("target_id", "source_id"))
        ]
    ).filter(pl.col("bank_id").is_in(names))  # fmt: skip


def documented(amounts: pl.DataFrame, ends: pl.DataFrame) -> pl.DataFrame:
    """Sums at banks, each over the years of its window. Grain: amount_id, bank_id, year.

    The size of a bank's own business and what the state spent are no sums of this kind.
    """
    touching = (
        year_shares(amounts)
        .filter((pl.col("measure") != "spending") & (pl.col("scope") != "bank_total"))
        .with_columns(link_id=pl.col("link_ids").str.split(";"))
        .explode("link_id")
        .join(ends.select("link_id", "bank_id").unique(), on="link_id")
        .unique(["amount_id", "bank_id", "year"])
    )
    # a part of a sum that stands at the same bank already is no further sum
    whole = touching.select("bank_id", part_of="amount_id").unique()
    return touching.join(whole, on=["bank_id", "part_of"], how="anti")


def said_of_banks(statements: pl.DataFrame, ends: pl.DataFrame, names: list[str]) -> pl.DataFrame:
    """Statements on banks and their relations, with bank_id. Grain: bank_id, statement_id."""
    return pl.concat(
        [
            statements.filter(pl.col("about").is_in(names)).with_columns(bank_id="about"),
            statements.join(
                ends.select("link_id", "bank_id").unique(), left_on="about", right_on="link_id"
            ),
        ],
        how="diagonal",
    )


def _joined(banks: pl.DataFrame, *more: pl.DataFrame) -> pl.DataFrame:
    """What several tables say of banks, beside them."""
    for one in more:
        banks = banks.join(one, on="bank_id", how="left")
    return banks


def _is_finding(live: Sequence[str]) -> pl.Expr:
    """An act in force against the bank itself; to be served or asked is no finding."""
    return (
        (pl.col("about") == pl.col("bank_id"))
        & pl.col("kind").is_in([kind for kind in LEGAL_KINDS if kind not in NO_FINDING])
        & pl.col("statement_id").is_in(list(live))
    )


def chinese_banks(
    *,
    entities: pl.DataFrame,
    links: pl.DataFrame,
    statements: pl.DataFrame,
    amounts: pl.DataFrame,
    notes: pl.DataFrame,
    standings: pl.DataFrame,
    live: Sequence[str],
    passed: list[Throughput],
) -> pl.DataFrame:
    """Every bank of China that an official document or its own notice names. Grain: row_id.

    Banks known only as a count stand as that count. Nothing that no document states is filled in:
    `not_known` says in words what is missing.

    Args:
        entities, links, statements: what may be shown.
        amounts: documented sums.
        notes: shares and counts, grain note_id.
        standings: about, standing (from the ledger).
        live: ids of the acts in force on the day.
        passed: modelled throughput.
    """
    mine = entities.filter(
        pl.col("is_bank")
        & (pl.col("country_iso2") == "CN")
        & (pl.col("bank_size_tier").fill_null("unknown") != STATE_BANK)
    )
    names = mine["entity_id"].to_list()
    ends = ends_at_banks(entities, links).filter(pl.col("bank_id").is_in(names))
    said = said_of_banks(statements, ends, names).filter(
        ~pl.col("kind").is_in(["reply", "denied", "inferred"])
    )
    number = pl.col("document").str.extract(NUMBER, 1)
    when = pl.col("stated_on").cast(pl.String)
    papers = (
        said.sort("stated_on", "document")
        .group_by("bank_id", maintain_order=True)
        .agg(
            documents=pl.concat_str(
                pl.col("kind").str.replace_all("_", " "),
                pl.lit(", "),
                pl.col("authority"),
                pl.lit(": "),
                pl.col("document"),
                pl.lit(" ("),
                pl.when(pl.col("stated_on_precision") == "day")
                .then(when)
                .otherwise(when.str.slice(0, 7)),
                pl.lit(")"),
            )
            .unique(maintain_order=True)
            .str.join("; "),
            document_numbers=number.drop_nulls().unique(maintain_order=True).str.join("; "),
            n_documents=pl.col("document").n_unique().cast(pl.Int64),
            has_finding=_is_finding(live).any(),
            first_stated=pl.col("stated_on").min().dt.year().cast(pl.Int64),
            last_stated=pl.col("stated_on").max().dt.year().cast(pl.Int64),
        )
    )
    replies = (
        said_of_banks(statements, ends, names)
        .filter(pl.col("kind").is_in(["denied", "reply"]) & (pl.col("about") == pl.col("bank_id")))
        .group_by("bank_id")
        .agg(
            reply=pl.concat_str("kind", pl.lit(": "), pl.col("note").fill_null(pl.col("document")))
            .unique()
            .sort()
            .str.join("; ")
        )
    )
    sums = documented(amounts, ends)
    usd = sums.group_by("bank_id").agg(
        documented_usd=pl.col("usd_in_year").filter(pl.col("scope") == "link").sum(),
        shared_usd=pl.col("usd_in_year").filter(pl.col("scope") != "link").sum(),
        first_sum=pl.col("window_start_on").min().dt.year().cast(pl.Int64),
        last_sum=pl.col("window_end_on").max().dt.year().cast(pl.Int64),
        held=pl.col("stream").unique().sort().str.join(";"),
    )
    totals = (
        amounts.filter(pl.col("scope") == "bank_total")
        .with_columns(bank_id=pl.col("parties").str.split(";"))
        .explode("bank_id")
        .group_by("bank_id")
        .agg(
            bank_own_business=pl.concat_str(
                pl.lit("USD "), (pl.col("usd") / 1e6).round(1).cast(pl.String), pl.lit(" m: "),
                pl.col("note"),
            )
            .sort()
            .str.join("; "),
            first_total=pl.col("window_start_on").min().dt.year().cast(pl.Int64),
            last_total=pl.col("window_end_on").max().dt.year().cast(pl.Int64),
        )
    )  # fmt: skip
    spans = ends.group_by("bank_id").agg(
        first_tie=pl.col("start_on").min().dt.year().cast(pl.Int64),
        last_tie=pl.col("end_on").max().dt.year().cast(pl.Int64),
        streams=pl.col("stream").unique().sort().str.join(";"),
        n_fronts=pl.col("other").filter("is_channel").n_unique().cast(pl.Int64),
    )
    shares = notes.filter(pl.col("share").is_not_null()).select(
        "bank_id", "share", "share_of", share_bound="bound", share_note="note",
        first_share="first_year", last_share="last_year",
    )  # fmt: skip
    usd_of = {bank: usd for bank, usd in sorted(usd_by_bank(passed).items()) if bank in names}
    modelled = pl.DataFrame(
        {"bank_id": list(usd_of), **quantiles(stacked(usd_of.values()), "modelled_usd")},
        schema_overrides={"bank_id": pl.String},
    )
    rows = (
        mine.select(
            row_id="entity_id",
            bank_id="entity_id",
            bank_name="name",
            tier=pl.col("bank_size_tier").fill_null("unknown"),
            n_banks=pl.lit(1, dtype=pl.Int64),
            n_banks_bound=pl.lit("exact"),
            total_assets_usd="total_assets_usd",
            total_assets_on="total_assets_on",
            total_assets_source="total_assets_source",
        )
        .pipe(_joined, papers, replies, usd, totals, spans, shares, modelled)
        .join(standings, left_on="bank_id", right_on="about", how="left")
        .with_columns(
            pl.col("documented_usd", "shared_usd").fill_null(0.0),
            pl.col("n_fronts").fill_null(0),
            pl.col("has_finding").fill_null(value=False),
            first_year=pl.min_horizontal(
                "first_sum", "first_tie", "first_total", "first_share", "first_stated"
            ),
            last_year=pl.max_horizontal(
                "last_sum", "last_tie", "last_total", "last_share", "last_stated"
            ),
            standing=pl.when("has_finding")
            .then(pl.col("standing"))
            .otherwise(
                pl.concat_str(
                    pl.lit("no finding against it"), "standing", separator="; ", ignore_nulls=True
                )
            ),
        )
        .with_columns(
            exposure_to_assets_share=pl.when(
                pl.col("total_assets_usd").is_not_null() & (pl.col("documented_usd") > 0)
            ).then(pl.col("documented_usd") / pl.col("total_assets_usd")),
            not_known=pl.concat_str(
                pl.when(pl.col("documented_usd") == 0).then(
                    pl.lit("no document read states a sum that passed through this bank alone")
                ),
                pl.when(pl.col("shared_usd") > 0).then(
                    pl.lit("its part of the sums shared with other banks is not public")
                ),
                pl.when(pl.col("share").is_not_null()).then(pl.col("share_note")),
                pl.when(pl.col("total_assets_usd").is_null()).then(
                    pl.lit("no balance sheet is cited")
                ),
                pl.when(pl.col("n_fronts") == 0).then(
                    pl.lit("no customer of it is named in what was read")
                ),
                separator="; ",
                ignore_nulls=True,
            ),
        )
    )
    counts = notes.filter(pl.col("n_banks").is_not_null()).select(
        row_id="note_id",
        bank_id=pl.lit(None, dtype=pl.String),
        bank_name=pl.concat_str(
            pl.when(pl.col("bound") == "at_least").then(pl.lit("at least ")).otherwise(pl.lit("")),
            pl.col("n_banks").cast(pl.String),
            pl.lit(" Chinese banks, not named in what was read"),
        ),
        tier=pl.lit("unknown"),
        n_banks="n_banks",
        n_banks_bound="bound",
        standing=pl.lit("not named: no status can be told"),
        has_finding=pl.lit(value=False),
        documents=pl.concat_str(
            "authority", pl.lit(": "), "document", pl.lit(" ("),
            pl.col("stated_on").cast(pl.String), pl.lit(")"),
        ),
        document_numbers=number,
        n_documents=pl.lit(1, dtype=pl.Int64),
        first_year=pl.coalesce("first_year", pl.col("stated_on").dt.year().cast(pl.Int64)),
        last_year=pl.coalesce("last_year", pl.col("stated_on").dt.year().cast(pl.Int64)),
        streams=pl.lit("finance"),
        documented_usd=pl.lit(0.0),
        shared_usd=pl.lit(0.0),
        n_fronts=pl.lit(0, dtype=pl.Int64),
        not_known="note",
    )  # fmt: skip
    order = {tier: place for place, tier in enumerate(TIERS)}
    whole = pl.concat([rows, counts], how="diagonal")
    return whole.sort(
        pl.col("bank_id").is_null(),
        ~pl.col("has_finding"),
        pl.col("tier").replace_strict(order, default=len(order)),
        "row_id",
    ).select(
        "row_id", "bank_id", "bank_name", "tier", "n_banks", "n_banks_bound", "standing",
        "has_finding", "documents", "document_numbers", "n_documents", "reply", "first_year",
        "last_year", "streams", "documented_usd", "shared_usd", "bank_own_business",
        "share", "share_bound", "share_of",
        *quantile_names("modelled_usd"),
        "n_fronts", "total_assets_usd", "total_assets_on", "total_assets_source",
        "exposure_to_assets_share", "not_known",
    )  # fmt: skip


def usd_by_bank(passed: Iterable[Throughput], *, years: int = 1) -> dict[str, np.ndarray]:
    """Dollars of all streams and years together, added within a draw, of so many years each."""
    total: dict[str, np.ndarray] = {}
    for one in passed:
        for bank, usd in zip(one.banks, one.usd, strict=True):
            total[bank] = total.get(bank, 0.0) + usd / years
    return total


def chinese_bank_tiers(banks: pl.DataFrame, channels: pl.DataFrame) -> pl.DataFrame:
    """What each tier of Chinese banks holds of the named customers. Grain: tier.

    The share is of the customers with at least one named Chinese bank; one customer may use banks
    of several tiers, so shares need not add to one. Its interval is Jeffreys' 90%: few customers
    are known, and they are those that prosecutors wrote about, not a sample.

    Returns:
        tier, n_banks, n_banks_with_finding, n_unnamed_banks, n_fronts, n_fronts_all_tiers,
        front_share, front_share_q05, front_share_q95, documented_usd, shared_usd.
    """
    named = banks.filter(pl.col("bank_id").is_not_null())
    uses = channels.join(named.select("bank_id", "tier"), on="bank_id").unique(
        ["customer_id", "tier"]
    )
    everybody = uses["customer_id"].n_unique()
    per = uses.group_by("tier").agg(n_fronts=pl.len().cast(pl.Int64))
    table = (
        pl.DataFrame({"tier": list(TIERS)})
        .join(
            named.group_by("tier").agg(
                n_banks=pl.len().cast(pl.Int64),
                n_banks_with_finding=pl.col("has_finding").sum().cast(pl.Int64),
                documented_usd=pl.col("documented_usd").sum(),
            ),
            on="tier",
            how="left",
            maintain_order="left",
        )
        .join(per, on="tier", how="left", maintain_order="left")
        .with_columns(
            pl.col("n_banks", "n_banks_with_finding", "n_fronts").fill_null(0),
            pl.col("documented_usd").fill_null(0.0),
            n_fronts_all_tiers=pl.lit(everybody, dtype=pl.Int64),
        )
    )
    hits = table["n_fronts"].to_numpy()
    low, high = jeffreys(hits, everybody)
    return table.with_columns(
        front_share=pl.when(pl.col("n_fronts_all_tiers") > 0).then(
            pl.col("n_fronts") / pl.col("n_fronts_all_tiers")
        ),
        front_share_q05=pl.Series(low),
        front_share_q95=pl.Series(high),
    )


def bank_exposure(
    *,
    passed: list[Throughput],
    state_banks: pl.DataFrame,
    entities: pl.DataFrame,
    links: pl.DataFrame,
    statements: pl.DataFrame,
    amounts: pl.DataFrame,
    standings: pl.DataFrame,
    live: Sequence[str],
) -> pl.DataFrame:
    """Grain bank_id, stream, year: what documents place at a bank, and what may have passed.

    `documented_usd` counts sums on one relation of the bank alone; a sum shared with other banks
    or parties stands in `documented_scheme_usd` and is never to be added over banks. Banks that
    official statements name without any figure keep one row, in the year last stated, with
    has_dollars false: no number is made up for them.

    Args:
        passed: modelled throughput of banks that are not the state's.
        state_banks: bank_id, stream, year and attributed_usd_q… of the state's own banks.
        standings: about, standing (from the ledger).
        live: ids of the acts in force on the day.
    """
    banks = entities.filter(pl.col("is_bank"))
    names = banks["entity_id"].to_list()
    ends = ends_at_banks(entities, links)
    touching = documented(amounts, ends)
    sums = touching.group_by("bank_id", "stream", "year").agg(
        documented_usd=pl.col("usd_in_year").filter(pl.col("scope") == "link").sum(),
        documented_scheme_usd=pl.col("usd_in_year").filter(pl.col("scope") != "link").sum(),
    )
    key = ["bank_id", "stream", "year"]
    modelled = throughput_table(passed)
    both = sums.join(
        pl.concat([modelled, state_banks.select(modelled.columns)]), on=key, how="full",
        coalesce=True,
    )  # fmt: skip
    asserting = said_of_banks(statements, ends, names).filter(
        ~pl.col("kind").is_in(ASSERTS_NOTHING)
    )
    said = asserting.group_by("bank_id").agg(
        n_origins=pl.col("witness").n_unique().cast(pl.Int64),
        last_stated=pl.col("stated_on").dt.year().max().cast(pl.Int64),
        is_contested=pl.col("is_contested").all(),
        has_finding=_is_finding(live).any(),
    )
    stage = entities.select(other="entity_id", other_stage="stage")
    fronts = (
        ends.filter(pl.col("relation_type").is_in(["holds_account", "banks", "clears", "agent_of",
                                                   "pays", "owns"]))
        .join(stage, on="other")
        .filter(pl.col("other_stage").is_in(["front", "broker", "asset"]))
        .group_by("bank_id")
        .agg(n_fronts=pl.col("other").n_unique().cast(pl.Int64))
    )  # fmt: skip
    tied = ends.group_by("bank_id").agg(
        streams=pl.col("stream").unique().sort().str.join(";"),
        channel=pl.col("relation_type").filter("is_channel").unique().sort().str.join(";"),
    )
    spans = pl.concat(
        [
            ends.filter(pl.col("start_on").is_not_null() | pl.col("end_on").is_not_null()).select(
                "bank_id",
                first=pl.coalesce("start_on", "end_on").dt.year(),
                last=pl.coalesce("end_on", "start_on").dt.year(),
            ),
            touching.filter(pl.col("dated_by") == "window").select(
                "bank_id",
                first=pl.col("window_start_on").dt.year(),
                last=pl.col("window_end_on").dt.year(),
            ),
        ]
    )
    active = (
        spans.with_columns(year=pl.int_ranges("first", pl.col("last") + 1, dtype=pl.Int64))
        .explode("year")
        .group_by("bank_id")
        .agg(years_active=pl.col("year").n_unique().cast(pl.Int64))
    )
    unpriced = (
        banks.select(bank_id="entity_id")
        .join(both, on="bank_id", how="anti")
        .join(said.select("bank_id", "last_stated"), on="bank_id")
        .with_columns(stream=pl.lit("finance"))
        .rename({"last_stated": "year"})
    )
    is_correspondent = pl.col("topics").fill_null("").str.split(";").list.contains("correspondent")
    facts = banks.select(
        pl.col("entity_id").alias("bank_id"),
        pl.col("name").alias("bank_name"),
        "country_iso2",
        pl.col("bank_size_tier").fill_null("unknown").alias("size_tier"),
        pl.when(is_correspondent)
        .then(pl.lit("correspondent"))
        .when(pl.col("bank_size_tier") == STATE_BANK)
        .then(pl.lit(STATE_BANK))
        .otherwise(pl.lit("holds_accounts_or_named"))
        .alias("role"),
        "note",
        "total_assets_usd",
        "total_assets_on",
        "total_assets_source",
    )
    return (
        pl.concat(
            [
                both.with_columns(has_dollars=pl.lit(value=True)),
                unpriced.with_columns(has_dollars=pl.lit(value=False)),
            ],
            how="diagonal",
        )
        .with_columns(pl.col("documented_usd", "documented_scheme_usd").fill_null(0.0))
        .pipe(_joined, facts, said.drop("last_stated"), fronts, tied, active)
        .join(standings, left_on="bank_id", right_on="about", how="left")
        .with_columns(
            pl.col("n_origins", "n_fronts").fill_null(0),
            pl.col("has_finding").fill_null(value=False),
            exposure_to_assets_share=pl.when(
                pl.col("total_assets_usd").is_not_null() & pl.col("has_dollars")
            ).then(
                (pl.col("documented_usd") + pl.col("attributed_usd_q50").fill_null(0.0))
                / pl.col("total_assets_usd")
            ),
        )
        .sort(key)
    )
