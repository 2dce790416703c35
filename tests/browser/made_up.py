"""Made-up networks: a small one to work out by hand, one of any size. Nobody in them is real."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl

from pipelines.network.page import render_network_page

DAY = dt.date(2026, 11, 1)
# id, schema, is a bank, country, stage
PARTIES = [
    ("mine", "Company", False, "KP", "asset"),
    ("trader", "Company", False, "CN", "broker"),
    ("agent", "Person", False, "CN", "broker"),
    ("small-bank", "Company", True, "CN", "bank"),
    ("old-bank", "Company", True, "MO", "bank"),
    ("far-bank", "Company", True, "US", "bank"),
    ("ship", "Vessel", False, "PA", "asset"),
    ("state", "Organization", False, "KP", "regime"),
]
# source, relation, target, stream, first and last year
TIES = [
    ("mine", "cargo_shipper", "trader", "coal", 2015, 2016),
    ("trader", "account_holder_at", "small-bank", "finance", None, None),
    ("trader", "payer", "state", "coal", 2017, 2017),
    ("agent", "director", "trader", "general", None, None),
    ("far-bank", "clears", "state", "finance", None, None),
    ("ship", "agent", "state", "coal", None, None),
    ("mine", "vessel_operator", "ship", "coal", None, None),
    ("agent", "agent", "state", "general", None, None),
]
# about, kind, who, day, what ended it and when
SAID = [
    ("mine", "designated", "OFAC", dt.date(2014, 1, 1), None),
    ("trader", "charged", "DOJ", dt.date(2016, 9, 26), None),
    ("trader", "designated", "OFAC", dt.date(2017, 8, 22), None),
    ("agent", "convicted", "US_COURT", dt.date(2018, 3, 1), None),
    ("small-bank", "finding", "FinCEN", dt.date(2017, 7, 7), None),
    ("old-bank", "finding", "FinCEN", dt.date(2005, 9, 20), dt.date(2020, 8, 10)),
    ("far-bank", "subpoenaed", "US_COURT", dt.date(2019, 7, 30), None),
    ("ship", "reported", "UN_PoE", dt.date(2019, 3, 5), None),
    ("state", "blocked_by_order", "US_PRESIDENT", dt.date(2010, 8, 30), None),
]


def small_page(folder: Path) -> Path:
    """Eight parties, eight relations, each relation stated by OFAC on 22 August 2017."""
    said = SAID + [(_tie(one), "designated", "OFAC", dt.date(2017, 8, 22), None) for one in TIES]
    attribution = pl.DataFrame(
        {
            "stream": ["coal", "coal", "coal"],
            "year": [2015, 2016, 2016],
            "node_id": ["trader", "trader", "state"],
            "usd_mean": [1e6, 2.5e6, 4e6],
            "usd_q05": [5e5, 1e6, 2e6],
            "usd_q95": [2e6, 3e6, 8e6],
        }
    )
    return _page(folder, PARTIES, TIES, said, attribution)


def large_page(folder: Path, size: int) -> Path:
    """A tree with hubs: party k hangs on party k // 7, banks of China among them."""
    stages = ("asset", "broker", "front", "bank", "regime")
    schemas = ("Company", "Person", "Vessel", "Organization")
    parties = [
        (
            f"party-{k}",
            "Company" if k % 9 == 3 else schemas[k % 4],
            k % 9 == 3,
            ("CN", "KP", "RU", "AE")[k % 4],
            "bank" if k % 9 == 3 else stages[k % 5],
        )
        for k in range(size)
    ]
    ties = [
        (f"party-{k}", "agent", f"party-{k // 7}", ("coal", "labor")[k % 2], None, None)
        for k in range(1, size)
    ]
    about = [*(party[0] for party in parties), *(_tie(one) for one in ties)]
    said = [(one, "designated", "OFAC", dt.date(2017, 8, 22), None) for one in about]
    return _page(folder, parties, ties, said, None)


def _tie(tie: tuple) -> str:
    return "--".join(tie[:3])


def _page(folder: Path, parties: list, ties: list, said: list, usd: pl.DataFrame | None) -> Path:
    words = pl.String
    nothing = pl.lit(None, words)
    entities = pl.DataFrame(
        parties, schema=["entity_id", "schema", "is_bank", "country_iso2", "stage"], orient="row"
    ).with_columns(
        name=pl.col("entity_id").str.replace_all("-", " ").str.to_titlecase() + " Example",
        aliases=nothing, topics=nothing, note=nothing,
        bank_size_tier=nothing, imo_number=nothing,
    )  # fmt: skip
    links = pl.DataFrame(
        [(_tie(one), *one) for one in ties],
        schema={
            "link_id": words, "source_id": words, "relation": words, "target_id": words,
            "stream": words, "from": pl.Int32, "to": pl.Int32,
        },
        orient="row",
    ).with_columns(
        start_on=pl.date("from", 1, 1), end_on=pl.date("to", 12, 31),
        probability=pl.lit(0.9), n_origins=pl.lit(1, pl.Int64),
    )  # fmt: skip
    ledger = pl.DataFrame(
        said,
        schema={
            "about": words, "kind": words, "authority": words, "date": pl.Date, "to_on": pl.Date
        },
        orient="row",
    ).with_columns(
        status_id=pl.format("s{}", pl.int_range(pl.len())),
        ended_by=pl.when(pl.col("to_on").is_not_null()).then(pl.lit("withdrawn")),
        ended_by_authority=pl.col("authority"), ending_document=pl.lit("85 FR 48104"),
        ending_url=nothing, as_of=pl.lit(DAY),
    )  # fmt: skip
    statements = ledger.select(
        "about", "kind", "authority", "date",
        statement_id="status_id", date_precision=pl.lit("day"), is_edition_date=pl.lit(False),
        document=pl.format("Document on {}", "about"), locator=pl.lit("page 1"),
        url=pl.lit("https://example.org/document"), is_contested=pl.lit(False),
        public_on=pl.lit(None, pl.Date),
    )  # fmt: skip
    legal = ledger.filter(pl.col("kind") != "reported")
    path = folder / "network.html"
    path.write_text(
        render_network_page(entities, links, statements, legal, attribution=usd), encoding="utf-8"
    )
    return path
