"""One folder makes a stream: ledger, fit, draws, total, macros and report follow by themselves."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from pipelines.paths import REPOSITORY
from tests.workshop import AS_OF, ROUGH

TOY = Path(__file__).with_name("statues")
# whatever a run may read: all but the tests, the data and what stands hidden
PARTS = sorted(
    part.name
    for part in REPOSITORY.iterdir()
    if not part.name.startswith(".") and part.name not in ("tests", "benchmarks", "data")
)
# the main job of the copy, small in draws, in a process that knows no other code
RUN = f"""
import dagster as dg
from assets.definitions import defs
from assets.schedules import MAIN_JOB
from pipelines.inference import influence
influence._MOST_REFITS = 1
with dg.DagsterInstance.ephemeral() as instance:
    done = defs.resolve_job_def(MAIN_JOB).execute_in_process(
        instance=instance,
        raise_on_error=False,
        run_config={{
            "resources": {{
                "sampling": {{"config": {{"draws": 300, "as_of": "{AS_OF}", **{ROUGH}}}}}
            }},
            "loggers": {{"console": {{"config": {{"level": "ERROR"}}}}}},
        }},
    )
raise SystemExit(not done.success)
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the repository with one folder more, and what its main job made."""
    root = tmp_path_factory.mktemp("copy")
    for name in PARTS:
        here = REPOSITORY / name
        copy = shutil.copytree if here.is_dir() else shutil.copy2
        copy(here, root / name)
    shutil.copytree(TOY, root / "pipelines" / "streams" / TOY.name)
    done = subprocess.run(  # noqa: S603 (our own code)
        [sys.executable, "-c", RUN],
        cwd=root,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(root), "DPRK_DATA_DIR": str(root / "data"),
             "OPENBLAS_NUM_THREADS": "1", "HOME": str(root),
             # compiled in haste, and once: nothing here is sampled for long
             "XLA_FLAGS": os.environ["XLA_FLAGS"],
             "JAX_COMPILATION_CACHE_DIR": os.environ["JAX_COMPILATION_CACHE_DIR"]},
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-4_000:] + done.stderr[-4_000:]
    return root


@pytest.fixture(scope="module")
def reader(place: Path):
    with duckdb.connect(str(place / "data/published/dprk_revenue.duckdb"), read_only=True) as found:
        yield found


def test_one_folder_is_all_that_was_touched(place):
    theirs = {
        file.relative_to(place)
        for part in PARTS
        for file in ((place / part).rglob("*") if (place / part).is_dir() else [place / part])
        if file.is_file() and "__pycache__" not in file.parts
    }
    new = {Path(*file.parts[:3]) for file in theirs if not (REPOSITORY / file).exists()}
    assert new == {Path("pipelines/streams") / TOY.name}
    assert all((REPOSITORY / file).read_bytes() == (place / file).read_bytes()
               for file in theirs if (REPOSITORY / file).exists())  # fmt: skip


def test_its_figures_decide_its_draws(reader):
    """Within 20% of what the one figure of each year says; kept is paid less a quarter."""
    told = reader.execute(
        "select year, measure, q50 from income_annual where stream = 'statues' "
        "and measure in ('paid_usd', 'kept_usd') and year in (2013, 2016, 2024) order by all"
    ).fetchall()
    paid = {year: usd for year, measure, usd in told if measure == "paid_usd"}
    kept = {year: usd for year, measure, usd in told if measure == "kept_usd"}
    assert paid == pytest.approx({2013: 27e6, 2016: 31e6, 2024: 12e6}, rel=0.2)
    share = {year: kept[year] / paid[year] for year in paid}
    assert share == pytest.approx(dict.fromkeys(paid, 0.731), rel=0.05)


def test_it_enters_the_total_and_the_total_says_from_when(reader):
    """World by world the total is the sum of four, from 2012 on; before, it names three."""
    told = dict(
        reader.execute(
            "select year, streams from income_annual "
            "where stream = 'total' and measure = 'state_income_usd' and year in (2011, 2020)"
        ).fetchall()
    )
    assert "statues" not in str(told[2011])
    assert "statues" in str(told[2020])
    by_hand, by_macro = reader.execute(
        """
        select
            (
                select quantile_cont(usd, 0.5)
                from (
                    select sum(usd) as usd
                    from income_draws
                    inner join stream_measures using (stream, measure)
                    where is_state_income and month = date '2016-05-01'
                    group by draw
                )
            ),
            (
                select q50 from income_between(
                    'total', 'state_income_usd', '2016-05-01', '2016-05-01'
                )
            )
        """
    ).fetchone()
    assert by_macro == pytest.approx(by_hand, rel=1e-6)


def test_macros_and_draws_answer_for_it(place, reader):
    (usd,) = reader.execute(
        "select q50 from income_between('statues', 'paid_usd', '2013-01-01', '2013-12-31')"
    ).fetchone()
    assert usd == pytest.approx(27e6, rel=0.2)
    draws = place / "data/published/draws/statues.parquet"
    n = duckdb.execute(f"select count(distinct draw) from '{draws}'").fetchone()
    assert n == (300,)


def test_the_report_tells_it(place):
    page = (place / "data/published/report.html").read_text(encoding="utf-8")
    assert "Statues (made up)" in page
