"""Debian's Chromium for the tests, and the release whose pages they look at."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

# the one without windows spends half the time on the same pages
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
CHROMIUM = next((path for name in NAMES if (path := shutil.which(name))), None)


# one browser a module: its event loop must not outlive it into tests that run loops of their own
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The system's browser, with nothing downloaded."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on the PATH; install your system's chromium package")
    # a container's root has no sandbox to drop into
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def release(request: pytest.FixtureRequest) -> Path:
    """The release to look at: that of `DPRK_BROWSER_RELEASE`, else the tests' own rough run."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on the PATH; install your system's chromium package")
    chosen = os.environ.get("DPRK_BROWSER_RELEASE")
    if chosen:
        return Path(chosen).resolve()
    return request.getfixturevalue("workshop").published.resolve()
