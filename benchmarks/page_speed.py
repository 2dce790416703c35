"""Weight of each page, and when it shows its first words and its first chart on a slow phone.

    .venv/bin/python -m benchmarks.page_speed [FOLDER] [--slower 4]

Chromium's own clock, with its processor slowed down; pages are read from disk, so weight stands
for the network. A chart is the first `svg` or `canvas` that stands on the page with a size.
"""

from __future__ import annotations

import argparse
import os
import shutil
from pathlib import Path

from playwright.sync_api import sync_playwright
from rich.console import Console
from rich.table import Table

from pipelines.paths import published_dir

# runs before the page's own scripts and looks at every frame
WATCH = """
window.firstChart = null;
const look = () => {
    const chart = [...document.querySelectorAll('svg, canvas')].find((one) => {
        const box = one.getBoundingClientRect();
        const isDrawn = one.tagName === 'CANVAS' || one.querySelector('path, rect, circle');
        return box.width > 60 && box.height > 60 && isDrawn;
    });
    if (chart && window.firstChart === null) { window.firstChart = performance.now(); }
    if (window.firstChart === null) { requestAnimationFrame(look); }
};
requestAnimationFrame(look);
"""
TIMES = """() => ({
    words: performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null,
    chart: window.firstChart,
    whole: performance.getEntriesByType('navigation')[0].loadEventEnd,
})"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=published_dir())
    parser.add_argument("--slower", type=float, default=4.0, help="factor on the processor")
    parser.add_argument("--only", default="", help="pages whose name holds this")
    chosen = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    table = Table("page", "KB", "first words ms", "first chart ms", "all there ms")
    rows = []
    with sync_playwright() as driver:
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = driver.chromium.launch(executable_path=chromium, args=arguments)
        for path in sorted(chosen.folder.resolve().rglob("*.html")):
            if chosen.only not in path.name:
                continue
            page = browser.new_page(viewport={"width": 360, "height": 740})
            page.add_init_script(WATCH)
            session = page.context.new_cdp_session(page)
            session.send("Emulation.setCPUThrottlingRate", {"rate": chosen.slower})
            page.goto(path.as_uri(), wait_until="load")
            page.wait_for_timeout(300)
            told = page.evaluate(TIMES)
            rows.append((path, told))
            page.close()
        browser.close()
    for path, told in sorted(rows, key=lambda row: -row[1]["whole"]):
        table.add_row(
            str(path.relative_to(chosen.folder.resolve())),
            f"{path.stat().st_size / 1e3:,.0f}",
            *(
                "none" if told[k] is None else f"{told[k]:,.0f}"
                for k in ("words", "chart", "whole")
            ),
        )
    Console().print(table)


if __name__ == "__main__":
    main()
