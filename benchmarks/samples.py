"""Synthetic files in the sources' own formats, for tests and measurements; none is evidence."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable, Mapping

import openpyxl

COMTRADE_ROW: dict[str, object] = {
    "typeCode": "C",
    "freqCode": "A",
    "refPeriodId": 20160101,
    "refYear": 2016,
    "refMonth": 52,
    "period": "2016",
    "reporterCode": 156,
    "reporterISO": "CHN",
    "reporterDesc": "China",
    "flowCode": "M",
    "flowDesc": "Import",
    "partnerCode": 408,
    "partnerISO": "PRK",
    "partnerDesc": "Dem. People's Rep. of Korea",
    "partner2Code": 0,
    "partner2ISO": "W00",
    "partner2Desc": "World",
    "classificationCode": "H4",
    "classificationSearchCode": "HS",
    "isOriginalClassification": True,
    "cmdCode": "2701",
    "cmdDesc": "Coal",
    "aggrLevel": 4,
    "isLeaf": False,
    "customsCode": "C00",
    "customsDesc": "TOTAL CPC",
    "mosCode": "0",
    "motCode": 0,
    "motDesc": "TOTAL MOT",
    "qtyUnitCode": 8,
    "qtyUnitAbbr": "kg",
    "qty": 2_000_000.0,
    "isQtyEstimated": False,
    "altQtyUnitCode": -1,
    "altQtyUnitAbbr": "N/A",
    "altQty": None,
    "isAltQtyEstimated": False,
    "netWgt": 2_000_000.0,
    "isNetWgtEstimated": False,
    "grossWgt": None,
    "isGrossWgtEstimated": False,
    "cifvalue": 106_000.0,
    "fobvalue": None,
    "primaryValue": 106_000.0,
    "legacyEstimationFlag": 0,
    "isReported": True,
    "isAggregate": False,
}


def comtrade_json(rows: Iterable[Mapping[str, object]] = ({},)) -> bytes:
    """An answer of the API; each row states what differs from `COMTRADE_ROW`."""
    data = [{**COMTRADE_ROW, **row} for row in rows]
    return json.dumps(
        {"elapsedTime": "0.01 secs", "count": len(data), "data": data, "error": ""}
    ).encode()


CHINA_HEADER = (
    "数据年月,商品编码,商品名称,贸易伙伴编码,贸易伙伴名称,"
    "第一数量,第一计量单位,第二数量,第二计量单位,美元"
)
CHINA_ENGLISH_HEADER = (
    "Date,Commodity code,Commodity,Trading partner code,Trading partner,"
    "Quantity,Unit,Supplementary quantity,Supplementary unit,US dollar"
)


def china_customs_csv(
    lines: Iterable[str] = ('201608,27011100,无烟煤,109,朝鲜,"2,000,000\t",千克,-,-,"100,000"',),
    *,
    header: str = CHINA_HEADER,
    encoding: str = "gb18030",
) -> bytes:
    """A file as the customs site exports it."""
    return ("\r\n".join([header, *lines]) + "\r\n").encode(encoding)


BACI_NAME = "BACI_HS92_Y2016_V202401.csv"


def baci_csv(
    lines: Iterable[str] = (
        "2016,408,156,270111,100.0,   2000.5",
        "2016,408,842,270112,1.5,    NA",
    ),
) -> bytes:
    """A BACI year file, weights padded as in the original."""
    return ("\n".join(["t,i,j,k,v,q", *lines]) + "\n").encode()


def pink_sheet_xlsx(
    *,
    has_codes: bool = False,
    sheet: str = "Monthly Prices",
    unit: str = "($/mt)",
    names: tuple[str, ...] = ("Crude oil, Brent", "Coal, Australian", "Coal, South African **"),
    rows: Iterable[tuple[object, ...]] = (
        ("2016M01", 30.8, 49.02, 50.1),
        ("2016M02", 33.2, 50.9, "…"),
    ),
    updated: str = "June 02, 2016",
) -> bytes:
    """A workbook in either of the two layouts."""
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.title = sheet
    page.append(["World Bank Commodity Price Data (The Pink Sheet)"])
    page.append(["monthly prices in nominal US dollars, 1960 to present"])
    page.append([])
    page.append([f"Updated on {updated}"])
    page.append([None, *names])
    page.append([None, "($/bbl)", *[unit] * (len(names) - 1)])
    if has_codes:
        page.append([None, "CRUDE_BRENT", "COAL_AUS", "COAL_SAFRICA"][: len(names) + 1])
    for row in rows:
        page.append(list(row))
    book.create_sheet("Description")
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


ECB_HEADER = "Date,USD,JPY,CNY,HKD,KRW,RUB,"


def ecb_zip(
    lines: Iterable[str] = (
        "2022-03-02,1.1106,128.2,7.0,8.7,1340.0,N/A,",
        "2022-03-01,1.1162,128.4,7.1,8.7,1345.0,117.201,",
        "2022-02-28,1.1199,129.3,7.1,8.8,1346.0,115.4842,",
    ),
    *,
    header: str = ECB_HEADER,
    member: str = "eurofxref-hist.csv",
) -> bytes:
    """The ECB's zip of daily rates."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(member, "\n".join([header, *lines]) + "\n")
    return out.getvalue()
