"""One click in the Dagster UI runs a job to its end, and one that fails says why."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from pipelines.paths import REPOSITORY

# the smallest of the project's own jobs that writes: seconds, and no network unless asked for
JOB = "weekly_sources"
# a busy machine is slow, not wrong
WAIT_MS = 240_000
LONGEST_S = 420


@dataclass(frozen=True)
class Ui:
    """A running UI and the data folder under it."""

    address: str
    data: Path


@pytest.fixture(scope="module")
def ui(tmp_path_factory: pytest.TempPathFactory, browser) -> Iterator[Ui]:
    """`./run ui` on a fresh folder, a free port and a run history of its own."""
    root = tmp_path_factory.mktemp("ui")
    (root / "home").mkdir()
    shutil.copy(REPOSITORY / "dagster.yaml", root / "home")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    spared = {name: value for name, value in os.environ.items() if not name.startswith("DPRK_")}
    environment = spared | {
        "DPRK_DATA_DIR": str(root / "data"),
        "DPRK_UI_PORT": str(port),
        "DAGSTER_HOME": str(root / "home"),
    }
    with subprocess.Popen(
        [sys.executable, "-u", "-m", "pipelines.operating.ui"],
        cwd=REPOSITORY, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, start_new_session=True,
    ) as server:  # fmt: skip
        assert server.stdout
        # whatever happens ends here, servers under it included: a test must not wait for ever
        watch = threading.Timer(LONGEST_S, os.killpg, (server.pid, signal.SIGKILL))
        watch.start()
        said = []
        for line in server.stdout:
            said.append(line)
            if "the UI is ready" in line:
                break
        assert server.poll() is None, "".join(said)
        yield Ui(f"http://127.0.0.1:{port}", root / "data")
        watch.cancel()
        server.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(timeout=60)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGKILL)


@pytest.fixture
def page(browser, ui) -> Iterator[Page]:
    opened = browser.new_page(viewport={"width": 1400, "height": 900})
    opened.set_default_timeout(WAIT_MS)
    yield opened
    opened.close()


def click(page: Page, ui: Ui) -> None:
    """The job's page, its one button, and the page of the run that it starts."""
    page.goto(f"{ui.address}/locations/dprk_revenue/jobs/{JOB}")
    with page.expect_response(
        lambda one: "mutation Launch" in (one.request.post_data or ""), timeout=WAIT_MS
    ) as launched:
        page.get_by_role("button", name="Materialize all").click()
    run = re.search(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", launched.value.text())
    assert run, launched.value.text()[:500]
    page.goto(f"{ui.address}/runs/{run[0]}")


def test_one_click_runs_a_job_to_its_end(page: Page, ui: Ui) -> None:
    click(page, ui)
    expect(page.get_by_text("Success", exact=True).first).to_be_visible(timeout=WAIT_MS)
    assert (ui.data / "work.duckdb").exists()


def test_a_failed_run_shows_the_sentence_first(page: Page, ui: Ui) -> None:
    landing = ui.data / "landing"
    shutil.rmtree(landing, ignore_errors=True)
    landing.write_text("a file where a folder is wanted")
    click(page, ui)
    expect(page.get_by_text("Failure", exact=True).first).to_be_visible(timeout=WAIT_MS)
    told = page.get_by_text("landing is a file where a folder is wanted; move it away").first
    expect(told).to_be_visible(timeout=WAIT_MS)
    expect(page.get_by_text("Traceback")).to_have_count(0)
