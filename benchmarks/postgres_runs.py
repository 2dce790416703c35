"""Does the record of runs stand in Postgres, and stay small? `python -m benchmarks.postgres_runs`.

    pip install -r deploy/requirements-postgres.txt

Starts a Postgres of its own (Debian's `postgresql`, as the user `postgres`, in a folder that is
gone afterwards), points `deploy/dagster.yaml` at it, runs the weekly job five times on a fresh data
folder with DPRK_KEEP_RUNS=2, kills a sixth, and prints what the database then holds.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import yaml

from pipelines.paths import REPOSITORY

SERVER = Path("/usr/lib/postgresql")
QUESTIONS = {
    "runs kept of five that ended": "select count(*) from runs where status = 'SUCCESS'",
    "killed runs known as failed": "select count(*) from runs where status = 'FAILURE'",
    "runs still under way": "select count(*) from runs where status not in ('SUCCESS', 'FAILURE')",
    "runs that events speak of": "select count(distinct run_id) from event_logs",
    "assets known": "select count(*) from asset_keys",
    "size of the database, MB": "select pg_database_size(current_database()) / 1000000",
}


def _as_postgres(*command: str | Path) -> str:
    done = subprocess.run(  # noqa: S603
        [str(shutil.which("runuser")), "-u", "postgres", "--", *map(str, command)],
        cwd="/", capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout.strip()


def _weekly(environment: dict[str, str]) -> list[str]:
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "pipelines.operating.cli", "weekly_sources"],
        cwd=REPOSITORY, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        check=True,
    ).stdout.splitlines()  # fmt: skip


def _killed(environment: dict[str, str], ask: Sequence[str | Path]) -> None:
    """Begin the job and kill it once Postgres says that it runs."""
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "pipelines.operating.cli", "weekly_sources"],
        cwd=REPOSITORY, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:  # fmt: skip
        while process.poll() is None and _as_postgres(
            *ask, "select count(*) from runs where status = 'STARTED'"
        ) in ("", "0"):
            time.sleep(0.2)
        os.killpg(process.pid, signal.SIGKILL)


def main() -> None:
    """Start, run, count, end."""
    tools = sorted(SERVER.glob("*/bin"))[-1]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="dprk-postgres-") as scratch:
        root = Path(scratch)
        root.chmod(0o755)
        folder = root / "server"
        folder.mkdir()
        shutil.chown(folder, "postgres", "postgres")
        _as_postgres(tools / "initdb", "-D", folder / "data", "-A", "trust", "-E", "UTF8")
        settings = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1"
        control = (tools / "pg_ctl", "-D", folder / "data", "-l", folder / "log", "-w")
        _as_postgres(*control, "-o", settings, "start")
        at = ("-h", folder, "-p", str(port))
        try:
            _as_postgres(tools / "createdb", *at, "runs")
            told = yaml.safe_load((REPOSITORY / "deploy" / "dagster.yaml").read_text())
            told["storage"]["postgres"]["postgres_db"]["port"] = port
            (root / "home").mkdir()
            (root / "home" / "dagster.yaml").write_text(yaml.safe_dump(told))
            environment = {
                **os.environ,
                "DPRK_DATA_DIR": str(root / "data"),
                "DPRK_KEEP_RUNS": "2",
                "DAGSTER_HOME": str(root / "home"),
                "DAGSTER_PG_HOST": "127.0.0.1",
                "DAGSTER_PG_USER": "postgres",
                "DAGSTER_PG_PASSWORD": "",
                "DAGSTER_PG_DB": "runs",
            }
            ask = (tools / "psql", *at, "-d", "runs", "-A", "-t", "-c")
            for number in range(5):
                if number == 4:
                    _killed(environment, ask)
                said = _weekly(environment)
                size = _as_postgres(*ask, QUESTIONS["size of the database, MB"])
                print(f"run {number + 1}: {said[-1]}; {size} MB", file=sys.stderr, flush=True)
            warned = [line for line in said if "was killed" in line]
            print("| what | count |\n|---|--:|")
            for what, sql in QUESTIONS.items():
                print(f"| {what} | {_as_postgres(*ask, sql)} |")
            print(f"| what the run after the killed one said | {' '.join(warned)} |")
        finally:
            _as_postgres(*control, "-m", "immediate", "stop")


if __name__ == "__main__":
    main()
