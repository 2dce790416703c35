"""Damaged ship files, each landed, and whether its rows add up to its lines.

    python -m benchmarks.ais_damaged_files

Every file is made here from five good rows of made-up ships and one kind of damage; what should
become of it was worked out by hand and stands beside it. tests/shipping/test_damaged_files.py holds
the same table.
"""

from __future__ import annotations

import datetime as dt
import gzip
import io
import json
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from operator import xor
from pathlib import Path

import polars as pl
from pyais.encode import encode_dict
from rich.console import Console
from rich.table import Table

from pipelines.paths import data_dir
from pipelines.shipping.decode.lines import count_lines
from pipelines.shipping.landing import FileReport, land_file

RECEIVED_AT = dt.datetime(2026, 11, 24, tzinfo=dt.UTC)
HEAD = (
    "MMSI,BaseDateTime,LAT,LON,SOG,COG,Heading,VesselName,IMO,CallSign,VesselType,Status,"
    "Length,Width,Draft,Cargo,TransceiverClass"
)


@dataclass(frozen=True)
class Damaged:
    """One file and what should become of it.

    Attributes:
        name: what is wrong with it; content: its bytes.
        kept, quarantined: rows; blank: lines of nothing.
        header: lines of header.
        rule: the rule that refuses the quarantined rows.
        lines: of the quarantined rows, where it matters which.
        refused: words of the refusal, where the whole file is none.
    """

    name: str
    content: bytes
    kept: int = 5
    quarantined: int = 0
    blank: int = 0
    header: int = 1
    rule: str = "unparsable_row"
    lines: tuple[int, ...] = ()
    refused: str = ""

    @property
    def total(self) -> int:
        """Lines of the file."""
        return self.header + self.blank + self.kept + self.quarantined


def row(minute: int, **cells: str) -> str:
    """A good row of a made-up ship, some cells exchanged."""
    values = {
        "MMSI": "412000001",
        "BaseDateTime": f"2024-01-11T{minute // 60:02d}:{minute % 60:02d}:00",
        "LAT": "38.20000",
        "LON": "121.50000",
        "SOG": "9.0",
        "COG": "90.0",
        "Heading": "91",
        "VesselName": "MADE UP",
        "IMO": "IMO9074729",
        "CallSign": "XXXX",
        "VesselType": "70",
        "Status": "0",
        "Length": "120",
        "Width": "18",
        "Draft": "6.5",
        "Cargo": "70",
        "TransceiverClass": "A",
    }
    return ",".join((values | cells)[name] for name in HEAD.split(","))


def table(*rows: str | bytes, end: bytes = b"\n") -> bytes:
    """Header and rows as bytes."""
    return b"".join((one.encode() if isinstance(one, str) else one) + end for one in (HEAD, *rows))


GOOD = [row(minute) for minute in range(5)]


def _with(bad: str | bytes, end: bytes = b"\n") -> bytes:
    """Five good rows, a bad one in line 4."""
    return table(*GOOD[:2], bad, *GOOD[2:], end=end)


def tagged(sentence: str, at: int | str) -> bytes:
    """A sentence with its time in a tag block."""
    block = f"c:{at}".encode()
    return b"\\%s*%02X\\%s" % (block, reduce(xor, block), sentence.encode())


def _fix(number: int) -> str:
    return encode_dict(
        {"msg_type": 1, "mmsi": 412000001, "lon": 121.5, "lat": 38.2 + number / 1000, "speed": 3.0}
    )[0]


def _sentences(*more: bytes) -> bytes:
    good = [tagged(_fix(number), 1_704_931_200 + 60 * number) for number in range(5)]
    return b"\n".join([*good[:2], *more, *good[2:]]) + b"\n"


def _zip(**files: bytes) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return held.getvalue()


def _message(**more: object) -> dict[str, object]:
    return {"ssvid": "412000001", "timestamp": 1_704_931_200, "lat": 38.2, "lon": 121.5} | more


def _messages(*more: str) -> bytes:
    good = [json.dumps(_message(timestamp=1_704_931_200 + 60 * n)) for n in range(5)]
    return "\n".join([*good[:2], *more, *good[2:]]).encode() + b"\n"


def _stream(kind: str, **body: object) -> str:
    return json.dumps(
        {
            "MessageType": kind,
            "MetaData": {"MMSI": 412000001, "time_utc": "2024-01-11 00:00:30.123456789 +0000 UTC"},
            "Message": {kind: {"UserID": 412000001} | body},
        }
    )


def _parquet(**columns: list) -> bytes:
    whole = {
        "mmsi": [412000001] * 5,
        "t": [1_704_931_200.0 + 60 * n for n in range(5)],
        "lon": [121.5] * 5,
        "lat": [38.2] * 5,
        "sog_kn": [1.0] * 5,
        "cog_deg": [1.0] * 5,
        "draught_m": [6.5] * 5,
    }
    held = io.BytesIO()
    frame = pl.DataFrame({key: value for key, value in (whole | columns).items() if value})
    frame.write_parquet(held)
    return held.getvalue()


def _many(rows: int, bad_line: int) -> bytes:
    """Many rows, one with a quote that nothing closes."""
    made = [row(0, MMSI=str(412_000_000 + at)) for at in range(rows)]
    made[bad_line - 2] = made[bad_line - 2].replace("MADE UP", '"MADE UP')
    return table(*made)


def cases() -> Iterator[Damaged]:
    """Every damaged file; none is like another."""
    clean = table(*GOOD)
    yield Damaged("nothing is wrong", clean)
    yield Damaged("no line feed at the end", clean[:-1])
    yield Damaged("lines end as Windows ends them", table(*GOOD, end=b"\r\n"))
    yield Damaged("both line ends in one file", clean + (row(9) + "\r\n").encode(), kept=6)
    yield Damaged("a byte order mark", b"\xef\xbb\xbf" + clean)
    yield Damaged("a blank line inside", _with(""), blank=1)
    yield Damaged("a line of spaces inside", _with("   "), blank=1)
    yield Damaged("blank lines at the end", clean + b"\n\r\n \n", blank=3)
    yield Damaged(
        "a blank line before a bad one",
        table(GOOD[0], "", GOOD[1], "1,2,3", *GOOD[2:]),
        quarantined=1,
        blank=1,
        lines=(5,),
    )
    yield Damaged(
        "a quote opens and nothing closes it",
        _with(row(9, VesselName='"ODD')),
        quarantined=1,
        lines=(4,),
    )
    yield Damaged(
        "a quote in the last cell of the last line",
        clean + row(9, TransceiverClass='"A').encode(),
        quarantined=1,
        lines=(7,),
    )
    yield Damaged("a quote inside a name", _with(row(9, VesselName='MADE "UP')), kept=6)
    yield Damaged("a name in quotes, with a comma", _with(row(9, VesselName='"MADE, UP"')), kept=6)
    yield Damaged("quotes inside quotes", _with(row(9, VesselName='"MADE ""UP"""')), kept=6)
    yield Damaged(
        "text after a closing quote", _with(row(9, VesselName='"MADE" UP')), quarantined=1
    )
    yield Damaged(
        "a name that runs over a line end",
        _with(row(9, VesselName='"MADE\nUP"')),
        quarantined=2,
        lines=(4, 5),
    )
    yield Damaged(
        "every cell in quotes", table(*(",".join(f'"{c}"' for c in one.split(",")) for one in GOOD))
    )
    yield Damaged(
        "a decimal comma in the course", _with(row(9, COG="1,5")), quarantined=1, lines=(4,)
    )
    yield Damaged("a comma too many at the end", _with(row(9) + ","), quarantined=1)
    yield Damaged("a cell too few", _with(row(9).rsplit(",", 1)[0]), quarantined=1)
    yield Damaged("nothing but commas", _with("," * 16), quarantined=1, rule="mmsi_invalid")
    yield Damaged(
        "cut off in the last line", clean + row(9)[:40].encode(), quarantined=1, lines=(7,)
    )
    yield Damaged("a line of 34 MB", _with("x" * 34_000_000), quarantined=1, lines=(4,))
    yield Damaged("a last line of 34 MB", clean + b"," * 34_000_000, quarantined=1, lines=(7,))
    yield Damaged(
        "a line of 100 KB with the right cells",
        _with(row(9, VesselName="N" * 100_000)),
        quarantined=1,
    )
    yield Damaged("zero bytes in a line", _with(row(9, VesselName="A\0B")), quarantined=1)
    yield Damaged("a hole of zero bytes", _with(b"\0" * 4096), quarantined=1, lines=(4,))
    yield Damaged(
        "a name in Latin-1",
        _with(row(9, VesselName="M\u00dcLLER").encode("latin-1")),
        quarantined=1,
    )
    yield Damaged("a name in Korean", _with(row(9, VesselName="\uc740\ud558\uc218")), kept=6)
    yield Damaged(
        "a carriage return inside a line", _with(row(9, VesselName="A\rB")), quarantined=1
    )
    yield Damaged(
        "the header again in the middle", _with(HEAD), quarantined=1, rule="value_unparsable"
    )
    yield Damaged(
        "two files joined without a line feed",
        clean[:-1] + clean,
        # the glued line is lost, and of the second five rows four repeat the first
        kept=4 + 1,
        quarantined=1 + 4,
        rule="",
    )
    yield Damaged("a comment", _with("# made by hand"), quarantined=1)
    yield Damaged("the mark that ends a file in DOS", clean + b"\x1a", quarantined=1, lines=(7,))
    yield Damaged("no row at all", table(), kept=0)
    yield Damaged("a row twice", _with(GOOD[0]), quarantined=1, rule="duplicate", lines=(4,))
    yield Damaged(
        "a time that is not one",
        _with(row(9, BaseDateTime="NaN")),
        quarantined=1,
        rule="time_unparsable",
    )
    yield Damaged(
        "a time as a spreadsheet shows it",
        _with(row(9, BaseDateTime="11/01/2024 00:00")),
        quarantined=1,
        rule="time_unparsable",
    )
    yield Damaged(
        "a day that does not exist",
        _with(row(9, BaseDateTime="2023-02-29T00:00:00")),
        quarantined=1,
        rule="time_unparsable",
    )
    yield Damaged(
        "a ship's number as a spreadsheet shows it",
        _with(row(9, MMSI="4.12E+08")),
        quarantined=1,
        rule="mmsi_invalid",
    )
    yield Damaged(
        "an endless latitude", _with(row(9, LAT="inf")), quarantined=1, rule="value_unparsable"
    )
    yield Damaged(
        "a latitude that is no number",
        _with(row(9, LAT="nan")),
        quarantined=1,
        rule="value_unparsable",
    )
    yield Damaged(
        "thousands with a comma, in quotes",
        _with(row(9, SOG='"1,234.5"')),
        quarantined=1,
        rule="value_unparsable",
    )
    yield Damaged(
        "a degree sign", _with(row(9, LAT="38.2\u00b0")), quarantined=1, rule="value_unparsable"
    )
    yield Damaged(
        "spaces round the numbers", _with(row(9, LAT=" 38.2 ", MMSI=" 412000001 ")), kept=6
    )
    yield Damaged(
        "a stray quote in line 21 of 60,001",
        _many(60_000, 21),
        kept=59_999,
        quarantined=1,
        lines=(21,),
    )
    yield Damaged(
        "a stray quote in the middle of 120,002",
        _many(120_001, 60_001),
        kept=120_000,
        quarantined=1,
        lines=(60_001,),
    )
    yield Damaged(
        "carriage returns alone", table(*GOOD, end=b"\r"), refused="carriage returns alone"
    )
    yield Damaged(
        "a first cell of 10 MB",
        b"M" * 10_000_000 + clean,
        refused="no header of a table is so long",
    )
    yield Damaged("empty", b"", refused="is empty")
    yield Damaged("semicolons", clean.replace(b",", b";"), refused="separated by semicolons")
    yield Damaged("tabs", clean.replace(b",", b"\t"), refused="separated by tabs")
    yield Damaged("UTF-16", clean.decode().encode("utf-16"), refused="UTF-16")
    yield Damaged("a web page", b"<!DOCTYPE html><html>log in</html>", refused="a web page")
    yield Damaged("a column missing", clean.replace(b",LON,", b",EAST,"), refused="without lon")
    yield Damaged(
        "a workbook", _zip(**{"xl/workbook.xml": b"<x/>", "a": b""}), refused="an Excel workbook"
    )
    yield Damaged("an archive of two", _zip(a=clean, b=clean), refused="holds 2 files")
    yield Damaged("packed", gzip.compress(clean))
    yield Damaged("packed and cut off", gzip.compress(clean)[:-20], refused="fetch it again")
    nmea: dict = {"header": 0}
    yield Damaged("sentences", _sentences(), **nmea)
    yield Damaged(
        "a sentence with a wrong checksum",
        _sentences(tagged(_fix(9)[:-2] + "00", 1)),
        quarantined=1,
        rule="bad_checksum",
        lines=(3,),
        **nmea,
    )
    yield Damaged(
        "half a message",
        _sentences(
            tagged(
                "!AIVDM,2,1,3,A,55?MbV02;H;s<HtKR20EHE:0@T4@Dn2222222216L961O5Gf0NSQEp6ClRp8,0*1C",
                1,
            )
        ),
        quarantined=1,
        rule="incomplete_multipart",
        **nmea,
    )
    yield Damaged(
        "a sentence cut off",
        _sentences(b"!AIVDM,1,1,,A,15"),
        quarantined=1,
        rule="broken_sentence",
        **nmea,
    )
    yield Damaged(
        "noise between sentences",
        _sentences(b"\xff\x00\xfe noise"),
        quarantined=1,
        rule="not_ais",
        **nmea,
    )
    yield Damaged(
        "a sentence without a time",
        _sentences(_fix(9).encode()),
        quarantined=1,
        rule="time_missing",
        **nmea,
    )
    yield Damaged(
        "times after the checksum",
        b"\n".join(f"{_fix(n)},{1_704_931_200 + n},{1_704_931_201 + n}".encode() for n in range(5)),
        **nmea,
    )
    yield Damaged(
        "times before the sentence",
        b"\n".join(f"2024-01-11T00:0{n}:00Z {_fix(n)}".encode() for n in range(5)),
        **nmea,
    )
    json_form: dict = {"header": 0}
    yield Damaged("JSON lines", _messages(), **json_form)
    yield Damaged(
        "a JSON line cut off", _messages('{"ssvid": "41200'), quarantined=1, lines=(3,), **json_form
    )
    yield Damaged("a JSON line that is a number", _messages("17"), quarantined=1, **json_form)
    yield Damaged(
        "a time that is not one, in JSON",
        _messages(json.dumps(_message(timestamp="NaN"))),
        quarantined=1,
        rule="time_unparsable",
        **json_form,
    )
    yield Damaged(
        "a JSON array cut off",
        json.dumps([_message()] * 5).encode()[:-9],
        refused="no whole JSON array",
        **json_form,
    )
    fixes = [
        _stream("PositionReport", Latitude=38.2 + n / 1000, Longitude=121.5, Sog=9.0, Cog=90.0)
        for n in range(4)
    ]
    static = _stream("ShipStaticData", Name="MADE UP", ImoNumber=9074729, CallSign="XXXX")
    yield Damaged("aisstream", "\n".join([*fixes, static]).encode(), **json_form)
    yield Damaged(
        "aisstream, a message of neither kind",
        "\n".join([*fixes, static, _stream("BinaryAcknowledge")]).encode(),
        quarantined=1,
        rule="message_without_position",
        **json_form,
    )
    yield Damaged(
        "Parquet, one time that is not one",
        _parquet(
            t=[1_704_931_200.0, float("nan"), 1_704_931_300.0, 1_704_931_400.0, 1_704_931_500.0]
        ),
        kept=4,
        quarantined=1,
        rule="time_unparsable",
        lines=(2,),
        **json_form,
    )
    yield Damaged(
        "Parquet cut off",
        _parquet()[:-30],
        refused="cannot be read as positions_parquet",
        **json_form,
    )
    yield Damaged(
        "Parquet without longitudes", _parquet(lon=[]), refused="missing: lon", **json_form
    )


def land(case: Damaged, folder: Path, *, cache_dir: Path) -> FileReport | str:
    """The report of a landed file, or why it was refused."""
    file = folder / "dropped"
    file.write_bytes(case.content)
    try:
        return land_file(file, folder / "landed", received_at=RECEIVED_AT, cache_dir=cache_dir)
    except ValueError as error:
        return str(error)


def main() -> None:
    """Print the table."""
    shown = Table(title="Damaged ship files: lines counted in bytes, and where each went")
    for head in ("what is wrong", "lines", "header", "blank", "kept", "quarantined", "adds up"):
        shown.add_column(head, justify="left" if head == "what is wrong" else "right")
    wrong = 0
    for number, case in enumerate(cases(), start=1):
        with tempfile.TemporaryDirectory() as scratch:
            found = land(case, Path(scratch), cache_dir=data_dir() / "cache")
            if isinstance(found, str):
                shown.add_row(f"{number} {case.name}", f"refused: {found[:150]}")
                wrong += not case.refused or case.refused not in found
                continue
            counted = (
                count_lines(Path(scratch) / "dropped")
                if case.content[:1] in b"M\xef\\"
                else found.lines
            )
            sums = found.header_lines + found.blank_lines + found.rows_kept + found.rows_quarantined
            good = sums == counted and (found.rows_kept, found.rows_quarantined) == (
                case.kept,
                case.quarantined,
            )
            wrong += not good
            parts = (found.header_lines, found.blank_lines, found.rows_kept, found.rows_quarantined)
            shown.add_row(
                f"{number} {case.name}",
                *(f"{one:,}" for one in (counted, *parts)),
                "yes" if good else f"NO, expected {case.kept} + {case.quarantined}",
            )
    Console(width=150).print(shown, f"{number} files, {wrong} not as they should be")


if __name__ == "__main__":
    main()
