"""Start the Dagster UI and scheduler, and say where they are once they answer."""

from __future__ import annotations

import argparse
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from pipelines.operating.cli import FAILED
from pipelines.operating.running import fail_killed_runs, run_history

HOST = "127.0.0.1"
_READY_S = 300.0


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/server_info", timeout=2) as answer:  # noqa: S310
            return answer.status == 200
    except (OSError, urllib.error.URLError):
        return False


def port_problem(port: str) -> str | None:
    """What keeps a server of this machine from a port, in a sentence; None where nothing does."""
    if not port.isdecimal() or not 0 < int(port) < 65_536:
        return f"DPRK_UI_PORT is {port!r}; give a number from 1 to 65535"
    with socket.socket() as wanted:
        # what a server that ended just now leaves behind is in nobody's way
        wanted.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            wanted.bind((HOST, int(port)))
        except OSError as error:
            return (
                f"the UI cannot listen on {HOST}:{port} ({error.strerror}); end what does (another "
                "./run ui?), or set DPRK_UI_PORT to another port"
            )
    return None


def main(arguments: list[str]) -> int:
    """Run `dagster dev` until it is stopped; its processes end with this one."""
    parser = argparse.ArgumentParser(
        prog="./run ui",
        description=__doc__,
        epilog="DPRK_UI_PORT is the port (3000); what is not known here goes to `dagster dev`.",
    )
    arguments = parser.parse_known_args(arguments)[1]
    port = os.environ.get("DPRK_UI_PORT", "3000")
    problem = port_problem(port)
    if problem:
        print(problem)
        return FAILED
    address = f"http://{HOST}:{port}"
    with run_history(lambda sentence: print(f"warning: {sentence}")) as instance:
        for sentence in fail_killed_runs(instance):
            print(f"warning: {sentence}")
    # `dagster dev` still is the way to load a workspace file; its hint at a newer word is no
    # concern of whoever runs this
    environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
    command = [
        str(Path(sys.executable).with_name("dagster")), "dev", "-w", "workspace.yaml",
        "-h", HOST, "-p", port, "--log-level", "error", *arguments,
    ]  # fmt: skip
    with subprocess.Popen(command, env=environment, start_new_session=True) as server:  # noqa: S603

        def stop(*_: object) -> None:
            # the server's own children do not all go when it goes
            if server.poll() is None:
                os.killpg(server.pid, signal.SIGTERM)

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        print(f"starting the UI on {address} …", flush=True)
        began = time.monotonic()
        while server.poll() is None and not _answers(address):
            if time.monotonic() - began > _READY_S:
                print("the UI does not answer; its messages above say why", flush=True)
                break
            time.sleep(0.5)
        if server.poll() is None:
            print(f"the UI is ready: {address} (Ctrl-C ends it and the scheduler)", flush=True)
        return server.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
