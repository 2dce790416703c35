"""Damage to valid files, into every reader of files: `python -m benchmarks.fuzz_parsers`.

Three ways. `bytes`: bytes flipped, cut, doubled, inserted, tails lost, two files run together.
`structure`: hypothesis exchanges cells, tags, keys and numbers for extreme ones, many a file, and
leaves the form whole; what it finds it makes small. `guided`: atheris follows which code an input
reaches, for readers quick enough to make that pay (`pip install atheris`; the lock leaves it out).

    python -m benchmarks.fuzz_parsers [--way bytes|structure|guided] [--rounds N] [--seed N]
        [--only WORD] [--seconds N] [--notes FILE]

--seconds is a reader's share of time; --notes adds the counts to those in FILE and the table shows
all of them. A reader may return rows and refusals whose counts add up, or raise what its docstring
names. Anything else is an undocumented error and is printed with what makes it.
"""

from __future__ import annotations

import argparse
import base64
import datetime as dt
import functools
import gzip
import io
import json
import mmap
import random
import re
import subprocess
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import hypothesis
from hypothesis import strategies as st
from rich.console import Console
from rich.table import Table

from assets.network import CORRECTIONS
from assets.network import FILES as NETWORK_FILES
from assets.reference import TABLES, files_of, frames_of_repository, parse_file
from benchmarks import ais_damaged_files
from benchmarks.connectors import sample_of
from pipelines.landing import FileRefused, Limits, safe_name, shown_name, unpack
from pipelines.network.corrections import mend
from pipelines.network.evidence import EvidenceError
from pipelines.paths import REFERENCE_DIR, data_dir
from pipelines.quarantine import SourceDrift, Split
from pipelines.schemas import network as contracts
from pipelines.shipping.decode.gfw import parse_gfw_events
from pipelines.shipping.decode.lines import Block
from pipelines.shipping.decode.nmea import decode_nmea
from pipelines.shipping.decode.recognise import recognise
from pipelines.shipping.landing import land_file
from pipelines.sources.comtrade.read import parse_comtrade, parse_comtrade_bulk, parse_comtrade_old
from pipelines.sources.ecb_fx.read import parse_ecb
from pipelines.sources.editions import date_in_name, printed_on
from pipelines.sources.eu_fsf import read as eu_fsf
from pipelines.sources.eu_prk import read as eu
from pipelines.sources.folders import list_folders
from pipelines.sources.ofac import csv_read as ofac
from pipelines.sources.ofac import xml_read as ofac_xml
from pipelines.sources.opensanctions import read as opensanctions
from pipelines.sources.pink_sheet.read import parse_pink_sheet
from pipelines.sources.ports.read import parse_port_sources, parse_ports
from pipelines.sources.shape import shape_of
from pipelines.sources.tables import parse_table
from pipelines.sources.uk_sanctions import read as uk_sanctions
from pipelines.sources.un_sc import read as un_sc
from tests.fixtures import listing_samples, samples

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


@functools.cache
def _frames() -> dict:
    return frames_of_repository()


def _first_lines(content: bytes, rows: int = 12) -> bytes:
    """Header and some rows of a hand-kept table."""
    text = content.decode("utf-8-sig").splitlines(keepends=True)
    return "".join(text[: rows + 1]).encode()


def _hand_kept() -> dict[str, tuple[Callable[[], bytes], Callable[[bytes], Split]]]:
    """Every table a stream keeps, as its first stream has it."""
    found = {}
    for kept in TABLES:
        file = files_of(kept)[0]
        found[f"hand-kept {kept.table}"] = (
            lambda file=file: _first_lines(file.path.read_bytes()),
            lambda content, kept=kept, file=file: parse_file(kept, file, content, _frames()),
        )
    return found


def _network_table(name: str, content: bytes, corrections: bytes | None = None) -> Split:
    """A hand-kept table of the network, with the corrections that act on it."""
    contract = NETWORK_FILES[name][0]

    def mended(text):
        held = parse_table(
            corrections if corrections is not None else _reference(CORRECTIONS),
            NETWORK_FILES[CORRECTIONS][0],
            contracts.columns_of(NETWORK_FILES[CORRECTIONS][0]),
            source=CORRECTIONS,
            file=f"{CORRECTIONS}.csv",
        ).kept
        wanted = [table for table, (file, _) in contracts.CORRECTED.items() if file == name]
        chosen = held.filter(held["table_name"].is_in(wanted)).sort("line")
        done = mend(text, chosen, file=name)
        return done.text, done.withdrawn

    return parse_table(
        content,
        contract,
        contracts.columns_of(contract),
        source=name,
        file=f"{name}.csv",
        mend=mended if corrections is not None else None,
    )


def _reference(name: str) -> bytes:
    return (REFERENCE_DIR / f"{name}.csv").read_bytes()


def _corrections(content: bytes) -> Split:
    """A damaged file of corrections, applied to the statements it corrects."""
    return _network_table("network_statements", _reference("network_statements"), content)


def _one_table_s_corrections() -> bytes:
    lines = _reference(CORRECTIONS).decode().splitlines(keepends=True)
    return "".join([lines[0], *(one for one in lines if ",link_statements," in one)][:10]).encode()


_SHIP_FILES = {case.name: case.content for case in ais_damaged_files.cases()}


def _scratch() -> Path:
    """A folder in memory where there is one: each input is a file."""
    memory = Path("/dev/shm")  # noqa: S108
    return memory if memory.is_dir() else Path(tempfile.gettempdir())


def _as_file(content: bytes, read: Callable[[Path], object]) -> None:
    with tempfile.TemporaryDirectory(dir=_scratch()) as folder:
        path = Path(folder) / "dropped"
        path.write_bytes(content)
        read(path)


def _land_ships(content: bytes) -> None:
    _as_file(
        content,
        lambda path: land_file(
            path,
            path.parent / "landed",
            received_at=ais_damaged_files.RECEIVED_AT,
            cache_dir=data_dir() / "cache",
        ),
    )


def _sentences(content: bytes) -> None:
    """Sentences decoded in memory; every line that holds something ends in exactly one row."""
    data = content.replace(b"\r\n", b"\n")
    block = Block(data if data.endswith(b"\n") else data + b"\n", 1)
    rows = sum(frame.height for frame in decode_nmea([block]))
    lines = int((~block.is_blank).sum())
    if rows != lines:
        raise AssertionError(f"{lines} lines that hold something, {rows} rows")


def _ship_events(content: bytes) -> None:
    _as_file(content, lambda path: parse_gfw_events(path, file="events.json"))


def _ship_form(content: bytes) -> None:
    _as_file(content, recognise)


def _unpack(content: bytes) -> None:
    def read(path: Path) -> None:
        (path.parent / "members").mkdir()
        unpack(path, path.parent / "members", Limits(max_unpacked_bytes=1 << 24))

    _as_file(content, read)


def _marks(content: bytes) -> None:
    """What is asked of every dropped file before it is known."""
    shape_of(content)
    name = content[:300].decode("utf-8", "replace")
    date_in_name(name)
    shown_name(name)
    safe = safe_name(name)
    if "/" in safe or safe.startswith((".", "-")) or not safe or len(safe.encode()) > 200:
        raise AssertionError(f"{safe!r} is not fit for a path")
    for source in ("uk_sanctions", "pink_sheet", "ecb_fx", "un_sc", "ofac_sdn", "eu_prk"):
        printed_on(source, content)


def _zip_of_two() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.csv", "a,b\n1,2\n" * 20, zipfile.ZIP_DEFLATED)
        archive.writestr("b.csv", "a,b\n1,2\n" * 20, zipfile.ZIP_LZMA)
        archive.writestr("c.csv", "a,b\n1,2\n" * 20, zipfile.ZIP_BZIP2)
    return out.getvalue()


def _lzma_workbook() -> bytes:
    """The workbook packed by another method, as no spreadsheet does."""
    out = io.BytesIO()
    plain = zipfile.ZipFile(io.BytesIO(samples.pink_sheet_xlsx()))
    with plain as old, zipfile.ZipFile(out, "w", zipfile.ZIP_LZMA) as new:
        for one in old.namelist():
            new.writestr(one, old.read(one))
    return out.getvalue()


_GFW_EVENT = {
    "id": "e1", "type": "encounter", "start": "2024-01-11T00:00:00Z", "end": "2024-01-11T03:00:00Z",
    "position": {"lat": "38.2", "lon": 121.5}, "regions": {}, "distances": {},
    "vessel": {"id": "v1", "ssvid": "412000001", "name": "MADE UP", "flag": "CHN"},
    "encounter": {"vessel": {"id": "v2", "ssvid": "412000002"}, "medianDistanceKilometers": 0.1},
}  # fmt: skip


def _ships() -> dict[str, tuple[Callable[[], bytes], Callable[[bytes], None]]]:
    chosen = {
        "ships, coastal CSV": ais_damaged_files.table(*ais_damaged_files.GOOD),
        "ships, NMEA": _SHIP_FILES["times after the checksum"],
        "ships, NMEA with tag blocks": _SHIP_FILES["noise between sentences"],
        "ships, JSON lines": _SHIP_FILES["JSON lines"],
        "ships, JSON array": _SHIP_FILES["a JSON array cut off"] + b'": 1.0}]',
        "ships, aisstream": _SHIP_FILES["aisstream"],
        "ships, Parquet": _SHIP_FILES["Parquet, one time that is not one"],
        "ships, gzip": gzip.compress(ais_damaged_files.table(*ais_damaged_files.GOOD)),
        "ships, zip": _zip_of_ships(),
    }
    return {
        name: (lambda content=content: content, _land_ships) for name, content in chosen.items()
    }


def _zip_of_ships() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("ships.csv", ais_damaged_files.table(*ais_damaged_files.GOOD))
    return out.getvalue()


# name: a valid file, and what reads it
PARSERS: dict[str, tuple[Callable[[], bytes], Callable[[bytes], Split | None]]] = {
    "comtrade, cells of an answer": (_cells_of_row, _comtrade_cells),
    "comtrade, bulk file": (
        lambda: _BULK.encode(),
        lambda content: parse_comtrade_bulk(content, file="bulk.csv"),
    ),
    "comtrade, older layout": (
        lambda: (_OLD_HEADER + _OLD_ROW * 3).encode(),
        lambda content: parse_comtrade_old(content, file="old.csv"),
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
            lambda content, folder=folder: folder.parse(content, folder.sample_name),
        )
        for folder in list_folders()
    },
    "uk_sanctions": (
        lambda: sample_of("uk_sanctions"),
        lambda content: uk_sanctions.parse(content, retrieved_at=_AT).splits["uk_sanctions"],
    ),
    "eu_fsf": (
        lambda: sample_of("eu_fsf"),
        lambda content: eu_fsf.parse(content, retrieved_at=_AT).splits["eu_fsf"],
    ),
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
    "pink_sheet, packed by LZMA": (
        _lzma_workbook,
        lambda content: parse_pink_sheet(content, file="cmo.xlsx"),
    ),
    **_hand_kept(),
    **{
        f"network {name}": (
            lambda name=name: _first_lines(_reference(name)),
            lambda content, name=name: _network_table(name, content),
        )
        for name in NETWORK_FILES
    },
    "network, corrections applied": (_one_table_s_corrections, _corrections),
    "ports": (
        lambda: _first_lines(_reference("ports")),
        lambda content: parse_ports(content, source="ports", file="ports.csv", source_ids=["a"]),
    ),
    "port_sources": (
        lambda: _first_lines(_reference("port_sources")),
        lambda content: parse_port_sources(content, source="ports", file="port_sources.csv"),
    ),
    **_ships(),
    "ships, events": (lambda: json.dumps({"entries": [_GFW_EVENT] * 3}).encode(), _ship_events),
    "ships, sentences": (lambda: _SHIP_FILES["noise between sentences"], _sentences),
    "ships, which form": (lambda: _SHIP_FILES["JSON lines"], _ship_form),
    "dropped file, its marks": (lambda: sample_of("uk_sanctions"), _marks),
    "dropped zip": (_zip_of_two, _unpack),
}
# what a reader may raise besides SourceDrift, by the start of its name
DOCUMENTED = {
    "ships": (ValueError,),
    "dropped": (FileRefused,),
    "network, corrections": (EvidenceError,),
}
# quick enough for coverage to lead somewhere
GUIDED = (
    "comtrade", "ecb_fx", "uk_sanctions", "un_sc", "ships, sentences",
    "ships, which form", "dropped file, its marks", "dropped zip",
)  # fmt: skip


def documented(name: str) -> tuple[type[Exception], ...]:
    """What a reader may raise."""
    found = [kinds for start, kinds in DOCUMENTED.items() if name.startswith(start)]
    return (SourceDrift, *(kind for kinds in found for kind in kinds))


_INSERTS = (
    b'"', b",", b"\n", b"\r", b"\x00", b"\xff", b"\xf0\x9f", b"{", b"]", b"1e999", b"NaN", b"\t",
)  # fmt: skip


@dataclass
class Outcome:
    """What a reader did with the damaged files.

    Attributes:
        files: inputs; edits: injuries in them.
        parsed, drift: answered with rows, or with a documented error.
    """

    files: int = 0
    edits: int = 0
    parsed: int = 0
    drift: int = 0
    refused_rows: int = 0
    crashes: list[str] = field(default_factory=list)


def damage(content: bytes, rng: random.Random) -> tuple[bytes, int]:
    """One to four injuries to a file, and how many."""
    data = bytearray(content)
    injuries = rng.randint(1, 4)
    for _ in range(injuries):
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
    return bytes(data), injuries


def read(name: str, content: bytes, outcome: Outcome) -> None:
    """Read one input and hold it to the rules; AssertionError or whatever it raised if broken."""
    try:
        split = PARSERS[name][1](content)
    except documented(name):
        outcome.drift += 1
        return
    outcome.parsed += 1
    if split is None:
        return
    refused = split.quarantined.filter(split.quarantined["line"] > 0)["line"].n_unique()
    outcome.refused_rows += refused
    if split.rows_in != split.kept.height + refused:
        raise AssertionError(
            f"{split.rows_in} rows in, {split.kept.height} kept, {refused} refused"
        )


def fuzz(name: str, *, rounds: int, seed: int, seconds: float = float("inf")) -> Outcome:
    """Damage one reader's sample `rounds` times; the same seed does the same damage."""
    content = PARSERS[name][0]()
    outcome = Outcome()
    ended = time.monotonic() + seconds
    for number in range(rounds):
        if time.monotonic() > ended:
            break
        hurt, injuries = damage(content, random.Random(f"{seed}/{name}/{number}"))
        outcome.files += 1
        outcome.edits += injuries
        try:
            read(name, hurt, outcome)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:
            outcome.crashes.append(_told(f"seed {seed}, round {number}", error, hurt))
    return outcome


def _told(where: str, error: BaseException, content: bytes) -> str:
    packed = base64.b64encode(content).decode() if len(content) < 2_000 else ""
    return f"{where}: {type(error).__name__}: {str(error)[:160]} {packed}"


# --- by structure

_EDGES = re.compile(rb"([,;\t\n<>=\"{}\[\]:/ ]+)")
_EXTREME = (
    b"", b"-1", b"0", b"1e308", b"1e999", b"-0.0", b"nan", b"inf", b"9" * 40, b"2147483648",
    b"9223372036854775808", b"0x10", b"1_000", b"1,5", b"1.000,5", "１２".encode(), b"true",
    b"null",
    b"0000-00-00", b"9999-12-31", b"10000-01-01", b"2024-02-30", b"1582-10-04", b"0001-01-01",
    b"31/02/2024", b"2024-01-11T25:61:61Z", b"1970-01-01T00:00:00+99:99", b"01-Rep-2026",
    b"=1+1",
    b"'; drop table x; --", b"<script>", b"&#0;", b"&x;", b"]]>", b"\\u0000", b"\\ud800", b"\\",
    "e\u0301\u202e\u200b".encode(), "𝕬𐏿".encode(), b"\xc3\x28", b"\xed\xa0\x80", b"\xef\xbb\xbf",
    b"x" * 70_000, b"[" * 2_000, b"../../etc/passwd", b"$name", b"%s{0}", b'"', b'""', b"\r",
    b"\x00",
)  # fmt: skip
_TOKENS = st.one_of(
    st.sampled_from(_EXTREME),
    st.text(max_size=12).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.integers().map(lambda number: str(number).encode()),
    st.floats().map(lambda number: repr(number).encode()),
    st.dates().map(lambda day: day.isoformat().encode()),
    # a token of the same file, by its place
    st.floats(0, 1, exclude_max=True),
)
EDITS = st.lists(st.tuples(st.floats(0, 1, exclude_max=True), _TOKENS), min_size=1, max_size=8)


def edited(content: bytes, edits: list[tuple[float, bytes | float]]) -> bytes:
    """A file with some of its tokens exchanged, separators left as they are."""
    parts = _EDGES.split(content)
    places = range(0, len(parts), 2)
    for where, what in edits:
        at = places[int(where * len(places))]
        parts[at] = what if isinstance(what, bytes) else parts[places[int(what * len(places))]]
    return b"".join(parts)


def fuzz_by_structure(
    name: str, *, rounds: int, seed: int, seconds: float = float("inf")
) -> Outcome:
    """Exchange tokens of one reader's sample, as hypothesis finds them; a finding is made small."""
    content = PARSERS[name][0]()
    outcome = Outcome()
    ended = time.monotonic() + seconds
    last: list[bytes] = [b""]

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=rounds,
        deadline=None,
        database=None,
        suppress_health_check=list(hypothesis.HealthCheck),
        phases=[hypothesis.Phase.generate, hypothesis.Phase.shrink],
    )
    @hypothesis.given(EDITS)
    def one(edits: list[tuple[float, bytes | float]]) -> None:
        if time.monotonic() > ended:
            return
        last[0] = edited(content, edits)
        outcome.files += 1
        outcome.edits += len(edits)
        read(name, last[0], outcome)

    try:
        one()
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:
        outcome.crashes.append(_told(f"structure, seed {seed}", error, last[0]))
    return outcome


# --- guided by coverage


def _guided_child(name: str, rounds: int, seed: int, seconds: float, last: str) -> None:
    """Body of a process of its own: libFuzzer ends the process it runs in.

    The input under way stands in the file `last`, whatever ends the process.
    """
    import atheris  # ty: ignore  the lock leaves it out

    content = PARSERS[name][0]()
    outcome = Outcome()
    atheris.instrument_func(PARSERS[name][1])

    room = 4 * len(content) + 8
    with Path(last).open("w+b") as file:
        file.truncate(room)
        held = mmap.mmap(file.fileno(), room)

    def one(data: bytes) -> None:
        held[: len(data) + 8] = len(data).to_bytes(8, "little") + data
        read(name, data, outcome)

    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "sample").write_bytes(content)
        atheris.Setup(
            [
                sys.argv[0], folder, f"-runs={rounds}", f"-seed={seed}",
                f"-max_total_time={int(min(seconds, 1e6))}", "-timeout=60", "-rss_limit_mb=0",
                f"-max_len={4 * len(content)}", f"-artifact_prefix={folder}/",
            ],
            one,
        )  # fmt: skip
        atheris.Fuzz()


def fuzz_guided(name: str, *, rounds: int, seed: int, seconds: float = float("inf")) -> Outcome:
    """Let coverage lead, in a process of its own."""
    with tempfile.TemporaryDirectory(dir=_scratch()) as folder:
        last = Path(folder) / "last"
        done = subprocess.run(  # noqa: S603
            [
                sys.executable, "-m", "benchmarks.fuzz_guided",
                name, str(rounds), str(seed), str(seconds), str(last),
            ],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        held = last.read_bytes() if last.exists() else bytes(8)
    outcome = Outcome()
    runs = re.findall(r"^(?:#|Done )(\d+)", done.stderr, re.MULTILINE)
    outcome.files = outcome.edits = max((int(one) for one in runs), default=0)
    if done.returncode or not outcome.files:
        said = re.findall(r"=== Uncaught Python exception: ===\n(.*)\n", done.stderr)
        packed = base64.b64encode(held[8 : 8 + int.from_bytes(held[:8], "little")]).decode()
        outcome.crashes = [
            f"guided, seed {seed}, exit {done.returncode}: {' '.join(said) or done.stderr[-300:]} "
            f"{packed[:4_000]}"
        ]
    return outcome


WAYS = {"bytes": fuzz, "structure": fuzz_by_structure, "guided": fuzz_guided}


def _noted(file: Path | None) -> dict[str, Counter]:
    if file is None or not file.exists():
        return {}
    return {name: Counter(counts) for name, counts in json.loads(file.read_text()).items()}


def main() -> int:
    """Print a table; exit 1 when there was an undocumented error."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--way", choices=sorted(WAYS), default="bytes")
    parser.add_argument("--rounds", type=int, default=1_000)
    parser.add_argument("--seconds", type=float, default=float("inf"))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="")
    parser.add_argument("--notes", type=Path, default=None)
    chosen = parser.parse_args()
    noted = _noted(chosen.notes)
    failed = False
    for name in PARSERS:
        if chosen.only not in name or (chosen.way == "guided" and name not in GUIDED):
            continue
        outcome = WAYS[chosen.way](
            name, rounds=chosen.rounds, seed=chosen.seed, seconds=chosen.seconds
        )
        failed |= bool(outcome.crashes)
        for crash in outcome.crashes[:10]:
            print(f"{name}: {crash}", file=sys.stderr, flush=True)
        noted.setdefault(name, Counter()).update(
            {
                chosen.way: outcome.files,
                "injuries": outcome.edits,
                "rows or refusals": outcome.parsed,
                "undocumented errors": len(outcome.crashes),
            }
        )
        if chosen.notes:
            chosen.notes.write_text(json.dumps(noted, indent=1))
    table = Table(title="Damaged files, by reader")
    heads = (*WAYS, "injuries", "rows or refusals", "undocumented errors")
    for head in ("reader", *heads):
        table.add_column(head, justify="left" if head == "reader" else "right")
    for name, counts in noted.items():
        table.add_row(name, *(f"{counts[head]:,}" for head in heads))
    whole = sum(noted.values(), Counter())
    table.add_row("all", *(f"{whole[head]:,}" for head in heads))
    Console(width=140).print(table)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
