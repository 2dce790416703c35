"""Damaged files end in rows, refusals or a named drift: never in anything else."""

from __future__ import annotations

import gzip
import io
import zipfile

import pytest

from pipelines.inbox import DropLimits, unpack
from tests.fixtures import ais_damaged_files
from tests.fixtures.connectors import sample_of
from tests.fixtures.fuzz_parsers import INSIDE, PARSERS, Outcome, documented, edited, fuzz, read

# readers that take a second for these few files, and the one reader of all hand-kept tables, have
# the benchmark for more
ROUNDS, QUICK = 25, 8


@pytest.mark.parametrize("name", sorted(PARSERS))
def test_damaged_bytes_never_crash_a_parser(name):
    rounds = QUICK if name.startswith(("ships", "network, ", "hand-kept ")) else ROUNDS
    outcome = fuzz(name, rounds=rounds, seed=7)
    assert outcome.crashes == []
    assert outcome.files == rounds == outcome.parsed + outcome.drift


def _damaged_gzip() -> bytes:
    whole = bytearray(gzip.compress(ais_damaged_files.table(*ais_damaged_files.GOOD)))
    whole[12] ^= 0xFF
    return bytes(whole)


def _damaged_lzma() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("ships.csv", ais_damaged_files.table(*ais_damaged_files.GOOD))
    whole = bytearray(out.getvalue())
    whole[70:90] = bytes(20)
    return bytes(whole)


def _damaged_parquet() -> bytes:
    whole = bytearray(PARSERS["ships, Parquet"][0]())
    whole[4:24] = bytes(range(200, 220))
    return bytes(whole)


def _nameless_zip() -> bytes:
    """A zip whose only member has no name: Python's own question whether it is a folder fails."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("x", b"a,b\n1,2\n")
    whole = out.getvalue()
    # both records of the name, each with its length
    for signature, at in ((b"PK\x03\x04", 26), (b"PK\x01\x02", 28)):
        place = whole.index(signature)
        name = place + (30 if at == 26 else 46)
        whole = whole[: place + at] + b"\0\0" + whole[place + at + 2 : name] + whole[name + 1 :]
    end = whole.index(b"PK\x05\x06")
    start = whole.index(b"PK\x01\x02")
    sizes = (end - start).to_bytes(4, "little") + start.to_bytes(4, "little")
    return whole[: end + 12] + sizes + whole[end + 20 :]


# what `python -m benchmarks.fuzz_parsers` found, each once
FOUND = {
    "a header with a name twice, in a quoted file": (
        "comtrade, bulk file",
        lambda: PARSERS["comtrade, bulk file"][0]().replace(b",", b',x,"x",', 1),
    ),
    "a report date that is none": (
        "uk_sanctions",
        lambda: sample_of("uk_sanctions").replace(b"-Sep-", b"-Rep-", 1),
    ),
    "a gzip damaged inside": ("ships, gzip", _damaged_gzip),
    "a zip packed by LZMA, damaged": ("ships, zip", _damaged_lzma),
    "a Parquet file with a damaged page": ("ships, Parquet", _damaged_parquet),
}


@pytest.mark.parametrize("what", sorted(FOUND))
def test_what_was_found_ends_in_a_documented_error(what):
    name, make = FOUND[what]
    with pytest.raises(documented(name)):
        PARSERS[name][1](make())


def test_a_member_without_a_name_is_unpacked_under_a_number_of_ours(tmp_path):
    archive = tmp_path / "nameless.zip"
    archive.write_bytes(_nameless_zip())
    (tmp_path / "members").mkdir()
    ((name, path),) = unpack(archive, tmp_path / "members", DropLimits())
    assert (name, path.name, path.read_bytes()) == ("", "0000", b"a,b\n1,2\n")


def test_a_row_of_too_few_cells_keeps_its_own_line_in_the_uk_list():
    """Told one line too high, it hid the refusal of the row above, and a row was lost count of."""
    content = sample_of("uk_sanctions").rstrip(b"\n") + b"\n21/09/2026,RUS0009,31\n"
    split = PARSERS["uk_sanctions"][1](content)
    assert split is not None
    assert split.quarantined["line"].to_list() == [content.count(b"\n")]
    assert content.splitlines()[split.quarantined["line"][0] - 1].startswith(b"21/09/2026,RUS0009")


def test_a_token_is_exchanged_and_the_form_stays():
    assert edited(b"a,b\n1,2\n", [(0.8, b"=x")]) == b"a,b\n1,2\n=x"
    assert edited(b"a,b\n1,2\n", [(0.45, 0.0)]) == b"a,b\na,2\n"


def test_rows_that_do_not_add_up_are_found(monkeypatch):
    """The fuzzer itself can fail."""
    make, parse = PARSERS["kosis_coal"]

    def one_too_many(content: bytes):
        split = parse(content)
        assert split is not None
        return type(split)(split.kept, split.quarantined, split.rows_in + 1)

    monkeypatch.setitem(PARSERS, "kosis_coal", (make, one_too_many))
    with pytest.raises(AssertionError, match="13 rows in, 12 kept, 0 refused"):
        read("kosis_coal", make(), Outcome())


@pytest.mark.parametrize("name", sorted(PARSERS))
def test_an_undamaged_sample_is_read(name):
    """Of a sample that is refused as it stands, no damage could ever reach the reader."""
    make, pack = INSIDE.get(name, (PARSERS[name][0], bytes))
    outcome = Outcome()
    read(name, pack(make()), outcome)
    assert (outcome.parsed, outcome.drift) == (1, 0)
