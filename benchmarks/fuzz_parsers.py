"""Random damage to valid files, into every parser: `python -m benchmarks.fuzz_parsers`.

Damage: bytes flipped, cut, doubled, inserted (quotes, separators, NUL, high bytes), tails lost,
two files run together. A parser may return rows and refusals whose counts add up, or raise
SourceDrift. Anything else is a crash and is printed with the seed that makes it.
"""

from __future__ import annotations

import argparse
import datetime as dt
import io
import random
import sys
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field

from rich.console import Console
from rich.table import Table

from benchmarks import listing_samples, samples
from benchmarks.connectors import sample_of
from pipelines.quarantine import SourceDrift, Split
from pipelines.sources import eu, ofac, ofac_xml, opensanctions, un_sc
from pipelines.sources.baci import parse_baci
from pipelines.sources.china_customs import parse_china_customs
from pipelines.sources.comtrade import parse_comtrade, parse_comtrade_bulk, parse_comtrade_old
from pipelines.sources.ecb import parse_ecb
from pipelines.sources.eu_fsf import read as eu_fsf
from pipelines.sources.folders import list_folders
from pipelines.sources.pink_sheet import parse_pink_sheet
from pipelines.sources.uk_sanctions import read as uk_sanctions

_OLD_HEADER = (
    "Classification,Year,Period,Period Desc.,Aggregate Level,Is Leaf Code,Trade Flow Code,"
    "Trade Flow,Reporter Code,Reporter,Reporter ISO,Partner Code,Partner,Partner ISO,"
    "Commodity Code,Commodity,Qty Unit Code,Qty Unit,Qty,Netweight (kg),Trade Value (US$),Flag\n"
)
_OLD_ROW = (
    'H4,2016,2016,2016,2,0,1,Import,156,China,CHN,408,"Korea, Dem. People\'s Rep. of",PRK,27,'
    '"Mineral fuels, oils",1,No Quantity,,,1000,0\n'
)
_BULK = (
    ",".join(samples.COMTRADE_ROW)
    + "\n"
    + ",".join(str(value) for value in samples.COMTRADE_ROW.values()).replace("None", "")
)


def _baci(content: bytes) -> Split:
    return parse_baci(content, file=samples.BACI_NAME, party=408)[0]


def _member(archive: bytes, name: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        return opened.read(name)


def _with_member(archive: bytes, name: str, content: bytes) -> bytes:
    """The archive with one member replaced: damage that the zip's own checksum does not see."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as old, zipfile.ZipFile(out, "w") as new:
        for one in old.namelist():
            new.writestr(one, content if one == name else old.read(one))
    return out.getvalue()


_AT = dt.datetime(2026, 11, 24, tzinfo=dt.UTC)


def _ofac(part: str, content: bytes) -> Split:
    contents = {**listing_samples.sdn_set(), part: content}
    source = "ofac_sdn" if part == "sdn" else f"ofac_sdn_{part}"
    return ofac.parse_csv_set(
        contents["sdn"],
        add=contents["add"],
        alt=contents["alt"],
        comments=contents["comments"],
        retrieved_at=_AT,
    ).splits[source]


def _cells_of_row() -> bytes:
    return "\n".join(f"{name}\t{value}" for name, value in samples.COMTRADE_ROW.items()).encode()


def _comtrade_cells(content: bytes) -> Split:
    """A whole answer around one row whose cells were damaged: the envelope survives."""
    pairs = [line.split("\t", 1) for line in content.decode("latin-1").split("\n")]
    damaged = {pair[0]: pair[-1] for pair in pairs if pair[0] in samples.COMTRADE_ROW}
    return parse_comtrade(samples.comtrade_json([{}, damaged]), file="answer.json")


_SHEET_XML = "xl/worksheets/sheet1.xml"
_ECB_CSV = "eurofxref-hist.csv"

# name: a valid file, and what reads it
PARSERS: dict[str, tuple[Callable[[], bytes], Callable[[bytes], Split]]] = {
    "comtrade, API answer": (
        lambda: samples.comtrade_json([{"reporterCode": code} for code in (156, 392, 643)]),
        lambda content: parse_comtrade(content, file="answer.json"),
    ),
    "comtrade, cells of an answer": (_cells_of_row, _comtrade_cells),
    "comtrade, bulk file": (
        lambda: _BULK.encode(),
        lambda content: parse_comtrade_bulk(content, file="bulk.csv"),
    ),
    "comtrade, older layout": (
        lambda: (_OLD_HEADER + _OLD_ROW * 3).encode(),
        lambda content: parse_comtrade_old(content, file="old.csv"),
    ),
    "china_customs": (
        lambda: samples.china_customs_csv(
            [
                '201608,27011100,无烟煤,109,朝鲜,"2,000,000\t",千克,-,-,"100,000"',
                "201609,27011100,无烟煤,109,朝鲜,-,千克,-,-,-",
            ]
        ),
        lambda content: parse_china_customs(content, file="import.csv"),
    ),
    "baci": (samples.baci_csv, _baci),
    "pink_sheet": (
        lambda: samples.pink_sheet_xlsx(has_codes=True),
        lambda content: parse_pink_sheet(content, file="cmo.xlsx"),
    ),
    "pink_sheet, inside the workbook": (
        lambda: _member(samples.pink_sheet_xlsx(), _SHEET_XML),
        lambda content: parse_pink_sheet(
            _with_member(samples.pink_sheet_xlsx(), _SHEET_XML, content), file="cmo.xlsx"
        ),
    ),
    "ecb_fx, inside the zip": (
        lambda: _member(samples.ecb_zip(), _ECB_CSV),
        lambda content: parse_ecb(
            _with_member(samples.ecb_zip(), _ECB_CSV, content), file="eurofxref-hist.zip"
        ),
    ),
    **{
        folder.name: (
            lambda folder=folder: sample_of(folder.name),
            lambda content, folder=folder: folder.parse(
                content, getattr(folder.module, "PROBED", "sample")
            ),
        )
        for folder in list_folders()
    },
    "uk_sanctions": (
        lambda: sample_of("uk_sanctions"),
        lambda content: uk_sanctions.splits_of(content, _AT),
    ),
    "eu_fsf": (lambda: sample_of("eu_fsf"), lambda content: eu_fsf.splits_of(content, _AT)),
    **{
        f"ofac csv, {part}": (
            lambda part=part: listing_samples.sdn_set()[part],
            lambda content, part=part: _ofac(part, content),
        )
        for part in ("sdn", "add", "alt", "comments")
    },
    "ofac xml": (
        lambda: listing_samples.SDN_XML,
        lambda content: ofac_xml.parse_xml(content, retrieved_at=_AT).splits["ofac_sdn"],
    ),
    "ofac advanced xml": (
        lambda: listing_samples.ADVANCED_XML,
        lambda content: ofac_xml.parse_advanced(content, retrieved_at=_AT).splits["ofac_sdn"],
    ),
    "un_sc": (
        lambda: listing_samples.UN_XML,
        lambda content: un_sc.parse(content, retrieved_at=_AT).splits["un_sc"],
    ),
    "eu_prk": (
        lambda: listing_samples.eu_csv(eu.COLUMNS),
        lambda content: eu.parse(content, retrieved_at=_AT).splits["eu_prk"],
    ),
    "opensanctions": (
        lambda: listing_samples.ENTITIES,
        lambda content: opensanctions.parse(content, retrieved_at=_AT, dataset="x").listing.splits[
            "opensanctions_x"
        ],
    ),
    "ecb_fx": (samples.ecb_zip, lambda content: parse_ecb(content, file="eurofxref-hist.zip")),
}

_INSERTS = (
    b'"',
    b",",
    b"\n",
    b"\r",
    b"\x00",
    b"\xff",
    b"\xf0\x9f",
    b"{",
    b"]",
    b"1e999",
    b"NaN",
    b"\t",
)


@dataclass
class Outcome:
    """What a parser did with the damaged files."""

    rounds: int = 0
    parsed: int = 0
    drift: int = 0
    refused_rows: int = 0
    crashes: list[str] = field(default_factory=list)


def damage(content: bytes, rng: random.Random) -> bytes:
    """One to four injuries to a file."""
    data = bytearray(content)
    for _ in range(rng.randint(1, 4)):
        if not data:
            break
        at = rng.randrange(len(data))
        match rng.randrange(7):
            case 0:
                data[at] ^= 1 << rng.randrange(8)
            case 1:
                data[at] = rng.randrange(256)
            case 2:
                del data[at : at + rng.randint(1, 40)]
            case 3:
                data[at:at] = data[at : at + rng.randint(1, 60)]
            case 4:
                data[at:at] = rng.choice(_INSERTS)
            case 5:
                del data[at:]
            case _:
                data.extend(content[rng.randrange(len(content)) :])
    return bytes(data)


def fuzz(name: str, *, rounds: int, seed: int) -> Outcome:
    """Damage one parser's sample `rounds` times; the same seed does the same damage."""
    make, parse = PARSERS[name]
    content = make()
    outcome = Outcome()
    for number in range(rounds):
        rng = random.Random(f"{seed}/{name}/{number}")
        hurt = damage(content, rng)
        outcome.rounds += 1
        try:
            split = parse(hurt)
            refused = split.quarantined.filter(split.quarantined["line"] > 0)["line"].n_unique()
            if split.rows_in != split.kept.height + refused:
                outcome.crashes.append(
                    f"round {number}: {split.rows_in} rows in, {split.kept.height} kept, "
                    f"{refused} refused"
                )
                continue
            outcome.refused_rows += refused
            outcome.parsed += 1
        except SourceDrift:
            outcome.drift += 1
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:
            outcome.crashes.append(f"round {number}: {type(error).__name__}: {str(error)[:160]}")
    return outcome


def main() -> int:
    """Print a table; exit 1 when anything crashed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    table = Table(title=f"Damaged files, {chosen.rounds} a parser, seed {chosen.seed}")
    for head in ("parser", "files", "rows or refusals", "named drift", "crashes", "s"):
        table.add_column(head)
    failed = False
    for name in PARSERS:
        started = time.monotonic()
        outcome = fuzz(name, rounds=chosen.rounds, seed=chosen.seed)
        failed |= bool(outcome.crashes)
        table.add_row(
            name,
            str(outcome.rounds),
            str(outcome.parsed),
            str(outcome.drift),
            str(len(outcome.crashes)),
            f"{time.monotonic() - started:.0f}",
        )
        for crash in outcome.crashes[:10]:
            print(f"{name}: {crash}", file=sys.stderr)
    Console().print(table)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
