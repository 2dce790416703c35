"""What each connector does when its server misbehaves: `python -m benchmarks.connectors`.

Every connector is run against a web server on this machine that speaks the source's own format
and then makes trouble: too many requests, server errors, cut-off bodies, wrong types, redirects,
slow drips. The table shows what came of it: rows read, or the named error. A connector joins by
adding itself to `CONNECTORS`.
"""

from __future__ import annotations

import argparse
import datetime as dt
import hashlib
import io
import json
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from pipelines.quarantine import SourceDrift, Split
from pipelines.shipping.decode.gfw import parse_gfw_events
from pipelines.sources.baci import read as baci
from pipelines.sources.comtrade import read as comtrade
from pipelines.sources.ecb_fx import read as ecb
from pipelines.sources.eu_fsf import read as eu_fsf
from pipelines.sources.eu_prk import read as eu
from pipelines.sources.folders import HERE
from pipelines.sources.gfw import read as gfw
from pipelines.sources.gfw_sar import read as sar
from pipelines.sources.http import Answer, Fetcher, Limits, SourceUnavailable
from pipelines.sources.kosis_coal import read as kosis
from pipelines.sources.nbs_prices import read as nbs
from pipelines.sources.ofac import csv_read as ofac
from pipelines.sources.ofac import xml_read as ofac_xml
from pipelines.sources.opensanctions import read as opensanctions
from pipelines.sources.pink_sheet import read as pink_sheet
from pipelines.sources.sentinel1 import read as sentinel1
from pipelines.sources.uk_sanctions import read as uk_sanctions
from pipelines.sources.un_sc import read as un_sc
from tests.fixtures import listing_samples, samples
from tests.fixtures.source_server import Query, Trouble, serving

KEY = "a-key-that-must-not-show"


@dataclass(frozen=True)
class Connector:
    """One source's way of fetching and reading.

    Attributes:
        name: name of the source.
        body: what a healthy server answers: (path, query) to (bytes, content type).
        fetch: (fetcher, server address, limits, etag) to the answers.
        parse: one answer's bytes to rows.
        needs_length: the format has no end mark of its own.
    """

    name: str
    body: Callable[[str, Query], tuple[bytes, str]]
    fetch: Callable[[Fetcher, str, Limits, str | None], list[Answer]]
    parse: Callable[[bytes], Split]
    needs_length: bool = False


_KOSIS_ANSWER = json.dumps(
    [
        {"TBL_ID": "DT_1ZGA61", "TBL_NM": "석탄 생산량", "C1_NM": "북한", "ITM_NM": "생산량",
         "UNIT_NM": "천톤", "PRD_DE": "2017", "DT": "21660"}
    ]
).encode()  # fmt: skip


def sample_of(source: str) -> bytes:
    """The made-up answer in a source's own folder."""
    (file,) = (HERE / source).glob("sample.*")
    return file.read_bytes()


def _comtrade_body(path: str, query: Query) -> tuple[bytes, str]:
    """700 rows for two months: the keyless cap of 500 cuts them off without a word."""
    rows = [
        {
            "freqCode": "M",
            "period": period,
            "refMonth": int(period[4:]),
            "reporterCode": code,
            "reporterISO": None,
        }
        for period in query.get("period", "201601").split(",")
        for code in range(1, 351)
    ]
    return samples.comtrade_json(rows[: int(query.get("maxRecords", "500"))]), "application/json"


_BACI_ZIP = "BACI_HS92_V202401.zip"


def _baci_zip() -> bytes:
    year = samples.baci_csv(f"2016,408,{code},270111,1.5,    NA" for code in range(1, 201))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(samples.BACI_NAME, year)
        archive.writestr("country_codes_V202401.csv", "country_code,country_name\n")
    return out.getvalue()


def _comtrade_fetch(
    fetcher: Fetcher, url: str, limits: Limits, etag: str | None, key: str | None
) -> list[Answer]:
    asked = comtrade.Query("M", ("201601", "201602"), ("2701",), ("M",))
    if etag is not None:
        # answers are kept by question and age; there is nothing to revalidate
        return []
    found = comtrade.fetch_comtrade(fetcher, asked, key=key, base_url=url, limits=limits)
    return [one.answer for one in found]


CONNECTORS: list[Connector] = [
    Connector(
        "comtrade, preview",
        _comtrade_body,
        lambda fetcher, url, limits, etag: _comtrade_fetch(fetcher, url, limits, etag, None),
        lambda content: comtrade.parse_comtrade(content, file="answer.json"),
    ),
    Connector(
        "comtrade, with a key",
        _comtrade_body,
        lambda fetcher, url, limits, etag: _comtrade_fetch(fetcher, url, limits, etag, KEY),
        lambda content: comtrade.parse_comtrade(content, file="answer.json"),
    ),
    Connector(
        "pink_sheet",
        lambda path, query: (samples.pink_sheet_xlsx(), pink_sheet.LIMITS.content_types[0]),
        lambda fetcher, url, limits, etag: [
            pink_sheet.fetch_pink_sheet(fetcher, url=f"{url}/cmo.xlsx", limits=limits, etag=etag)
        ],
        lambda content: pink_sheet.parse_pink_sheet(content, file="cmo.xlsx"),
    ),
    Connector(
        "baci",
        lambda path, query: (_baci_zip(), "application/zip"),
        lambda fetcher, url, limits, etag: [
            baci.fetch_baci(fetcher, _BACI_ZIP, base_url=url, limits=limits, etag=etag)
        ],
        lambda content: baci.parse_baci_file(content, file=_BACI_ZIP, party=408),
        needs_length=True,
    ),
    Connector(
        "ecb_fx",
        lambda path, query: (samples.ecb_zip(), "application/zip"),
        lambda fetcher, url, limits, etag: [
            ecb.fetch_ecb(fetcher, url=f"{url}/eurofxref-hist.zip", limits=limits, etag=etag)
        ],
        lambda content: ecb.parse_ecb(content, file="eurofxref-hist.zip"),
    ),
]


_AT = dt.datetime(2026, 11, 24, tzinfo=dt.UTC)


def _opensanctions_body(path: str, query: Query) -> tuple[bytes, str]:
    checksum = hashlib.sha1(listing_samples.ENTITIES, usedforsecurity=False).hexdigest()
    index = {"resources": [{"name": "entities.ftm.json", "checksum": checksum}]}
    is_index = path.endswith("/index.json")
    return json.dumps(index).encode() if is_index else listing_samples.ENTITIES, "application/json"


def _gfw_events_body(path: str, query: Query) -> tuple[bytes, str]:
    start = int(query.get("offset", "0"))
    entries = [
        {
            "id": f"{start + number:032x}",
            "type": "port_visit",
            "start": "2024-03-01T04:00:00.000Z",
            "end": "" if number % 7 == 0 else "2024-03-01T20:00:00.000Z",
            "position": {"lat": 38.7, "lon": "125.4"},
            "vessel": {
                "id": f"v{start + number}",
                "ssvid": str(445_000_000 + number),
                "flag": "PRK",
            },
            "port_visit": {"visitId": "a", "confidence": "4", "durationHrs": 16},
        }
        for number in range(1_000 if start == 0 else 10)
    ]
    page = {
        "metadata": {"datasets": [one.replace(":latest", ":v4.0") for one in gfw.DATASETS]},
        "total": 1_010,
        "limit": 1_000,
        "offset": start,
        "nextOffset": 1_000 if start == 0 else None,
        "entries": entries,
    }
    return json.dumps(page).encode(), "application/json"


def _gfw_events(content: bytes) -> Split:
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        file.write(content)
        file.flush()
        try:
            split = parse_gfw_events(Path(file.name), file="events.json")
        except ValueError as error:
            raise SourceDrift(f"gfw: {error}") from error
    if split.kept["dataset"].null_count():
        raise SourceDrift("gfw: an answer does not name the data sets it is of")
    return split


CONNECTORS += [
    Connector(
        "ofac csv",
        lambda path, query: (listing_samples.sdn_set()["sdn"], "text/csv"),
        lambda fetcher, url, limits, etag: [
            ofac.fetch_file(
                fetcher, "SDN.CSV", source="ofac_sdn", base_url=f"{url}/", limits=limits, etag=etag
            )
        ],
        lambda content: ofac.parse_csv_set(content, retrieved_at=_AT).splits["ofac_sdn"],
        needs_length=True,
    ),
    Connector(
        "ofac advanced xml",
        lambda path, query: (listing_samples.ADVANCED_XML, "application/xml"),
        lambda fetcher, url, limits, etag: [
            ofac.fetch_file(
                fetcher,
                "SDN_ADVANCED.XML",
                source="ofac_sdn",
                base_url=f"{url}/",
                limits=limits,
                etag=etag,
            )
        ],
        lambda content: ofac_xml.parse_advanced(content, retrieved_at=_AT).splits["ofac_sdn"],
    ),
    Connector(
        "un_sc",
        lambda path, query: (listing_samples.UN_XML, "text/xml"),
        lambda fetcher, url, limits, etag: [
            un_sc.fetch(fetcher, url=f"{url}/consolidated.xml", limits=limits, etag=etag)
        ],
        lambda content: un_sc.parse(content, retrieved_at=_AT).splits["un_sc"],
    ),
    Connector(
        "eu_prk",
        lambda path, query: (listing_samples.eu_csv(eu.COLUMNS), "text/plain"),
        lambda fetcher, url, limits, etag: [
            eu.fetch(fetcher, url=f"{url}/32017R1509.csv", limits=limits, etag=etag)
        ],
        lambda content: eu.parse(content, retrieved_at=_AT).splits["eu_prk"],
        needs_length=True,
    ),
    Connector(
        "opensanctions",
        _opensanctions_body,
        lambda fetcher, url, limits, etag: [
            opensanctions.fetch(
                fetcher, opensanctions.DATASETS[0], base_url=url, limits=limits, etag=etag
            )
        ],
        lambda content: opensanctions.parse(content, retrieved_at=_AT, dataset="x").listing.splits[
            "opensanctions_x"
        ],
        needs_length=True,
    ),
]


CONNECTORS.append(
    Connector(
        "gfw events",
        _gfw_events_body,
        lambda fetcher, url, limits, etag: (
            # a day is asked as a whole; there is nothing to revalidate
            []
            if etag
            else list(
                gfw.fetch_events(fetcher, KEY, dt.date(2024, 3, 1), {}, base_url=url, limits=limits)
            )
        ),
        _gfw_events,
    )
)


_SAR_WINDOW = sar.window_of(sar.PROBED)
_SCENES_ASKED = sentinel1.Question("west", dt.date(2019, 3, 1), dt.date(2019, 3, 31))
CONNECTORS += [
    Connector(
        "gfw_sar",
        lambda path, query: (sample_of("gfw_sar"), "application/json"),
        lambda fetcher, url, limits, etag: (
            []
            if etag
            else [sar.fetch_report(fetcher, KEY, _SAR_WINDOW, base_url=url, limits=limits)]
        ),
        lambda content: sar.parse(content, sar.PROBED),
    ),
    Connector(
        "sentinel1",
        lambda path, query: (sample_of("sentinel1"), "application/json"),
        lambda fetcher, url, limits, etag: (
            []
            if etag
            else sentinel1.fetch_scenes(fetcher, _SCENES_ASKED, base_url=url, limits=limits)
        ),
        lambda content: sentinel1.parse(content, sentinel1.PROBED),
    ),
]

CONNECTORS += [
    Connector(
        "uk_sanctions",
        lambda path, query: (sample_of("uk_sanctions"), "text/csv"),
        lambda fetcher, url, limits, etag: [
            uk_sanctions.fetch(fetcher, url=f"{url}/UK.csv", limits=limits, etag=etag)
        ],
        lambda content: uk_sanctions.parse(content, retrieved_at=_AT).splits["uk_sanctions"],
        needs_length=True,
    ),
    Connector(
        "eu_fsf",
        lambda path, query: (sample_of("eu_fsf"), "text/xml"),
        lambda fetcher, url, limits, etag: [
            eu_fsf.fetch(fetcher, url=f"{url}/content", limits=limits, etag=etag)
        ],
        lambda content: eu_fsf.parse(content, retrieved_at=_AT).splits["eu_fsf"],
    ),
]
_NBS_PAGE = sample_of("nbs_prices")
CONNECTORS += [
    Connector(
        "nbs_prices",
        lambda path, query: (_NBS_PAGE, "text/html"),
        lambda fetcher, url, limits, etag: [
            fetcher.get(f"{url}/202606/t20260612_1.html", limits, source="nbs_prices", etag=etag)
        ],
        lambda content: nbs.parse(content, "t20260612_1.html"),
    ),
    Connector(
        "kosis_coal",
        lambda path, query: (_KOSIS_ANSWER, "application/json"),
        lambda fetcher, url, limits, etag: [
            kosis.fetch_output(fetcher, KEY, base_url=url, limits=limits, etag=etag)
        ],
        lambda content: kosis.parse(content, "kosis.json"),
    ),
]


def limits_for(connector: Connector) -> Limits:
    """Tight limits, so that trouble shows within seconds."""
    kind = connector.body("/", {})[1]
    return Limits(
        hosts=frozenset({"127.0.0.1", "localhost"}),
        content_types=(kind,),
        max_bytes=2_000_000,
        read_s=1.0,
        total_s=2.0,
        attempts=3,
        backoff_s=0.05,
        longest_wait_s=5.0,
        min_interval_s=0.0,
        needs_length=connector.needs_length,
    )


@dataclass(frozen=True)
class Result:
    """What one connector did in one kind of trouble."""

    said: str
    requests: int
    seconds: float
    detail: str = ""


def try_connector(connector: Connector, trouble: Trouble) -> Result:
    """Run one connector against one kind of trouble."""
    started = time.monotonic()
    detail = ""
    with serving(connector.body, trouble) as server:
        etag = '"v1"' if trouble is Trouble.NOT_MODIFIED else None
        try:
            answers = connector.fetch(Fetcher(), server.url, limits_for(connector), etag)
            fresh = [one for one in answers if not one.is_not_modified]
            rows = [connector.parse(one.content) for one in fresh]
            refused = sum(one.rows_quarantined for one in rows)
            said = (
                f"{sum(one.kept.height for one in rows)} rows"
                if rows
                else ("unchanged" if answers else "not asked")
            )
            if refused:
                said += f", {refused} refused"
        except (SourceUnavailable, SourceDrift) as error:
            said, detail = type(error).__name__, str(error)
        requests = server.count()
    if KEY in detail:
        raise AssertionError(f"{connector.name} shows its key: {detail}")
    return Result(said, requests, time.monotonic() - started, detail)


def main() -> int:
    """Print the table; exit 1 when anything but a named error came out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", action="store_true", help="print each error in full")
    chosen = parser.parse_args()
    table = Table(title="Connectors against a server in trouble: outcome (requests, seconds)")
    table.add_column("trouble", no_wrap=True)
    for connector in CONNECTORS:
        table.add_column(connector.name)
    messages: list[str] = []
    for trouble in Trouble:
        results = [try_connector(connector, trouble) for connector in CONNECTORS]
        table.add_row(
            trouble.value,
            *(f"{one.said} ({one.requests}, {one.seconds:.1f})" for one in results),
        )
        messages.extend(one.detail for one in results if one.detail)
    console = Console(width=max(160, 40 + 32 * len(CONNECTORS)))
    console.print(table)
    if chosen.messages:
        for message in messages:
            print(message)
    return 0


if __name__ == "__main__":
    sys.exit(main())
