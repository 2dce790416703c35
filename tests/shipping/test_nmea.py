"""Sentences decoded by column are what pyais makes of them, whatever lies between them."""

from __future__ import annotations

import random
from functools import reduce
from operator import xor
from pathlib import Path

import polars as pl
import pytest

from pipelines.shipping.decode import nmea
from pipelines.shipping.decode.canonical import CANONICAL
from pipelines.shipping.decode.lines import BLOCK_BYTES, blocks
from pipelines.shipping.decode.nmea import decode_nmea

ALPHABET = "0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVW`abcdefghijklmnopqrstuvw"


def by_pyais(path: Path) -> pl.DataFrame:
    """Every line of a file through pyais alone, none by column."""
    rest = nmea._Rest()
    lines = [(n, line) for n, line in enumerate(path.read_bytes().split(b"\n"), 1) if line.strip()]
    return pl.concat([rest.rows([one]) for one in lines] + [rest.last()]).sort("line")


def ours(path: Path, size: int = BLOCK_BYTES) -> pl.DataFrame:
    return (
        pl.concat(list(decode_nmea(blocks(path, size=size)))).sort("line").select(list(CANONICAL))
    )


def _tagged(sentence: bytes, at: int | str) -> bytes:
    block = f"s:x,c:{at}".encode()
    return b"\\%s*%02X\\%s" % (block, reduce(xor, block), sentence)


class _Noise:
    """Sentences of every kind, whole and broken, in no order."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)

    def payload(self, kinds: list[int], length: int) -> str:
        letters: list[str] = [ALPHABET[self.rng.choice(kinds)]]
        letters += [self.rng.choice(ALPHABET) for _ in range(length)]
        return "".join(letters)[:length]

    def sentence(self, parts: int, part: int, seq: object, payload: str, fill: int) -> bytes:
        channel = self.rng.choice(["A", "B", "", "1"]) if parts == 1 else self.rng.choice("AB")
        kind = self.rng.choice("MMMO")
        body = f"AIVD{kind},{parts},{part},{seq},{channel},{payload},{fill}".encode()
        return b"!%s*%02X" % (body, reduce(xor, body) ^ (self.rng.random() < 0.03))

    def lines(self, many: int) -> list[bytes]:
        rng = self.rng
        kinds = [1, 2, 3, 4, 5, 6, 8, 9, 11, 15, 18, 19, 20, 21, 24, 25, 27, rng.randrange(64)]
        found: list[bytes] = []
        for number in range(many):
            chance, at = rng.random(), 1_704_067_200 + number
            if chance < 0.6:
                length = rng.choice([28, 28, 28, 16, 27, 52, 71, 60, 46, rng.randrange(75)])
                fill = rng.choice([0, 0, 0, 2, 2, rng.randrange(8)])
                payload = self.payload(kinds, length)
                if rng.random() < 0.02:
                    payload = payload[:-1] + rng.choice("XYZ ~")
                made = [self.sentence(1, 1, rng.choice(["", "", 3]), payload, fill)]
            elif chance < 0.9:
                payload = self.payload([5, 5, 5, 8, 19], 71)
                cut = rng.choice([56, 60, 60, 59])
                seq = rng.randrange(3)
                made = [
                    self.sentence(2, 1, seq, payload[:cut], 0),
                    self.sentence(2, 2, seq, payload[cut:], 2),
                ]
                made = rng.choice([made] * 7 + [made[::-1], made[:1], made[1:]])
            elif chance < 0.95:
                made = [self.sentence(3, rng.randrange(1, 4), 1, self.payload(kinds, 20), 0)]
            else:
                odd = [b"# c", b"$GPGGA,1*00", b"!AIVDM,1,1,,A", b"\xff\xfe"]
                odd += [b"\\s:a*00\\!AIVDM,1,1,,A,15,0*00", b"!AIVDM,2,1,1,A,11111,0*00"]
                made = [rng.choice(odd)]
            times = [at, at, at * 1000, 7, "0123"]
            found += [
                _tagged(one, rng.choice(times)) if rng.random() < 0.8 else one for one in made
            ]
        return found


@pytest.mark.parametrize(("seed", "size"), [(1, 4_000_000), (2, 5_000), (3, 700)])
def test_equal_to_pyais_in_every_column_however_the_file_is_cut(
    tmp_path: Path, seed: int, size: int
) -> None:
    file = tmp_path / "noise.nmea"
    file.write_bytes(b"\n".join(_Noise(seed).lines(4_000)) + b"\n")
    found = ours(file, size)
    assert found.equals(by_pyais(file))
    # the fast way was taken: not all of it is refused
    assert found["refused"].null_count() > 1_000
    assert (found["refused"] == "joined").sum() > 300


@pytest.mark.parametrize("name", ["tag_blocked.nm4", "nmea_sample.txt"])
def test_equal_to_pyais_on_real_files(shared_dir: Path, name: str) -> None:
    file = shared_dir / "real" / "ais" / name
    assert ours(file).equals(by_pyais(file))


def test_times_beside_the_sentence_are_those_of_the_tag_block(shared_dir: Path) -> None:
    suffixed = ours(shared_dir / "cases" / "nmea_epoch_suffix.txt")
    assert suffixed.equals(ours(shared_dir / "cases" / "nmea_tag.txt"))
    # 2021-09-01 20:00 to 20:50 UTC
    assert suffixed["t"].to_list() == [1_630_526_400 + 600 * step for step in range(6)]


@pytest.mark.parametrize(
    ("before", "after", "t"),
    [
        ("2024-01-11T00:00:00Z ", "", 1_704_931_200),
        ("2024-01-11 08:00:00.250+08:00,", "", 1_704_931_200),
        ("1704931200;", "", 1_704_931_200),
        ("", " 1704931200", 1_704_931_200),
        ("", ",1704931200123,x", 1_704_931_200),
        ("2024-02-30T00:00:00Z ", "", None),
    ],
)
def test_a_time_before_or_after_a_sentence(
    tmp_path: Path, before: str, after: str, t: int | None
) -> None:
    file = tmp_path / "one.nmea"
    file.write_text(f"{before}!AIVDM,1,1,,A,13RlIW?04F1beOVEFLB9bRvH0L0L,0*6C{after}\n")
    assert ours(file)["t"].to_list() == [t]
