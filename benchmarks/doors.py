"""Every door of the internet, on this machine: for trying whole runs on a network in trouble.

A proxy that the runs reach by HTTPS_PROXY alone. It ends the encryption with a certificate of its
own (SSL_CERT_FILE) and then answers, fails, hangs or drips, host by host. The answers are the
made-up samples of `benchmarks.connectors`: nothing that comes of such a run is an estimate.
"""

from __future__ import annotations

import contextlib
import shutil
import ssl
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from tests.fixtures.connectors import CONNECTORS

# whose door gives what a connector reads
HOSTS = {
    "comtradeapi.un.org": "comtrade, preview",
    "www.ecb.europa.eu": "ecb_fx",
    "thedocs.worldbank.org": "pink_sheet",
    "scsanctions.un.org": "un_sc",
    "raw.githubusercontent.com": "eu_prk",
    "webgate.ec.europa.eu": "eu_fsf",
    "sanctionslist.fcdo.gov.uk": "uk_sanctions",
    "data.opensanctions.org": "opensanctions",
    "sanctionslistservice.ofac.treas.gov": "ofac csv",
    "catalogue.dataspace.copernicus.eu": "sentinel1",
    "www.stats.gov.cn": "nbs_prices",
    "kosis.kr": "kosis_coal",
}
OTHER_HOSTS = ("www.worldbank.org", "www.cepii.fr", "gateway.api.globalfishingwatch.org",
               "api.so-gov.cn")  # fmt: skip
ANSWERS, FAILS, HANGS, DRIPS = "answers", "fails", "hangs", "drips"


@dataclass
class Doors:
    """What the doors do, and what was asked of them.

    Attributes:
        moods: host to what its door does; others do `mood`.
        asked: requests by host.
        environment: what a run needs to go through them.
    """

    mood: str = ANSWERS
    moods: dict[str, str] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)
    environment: dict[str, str] = field(default_factory=dict)
    _gone: threading.Event = field(default_factory=threading.Event)


def _certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for all the hosts, of an authority that ends with the benchmark."""
    key, certificate = folder / "doors.key", folder / "doors.pem"
    names = ",".join(f"DNS:{host}" for host in (*HOSTS, *OTHER_HOSTS))
    openssl = shutil.which("openssl") or sys.exit("openssl is not on the PATH")
    subprocess.run(  # noqa: S603
        [
            openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3650",
            "-keyout", str(key), "-out", str(certificate), "-subj", "/CN=doors of a benchmark",
            "-addext", f"subjectAltName={names}",
        ],
        check=True, capture_output=True,
    )  # fmt: skip
    return key, certificate


def _door(doors: Doors, host: str) -> type[BaseHTTPRequestHandler]:
    connector = next((one for one in CONNECTORS if one.name == HOSTS.get(host)), None)

    class Door(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

        def _answer(self) -> None:
            doors.asked[host] += 1
            mood = doors.moods.get(host, doors.mood)
            self.rfile.read(int(self.headers.get("Content-Length", "0")))
            if mood == HANGS:
                doors._gone.wait(900)
                return
            if mood == FAILS or connector is None:
                status = 500 if mood == FAILS else 404
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            parts = urlsplit(self.path)
            body, kind = connector.body(parts.path, dict(parse_qsl(parts.query)))
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if mood != DRIPS:
                self.wfile.write(body)
                return
            for at in range(len(body)):
                self.wfile.write(body[at : at + 1])
                self.wfile.flush()
                if doors._gone.wait(2.0):
                    return

        do_GET = do_POST = _answer

    return Door


@contextlib.contextmanager
def open_doors(folder: Path, moods: Mapping[str, str] | None = None) -> Generator[Doors]:
    """Doors for the time of the block; `environment` sends a run through them."""
    key, certificate = _certificate(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    doors = Doors(moods=dict(moods or {}))

    class Proxy(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

        def do_CONNECT(self) -> None:
            host = self.path.split(":")[0]
            self.send_response(200)
            self.end_headers()
            with contextlib.suppress(OSError):
                inside = context.wrap_socket(self.connection, server_side=True)
                _door(doors, host)(inside, self.client_address, self.server)
            self.close_connection = True

    with ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as server:
        server.daemon_threads = True
        address = f"http://127.0.0.1:{server.server_port}"
        doors.environment = {
            "HTTPS_PROXY": address,
            "SSL_CERT_FILE": str(certificate),
            "SSL_CERT_DIR": "",
            "NO_PROXY": "127.0.0.1,localhost",
        }
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield doors
        finally:
            doors._gone.set()
            server.shutdown()


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as scratch, open_doors(Path(scratch)) as opened:
        opened.mood = sys.argv[1] if len(sys.argv) > 1 else ANSWERS
        for name, value in opened.environment.items():
            print(f"export {name}={value}", flush=True)
        time.sleep(float(sys.argv[2]) if len(sys.argv) > 2 else 3600)
