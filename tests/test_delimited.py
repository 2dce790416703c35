"""One reader of delimited text: what is counted in the bytes is what is kept and refused."""

from __future__ import annotations

import csv
import datetime as dt
import io

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines import delimited
from pipelines.delimited import Delimited, count_lines, read_delimited, separator_of
from pipelines.quarantine import SourceDrift, Split
from pipelines.sources.baci.read import parse_baci
from pipelines.sources.comtrade.read import parse_comtrade_bulk
from pipelines.sources.ofac.csv_read import parse_csv_set
from tests.fixtures.samples import BACI_NAME, COMTRADE_ROW
from tests.sources.test_figures import GOOD as FIGURE
from tests.sources.test_figures import parse_bytes as parse_figures


def read(text: str | bytes, **how) -> Delimited:
    content = text.encode() if isinstance(text, str) else text
    return read_delimited(content, source="s", file="f", **how)


def told(table: Delimited | Split) -> list[tuple[int, str]]:
    return table.quarantined.select("line", "rule").rows()


GOOD = "7,8\n" * 3


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("a,b\n1,2\n\n3,4\n", [(2, "1", "2"), (4, "3", "4")]),
        ("\na,b\n \n1,2", [(4, "1", "2")]),
        ("a,b\r\n1,2\r\n3,4", [(2, "1", "2"), (3, "3", "4")]),
        ("a,b\r1,2\r3,4\r", [(2, "1", "2"), (3, "3", "4")]),
        ('a,b\n"x,y",2\n3,4', [(2, "x,y", "2"), (3, "3", "4")]),
        ("\ufeffa,b\n1,2", [(2, "1", "2")]),
        ('\ufeffa,"b"\n1,2', [(2, "1", "2")]),
        ("a,b\n1,\n", [(2, "1", None)]),
        ('a,b\n"say ""no""",\u00a02 \n', [(2, 'say "no"', "2")]),
        # a cell over three lines of which one is blank: the next row begins on line 5
        ('a,b\n1,"x\n\ny"\n3,4\n', [(2, "1", "x\n\ny"), (5, "3", "4")]),
        ('a,b\r\n"p\r\nq",2\r\n\r\n"3",4\r\n', [(2, "p\r\nq", "2"), (5, "3", "4")]),
        ("a,b\n1,2\n\x1a", [(2, "1", "2")]),
        ("a,b\n", []),
    ],
)
def test_rows_carry_the_line_they_begin_on(text, rows):
    table = read(text)
    assert table.header == ["a", "b"]
    assert table.rows.rows() == rows
    assert table.rows_in == len(rows)
    assert table.quarantined.height == 0


@pytest.mark.parametrize(
    ("damage", "refused"),
    [
        ("1", [(2, "cells_per_row")]),
        ("1,2,3", [(2, "cells_per_row")]),
        ('"1,2,3",4,5', [(2, "cells_per_row")]),
        ('"1,2', [(2, "stray_quote")]),
        ('1,"2', [(2, "stray_quote")]),
        ('1,2"', [(2, "stray_quote")]),
        ('1,5" pipe', [(2, "stray_quote")]),
        ('1,a"b"c', [(2, "stray_quote")]),
        ('1,"2"3', [(2, "stray_quote")]),
        # the second mark would close the cell after it took in a whole row
        ('1,"2\n3,4\n5"', [(2, "stray_quote"), (4, "stray_quote")]),
        # closed on the next line, where something follows it
        ('1,"2\n5,"6"', [(2, "stray_quote")]),
        # closed, but the record has three cells
        ('1,"2\nx",3', [(2, "stray_quote"), (3, "stray_quote")]),
        ("1,\0", [(2, "zero_byte")]),
        ("1\r2", [(2, "cells_per_row"), (3, "cells_per_row")]),
    ],
)
def test_a_damaged_line_is_refused_alone(damage, refused):
    table = read(f"a,b\n{damage}\n{GOOD}")
    after = count_lines(damage.encode())
    last = table.rows["line"].to_list()[-3:]
    assert last == [after + 2, after + 3, after + 4]
    assert told(table) == refused
    assert table.rows_in == table.rows.height + len(refused)
    assert table.rows_in == after + 3
    reasons = table.quarantined["reason"].to_list()
    assert all("quote" in one or "zero byte" in one or "cells" in one for one in reasons)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "f is empty"),
        (b"\n \n", "f is empty"),
        (b'"a,b\n1,2\n', r"line 1 \(header\): not readable as CSV"),
        (b'a,b\n1,2\n3,4\n5,"6', "line 4: the file ends inside a quoted cell"),
        (b"a,b\n1,2,3\n", "line 2: the row has 3 cells where 2 are expected.* 1 of 1 rows"),
        (b"a,b\n1,2\n\xff,3\n", r"line 3: not UTF-8 \(byte 0xff\)"),
        ("a,b\n1,2\n".encode("utf-16"), "UTF-16"),
    ],
)
def test_a_file_that_cannot_be_read_says_where(content, message):
    with pytest.raises(SourceDrift, match=message):
        read(content)


def test_a_cell_too_many_lines_long_is_a_stray_quote():
    long = "x\n" * delimited.MOST_LINES
    table = read(f'a,b\n1,"{long}"\n' + "7,8\n" * 500)
    assert table.quarantined["rule"][0] == "stray_quote"
    assert table.rows.height == 500


def test_separators_encodings_and_names():
    assert separator_of("\ufeffa;b,c;d\n1,2,3,4".encode()) == ";"
    assert separator_of(b"a\tb\r1,1,1") == "\t"
    table = read("п;б\nж;ы\n".encode("cp1251"), separator=";", encodings=("utf-8-sig", "cp1251"))
    assert table.named().rows() == [(2, "ж", "ы")]
    bare = read("1,-0- \n\n2, x \n", names=["a", "b"], null=r"^\s*(?:-0-)?\s*$")
    assert bare.named().rows() == [(1, "1", None), (3, "2", " x ")]
    with pytest.raises(SourceDrift, match="given twice or reserved: 'a'"):
        read("a,a\n1,2\n").named()


def test_row_numbers_of_pandas_are_no_column():
    saved = read(",q,v\n0,NA,1\n1,2,NaN\n").as_saved()
    assert saved.named().rows() == [(2, None, "1"), (3, "2", None)]


@pytest.mark.parametrize("lost", [b"a,b\n1,2\n3,4\n", b'a,b\n1,2\n"3",4\n5\n7,8\n'])
def test_a_parser_that_loses_a_row_stops_the_file(monkeypatch, lost):
    whole = delimited._parsed
    monkeypatch.setattr(delimited, "_parsed", lambda *given, **how: whole(*given, **how)[1:])
    with pytest.raises(SourceDrift, match=r"a row was lost, so none is used"):
        read(lost)


def test_a_line_that_no_row_accounts_for_stops_the_file(monkeypatch):
    monkeypatch.setattr(delimited, "count_lines", lambda content: count_lines(content) + 1)
    with pytest.raises(SourceDrift, match="f has 4 lines and its rows account for 3"):
        read('a,b\n"1",2\n3,4\n')


CELLS = st.text(st.sampled_from('ab ,;"\n\r\u00e9\u2028\x0b'), max_size=6)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.lists(CELLS, min_size=8, max_size=8), max_size=8), st.sampled_from(["\n", "\r\n"])
)
def test_what_a_writer_quotes_is_read_back(rows, end):
    out = io.StringIO(newline="")
    header = [f"column {number}" for number in range(8)]
    csv.writer(out, lineterminator=end, quoting=csv.QUOTE_ALL).writerows([header, *rows])
    table = read(out.getvalue(), null="^$")
    found = [[cell or "" for cell in row] for row in table.rows.drop("line").rows()]
    assert found == rows


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from('ab,"\n\r\0 '), max_size=60))
def test_every_line_ends_in_a_row_or_a_refusal(text):
    good = "7,8\n" * 40
    table = read(f"a,b\n{good}{text}\n{good}")
    assert table.rows_in == table.rows.height + table.quarantined.height
    assert {*range(2, 42)} <= {*table.rows["line"]}
    lines = [*table.rows["line"], *table.quarantined["line"]]
    assert len(lines) == len(set(lines))


# --- the same of a trade file, a list and a table of figures: six rows, the third one damaged


def _comtrade(number: int, text: str) -> str:
    cells = {**COMTRADE_ROW, "reporterCode": number, "reporterDesc": text}
    return ",".join("" if one is None else str(one) for one in cells.values())


def _party(number: int, text: str) -> str:
    return f'{number},"NAME {number}",-0- ,"DPRK",{text},-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,"none"'


def _figure(number: int, text: str) -> str:
    return ",".join({**FIGURE, "observation_id": f"coal-{number}", "locator": text}.values())


AT = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
FORMATS = {
    "trade": (
        [",".join(COMTRADE_ROW)],
        _comtrade,
        lambda content: parse_comtrade_bulk(content, file="f"),
    ),
    "list": (
        [],
        _party,
        lambda content: parse_csv_set(content, retrieved_at=AT).splits["ofac_sdn"],
    ),
    "figures": ([",".join(FIGURE)], _figure, parse_figures),
}


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize(
    ("text", "end", "kept", "refused"),
    [
        ("x", "\n", [1, 2, 3, 4, 5, 6], []),
        ("x", "\r\n", [1, 2, 3, 4, 5, 6], []),
        ("x", "\r", [1, 2, 3, 4, 5, 6], []),
        ("x", "\n\n", [1, 3, 5, 7, 9, 11], []),
        ('"x\ny"', "\n", [1, 2, 3, 5, 6, 7], []),
        ('"x\n\ny, z"', "\n", [1, 2, 3, 6, 7, 8], []),
        ('x"y', "\n", [1, 2, 4, 5, 6], [(3, "stray_quote")]),
        ('"x', "\n", [1, 2, 4, 5, 6], [(3, "stray_quote")]),
        ('"x"y', "\r", [1, 2, 4, 5, 6], [(3, "stray_quote")]),
        ("x,y", "\n", [1, 2, 4, 5, 6], [(3, "cells_per_row")]),
        ("x\0y", "\n", [1, 2, 4, 5, 6], [(3, "zero_byte")]),
        ("x\ny", "\n", [1, 2, 5, 6, 7], [(3, "cells_per_row"), (4, "cells_per_row")]),
    ],
)
def test_a_damaged_row_of_every_kind_of_file_is_refused_by_its_line(form, text, end, kept, refused):
    header, line, parse = FORMATS[form]
    lines = [*header, *(line(number, text if number == 3 else "w") for number in range(1, 7))]
    split = parse((end.join(lines) + end).encode())
    # a header and what ends it come first
    before = len(header) * count_lines(end.encode())
    assert split.kept["line"].to_list() == [before + one for one in kept]
    assert split.quarantined.select("line", "rule").rows() == [
        (before + one, rule) for one, rule in refused
    ]
    assert split.rows_in == len(kept) + len(refused)


def test_a_stray_quote_takes_one_row_of_baci():
    lines = [f"2016,{number},156,270111,1,1" for number in range(1, 901)]
    lines[498] = '2016,"499,156,270111,1,1'
    content = "\n".join(["t,i,j,k,v,q", *lines, ""]).encode()
    split, _ = parse_baci(content, file=BACI_NAME)
    assert (split.rows_in, split.kept.height) == (900, 899)
    assert told(split) == [(500, "stray_quote")]
    assert split.kept.filter(pl.col("line") == 901)["exporter_code"].item() == 900


@pytest.mark.parametrize("pad", [" ", "\t", "\x0b", "\u00a0", "\u3000"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_cells_are_trimmed_wherever_the_padding_stands(pad, end):
    for cells in ([pad + "1", "2"], ["1" + pad, "2"], ["1", pad + "2"], ["1", "2" + pad]):
        table = read(f"a,b{end}{','.join(cells)}{end}3,{pad}{end}")
        assert table.rows.rows() == [(2, "1", "2"), (3, "3", None)]
