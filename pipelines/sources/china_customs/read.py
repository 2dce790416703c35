"""China's customs query (stats.customs.gov.cn), as files that people export and drop.

The site answers no program, so nothing is fetched. The export does not say whether it lists
imports or exports: the file's name must (`import`/进口 or `export`/出口), unless a column does.
The English header names are those of the site's English pages as described in documents; the
Chinese ones were seen in other people's readers of such files.
"""

from __future__ import annotations

import re

import polars as pl

from pipelines.delimited import Delimited, read_delimited, separator_of
from pipelines.quarantine import SourceDrift, Split, refusals, split, wrong_columns
from pipelines.schemas.trade import StagedChinaCustoms
from pipelines.sources import cells
from pipelines.sources.recognise import first_line

SOURCE = "china_customs"
CONTRACT = StagedChinaCustoms
PROBED = "import"
LICENCE = "GACC statistics, public; cite the General Administration of Customs of China"
MAX_BYTES = 64 * 1024 * 1024
# the site exports this many rows of a query and drops the rest without a word
EXPORT_CAP = 10_000

_NAMES: dict[str, tuple[str, ...]] = {
    "month": ("数据年月", "月份", "date", "date of data", "month", "year month"),
    "hs_code": ("商品编码", "commodity code", "hs code"),
    "commodity_name": ("商品名称", "commodity"),
    "partner_code": ("贸易伙伴编码", "trading partner code", "partner code"),
    "partner_name": ("贸易伙伴名称", "trading partner", "partner"),
    "trade_mode_code": ("贸易方式编码", "trade mode code", "customs regime code"),
    "trade_mode": ("贸易方式名称", "trade mode", "customs regime"),
    "place_code": ("注册地编码", "location of importers & exporters code", "registered place code"),
    "registered_place": ("注册地名称", "location of importers & exporters", "registered place"),
    "quantity_1": ("第一数量", "quantity", "quantity 1", "primary quantity"),
    "unit_1": ("第一计量单位", "unit", "unit 1", "primary quantity unit"),
    "quantity_2": ("第二数量", "supplementary quantity", "quantity 2"),
    "unit_2": ("第二计量单位", "supplementary quantity unit", "supplementary unit", "unit 2"),
    "usd": ("美元", "美元值", "us dollar", "usd", "value (us dollar)"),
    "cny": ("人民币", "人民币值", "rmb", "cny", "value (rmb)"),
    "flow": ("进出口", "进出口标志", "贸易流向", "flow", "import/export"),
}
_OURS = {name: ours for ours, names in _NAMES.items() for name in names}
_TELLING = ("商品编码", "贸易伙伴", "commodity code", "trading partner")
_NEEDED = ("month", "hs_code", "partner_name", "quantity_1", "unit_1")
_TONNES_PER_UNIT = {
    "千克": 1e-3,
    "公斤": 1e-3,
    "kg": 1e-3,
    "kilogram": 1e-3,
    "kilograms": 1e-3,
    "kilogramme": 1e-3,
    "克": 1e-6,
    "吨": 1.0,
    "ton": 1.0,
    "tonne": 1.0,
    "metric ton": 1.0,
}
# exact names only: 韩国 and "Korea, Rep." are the other Korea
_PARTNER_NAMES = {
    "PRK": (
        "朝鲜",
        "朝鲜民主主义人民共和国",
        "korea, dpr",
        "korea,dpr",
        "korea dpr",
        "dpr korea",
        "d.p.r. korea",
        "north korea",
        "democratic people's republic of korea",
        "korea, dem. people's rep.",
    ),
    "KOR": (
        "韩国",
        "korea, rep.",
        "korea rep.",
        "korea,rep.",
        "republic of korea",
        "south korea",
    ),
    "RUS": ("俄罗斯", "俄罗斯联邦", "russia", "russian federation"),
    "MNG": ("蒙古", "mongolia"),
    "IDN": ("印度尼西亚", "indonesia"),
    "AUS": ("澳大利亚", "australia"),
    "VNM": ("越南", "vietnam"),
    "MYS": ("马来西亚", "malaysia"),
    "THA": ("泰国", "thailand"),
}
_PARTNERS = {name: code for code, names in _PARTNER_NAMES.items() for name in names}
_FLOWS = {"进口": "M", "import": "M", "imports": "M", "出口": "X", "export": "X", "exports": "X"}
_GROUPED = r"^\d{1,3}(,\d{3})+(\.\d+)?$|^\d+(\.\d+)?$"
_NONE = ("-", "--", "—", "－")


def flow_of_name(file: str) -> str | None:
    """M or X from a file's name; None when it says neither or both."""
    lowered = file.lower()
    found = {
        code
        for word, code in _FLOWS.items()
        if re.search(rf"(?<![a-z]){word}(?![a-z])" if word.isascii() else word, lowered)
    }
    return found.pop() if len(found) == 1 else None


def _header(found: list[str], file: str) -> list[str]:
    ours = [_OURS.get(name.strip().strip("\ufeff").lower(), "") for name in found]
    unknown = [
        name for name, mapped in zip(found, ours, strict=True) if not mapped and name.strip()
    ]
    missing = [_NAMES[name][0] for name in _NEEDED if name not in ours]
    if "usd" not in ours and "cny" not in ours:
        missing.append("美元 or 人民币")
    twice = sorted({name for name in ours if name and ours.count(name) > 1})
    wrong = wrong_columns(
        missing, [name[:40] for name in unknown], [_NAMES[name][0] for name in twice]
    )
    if wrong:
        hint = (
            " Tick 'by month' in the query, so that every row has its month."
            if "month" not in ours
            else ""
        )
        raise SourceDrift(
            f"{SOURCE}: {file}, line 1 (header): {wrong}. Found "
            f"{', '.join(name[:40] for name in found)}.{hint} Export again, or add the new column "
            "name to the contract."
        )
    # a trailing separator makes a nameless last column
    return [name or f"unnamed_{place}" for place, name in enumerate(ours)]


def _amount(column: str) -> cells.Cell:
    cell = pl.col(column)
    plain = cell.str.replace_all(",", "", literal=True)
    read = (
        pl.when(cell.is_in(list(_NONE)))
        .then(0.0)
        .when(cell.str.contains(_GROUPED))
        .then(plain.cast(pl.Float64, strict=False))
    )
    return cells.Cell(column, read, "a number such as 1,234.5, or - for none")


def _stop_at_decimal_commas(table: Delimited, file: str) -> None:
    """The site groups thousands by commas: beside decimal commas, 1,234 could be either."""
    found = table.rows.select(
        pl.any_horizontal(pl.col(r"^_\d+$").str.contains(r"^\d+,(\d{1,2}|\d{4,})$"))
        .fill_null(value=False)
        .arg_true()
        .first()
    ).item()
    if found is not None:
        raise SourceDrift(
            f"{SOURCE}: {file}, line {table.rows['line'][found]}: a number has a decimal comma, "
            "while the site groups thousands by commas; save the table with decimal points (R: "
            "write.csv, not write.csv2)"
        )


def parse(content: bytes, file: str) -> Split:
    """An exported CSV (Chinese or English header, UTF-8 or GB18030) to `StagedChinaCustoms`.

    `-` and 0 are declared zeros: customs says that nothing passed. They are kept as such
    (`is_declared_zero`); whether a zero is a measurement is for later tables to say.

    Args:
        content: bytes as dropped.
        file: its name; says import or export unless a column does.

    Returns:
        Split: `line` is the physical line. A quarantine row with line 0 warns that the export
        may be cut at the site's cap.

    Raises:
        SourceDrift: encoding, header, direction or unit of weight is not a known one.
    """
    if len(content) > MAX_BYTES:
        raise SourceDrift(f"{SOURCE}: {file} is larger than {MAX_BYTES} bytes; split the query")
    table = read_delimited(
        content,
        encodings=("utf-8-sig", "gb18030"),
        separator=separator_of(content),
        source=SOURCE,
        file=file,
    ).as_saved()
    _stop_at_decimal_commas(table, file)
    rows = table.named(_header(table.header, file))
    absent = [name for name in _NAMES if name not in rows.columns]
    rows = rows.with_columns(pl.lit(None, dtype=pl.String).alias(name) for name in absent)

    flow = flow_of_name(file)
    if "flow" in absent and flow is None:
        raise SourceDrift(
            f"{SOURCE}: {file}: neither the name nor a column says whether these are imports or "
            "exports; put 'import' (进口) or 'export' (出口) into the file's name"
        )
    currency = "CNY" if "usd" in absent else "USD"
    value = "cny" if currency == "CNY" else "usd"
    coal = pl.col("hs_code").str.contains(r"^270[1-4]")
    is_weighed = (
        coal & pl.col("quantity_1").is_not_null() & ~pl.col("quantity_1").is_in(list(_NONE))
    )
    cells.check_codes(
        rows.filter(is_weighed).with_columns(pl.col("unit_1").str.to_lowercase()),
        "unit_1",
        tuple(_TONNES_PER_UNIT),
        source=SOURCE,
        file=file,
    )
    start = pl.when(pl.col("month").str.contains(r"^(19|20)\d{4}$")).then(
        (pl.col("month") + "01").str.to_date("%Y%m%d", strict=False)
    )
    typed, unreadable = cells.read_cells(
        rows,
        {
            "period_start_on": cells.Cell("month", start, "a month as YYYYMM"),
            "hs_code": cells.text("hs_code", pl.String()),
            "commodity_name": cells.text("commodity_name", pl.String()),
            "partner_code": cells.text("partner_code", pl.String()),
            "partner_name": cells.text("partner_name", pl.String()),
            "trade_mode": cells.text("trade_mode", pl.String()),
            "registered_place": cells.text("registered_place", pl.String()),
            "quantity_1": _amount("quantity_1"),
            "unit_1": cells.text("unit_1", pl.String()),
            "quantity_2": _amount("quantity_2"),
            "unit_2": cells.text("unit_2", pl.String()),
            "value": _amount(value),
            "flow": cells.Cell(
                "flow",
                pl.col("flow").str.to_lowercase().replace_strict(_FLOWS, default=None),
                "进口 or 出口",
            ),
        },
        source=SOURCE,
        file=file,
    )

    def tonnes(quantity: str, unit: str) -> pl.Expr:
        factor = (
            pl.col(unit)
            .str.to_lowercase()
            .replace_strict(_TONNES_PER_UNIT, default=None, return_dtype=pl.Float64)
        )
        return pl.col(quantity) * factor

    staged = typed.with_columns(
        flow_code=pl.col("flow").fill_null(pl.lit(flow, dtype=pl.String)),
        period_end_on=pl.col("period_start_on").dt.month_end(),
        partner_iso3=pl.col("partner_name")
        .str.to_lowercase()
        .replace_strict(_PARTNERS, default=None, return_dtype=pl.String),
        quantity_t=tonnes("quantity_1", "unit_1"),
        quantity_2_t=tonnes("quantity_2", "unit_2"),
        currency=pl.lit(currency),
        is_declared_zero=(pl.col("value") == 0) & (pl.col("quantity_1").fill_null(0.0) == 0),
    ).select(list(StagedChinaCustoms.to_schema().columns))
    staged, copies = cells.without_copies(
        staged, list(StagedChinaCustoms.to_schema().unique or []), source=SOURCE, file=file
    )
    refused = [table.quarantined, unreadable, copies]
    checked = split(staged, StagedChinaCustoms, source=SOURCE, file=file)
    if table.rows_in >= EXPORT_CAP:
        refused.append(
            refusals(
                pl.DataFrame({"line": [0]}),
                source=SOURCE,
                file=file,
                column="(file)",
                value=pl.lit(str(table.rows_in)),
                rule="export_cap",
                why=f"the site exports at most {EXPORT_CAP} rows: rows may be missing; export "
                "fewer months or partners at a time",
            )
        )
    return cells.joined(checked.kept, [*refused, checked.quarantined], table.rows_in)


def recognise(head: bytes) -> bool:
    """By the names of its columns; another customs database has a reporter too."""
    line = first_line(head).lower()
    return any(word in line for word in _TELLING) and "reporter" not in line
