"""A source is one folder: a toy feed, list and ships, put into a copy of the code, are wired."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.paths import REPOSITORY

FEED = {
    "source.toml": """
about = "Toys sold. Grain: day."
publisher = "toyshop"
licence = "none"
cadence = "weekly"
stale_days = 40
last_day = "day"
to_get_it = "drop a file of toys"
dropped = "a file that begins with TOY"
""",
    "sample.txt": "TOY\n2026-01-01\n2026-01-02\n",
    "read.py": '''
import polars as pl
from pipelines.quarantine import split
from pipelines.schemas.table import Feed, key
from pipelines.sources.refresh import Refreshed

class CONTRACT(Feed, table="staged.toys", source="toy ministry"):
    """Toys."""

    day: pl.Date = key("day of the toy")

def parse(content, file):
    days = content.decode().split()[1:]
    rows = pl.DataFrame({"line": range(2, 2 + len(days)), "day": days}).with_columns(
        pl.col("day").str.to_date()
    )
    return split(rows, CONTRACT, source="toys", file=file)

def recognise(head):
    return head.startswith(b"TOY")

def refresh(store, fetcher, key):
    return Refreshed("nothing new", is_complete=True)
''',
}
LIST = {
    "source.toml": """
about = "Toys that may not be sold."
publisher = "toy ministry"
licence = "none"
cadence = "weekly"
stale_days = 40
to_get_it = "drop the list of toys"
dropped = "a file that begins with NO TOYS"

[lists.toy_list]
authority = "UK"
kind = "designated"
title = "Toy list"
home = "https://toys.example"
""",
    "read.py": """
import polars as pl
from pipelines.schemas.listings import ListedParties
from pipelines.sources.listings import Edition, Listing, checked, empty_listing, parties_of

def listing(source, contents, at):
    edition = Edition.of(source, [contents[""]], retrieved_at=at, file="toys.txt")
    names = contents[""].decode().splitlines()[1:]
    rows = pl.DataFrame(
        {
            "line": range(2, 2 + len(names)),
            "list_id": [f"T{number}" for number in range(len(names))],
            "schema": "Company",
            "name": names,
            "name_original": names,
            "is_dprk": True,
            "dprk_reason": "list",
        }
    )
    cut = checked(parties_of(rows, edition), ListedParties, source=source, file="toys")
    rest = empty_listing(edition)
    return Listing(edition, cut.kept, rest.aliases, rest.addresses, rest.links, {source: cut})

def ask(source, fetcher, part, etag, last_modified):
    raise NotImplementedError

def part_of(head):
    return "" if head.startswith(b"NO TOYS") else None
""",
}
SHIPS = {
    "source.toml": """
about = "Ships that are toys. Grain: sha256."
publisher = "toy harbour"
licence = "none"
cadence = ""
stale_days = 0
to_get_it = "drop a file of toy ships"
dropped = "a file that begins with SHIPS"
keeps_its_own = true
""",
    "read.py": """
import hashlib
from pipelines.inbox import Loaded
from pipelines.paths import data_dir

def _kept(sha256):
    return data_dir() / "raw" / "toy_ships" / sha256

def is_of(path):
    return path.read_bytes().startswith(b"SHIPS")

def why_not(path):
    return "a list of ships begins with SHIPS" if path.read_bytes().startswith(b"ships") else ""

def take(path, name):
    content = path.read_bytes()
    file = _kept(hashlib.sha256(content).hexdigest())
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    return Loaded("toy_ships", 2, 1, ((3, "ship", "no ship"),))

def holds(sha256):
    return _kept(sha256).is_file()
""",
}
LOOK = """
import json, os, sys
from pathlib import Path
import dagster as dg
from assets import landing
from assets.definitions import RESOURCES, defs
from assets.made import MADE
from pipelines.snapshots import SnapshotStore
from pipelines.docs.sources_page import sources_page
from pipelines.sources.list_editions import LISTS
from pipelines.sources.probe import doors
from pipelines.voices import LIST_VOICES

data = Path(os.environ["DPRK_DATA_DIR"])
(data / "landing").mkdir(parents=True)
dropped = {"a.txt": "TOY\\n2026-01-01\\n2026-01-02\\n", "b.txt": "NO TOYS\\nDolls Ltd\\n"}
dropped |= {"c.txt": "SHIPS\\nA\\n?\\n", "d.txt": "ships\\n"}
for name, text in dropped.items():
    (data / "landing" / name).write_text(text)
    os.utime(data / "landing" / name, (1, 1))
outcomes = landing.land_all(SnapshotStore(data / "raw"))
landed = {one.name: (one.status, one.source) for one in outcomes}
nearly = [one.message for one in outcomes if one.name == "d.txt"]
(data / "landing" / "e.txt").write_text(dropped["c.txt"])
os.utime(data / "landing" / "e.txt", (1, 1))
again = [one.status for one in landing.land_all(SnapshotStore(data / "raw"))]
for file in (data / "raw" / "toy_ships").iterdir():
    file.unlink()
(data / "landing" / "f.txt").write_text(dropped["c.txt"])
os.utime(data / "landing" / "f.txt", (1, 1))
again += [one.status for one in landing.land_all(SnapshotStore(data / "raw"))]
wanted = {"raw.toys", "staged.toys", "staged.listed_parties"}
wanted |= {f"raw.{one.source}" for one in LISTS}
mine = [one for one in MADE if wanted & {".".join(key.path) for key in one.keys}]
done = dg.materialize(mine, resources=RESOURCES, raise_on_error=True)
import duckdb
with duckdb.connect(str(data / "work.duckdb"), read_only=True) as work:
    days = work.execute("select day::varchar from staged.toys order by 1").fetchall()
    parties = work.execute(
        "select name from staged.listed_parties where list_source = 'toy_list'"
    ).fetchall()
weekly = defs.resolve_job_def("weekly_sources").description
keys = {"/".join(key.path) for key in defs.resolve_asset_graph().get_all_asset_keys()}
json.dump(
    {
        "landed": landed,
        "nearly": nearly,
        "again": again,
        "days": days,
        "parties": parties,
        "voice": LIST_VOICES["toy_list"].authority,
        "keys": sorted(key for key in keys if "toy" in key),
        "weekly": [name for name in ("toys", "toy_list") if name in weekly],
        "doors": [one.source for one in doors() if "toy" in one.source],
        "page": [line for line in sources_page().splitlines() if "oys" in line],
    },
    sys.stdout,
)
"""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The code alone, with three folders more."""
    for name in ("assets", "pipelines", "sql", "docs"):
        shutil.copytree(
            REPOSITORY / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__")
        )
    shutil.copy(REPOSITORY / "requirements.lock", tmp_path)
    for name, files in (("toys", FEED), ("toy_list", LIST), ("toy_ships", SHIPS)):
        folder = tmp_path / "pipelines" / "sources" / name
        folder.mkdir()
        for file, text in files.items():
            (folder / file).write_text(text, encoding="utf-8")
    return tmp_path


def test_a_folder_is_all_that_a_feed_a_list_or_ships_need(copy: Path, monkeypatch):
    monkeypatch.setenv("DPRK_DATA_DIR", str(copy / "data"))
    monkeypatch.delenv("DPRK_ONLINE", raising=False)
    told = subprocess.run(  # noqa: S603  our own interpreter on our own text
        [sys.executable, "-c", LOOK], cwd=copy, capture_output=True, text=True, check=False
    )
    assert told.returncode == 0, told.stderr[-3000:]
    found = json.loads(told.stdout.splitlines()[-1])
    assert found["landed"] == {
        "a.txt": ["accepted", "toys"],
        "b.txt": ["accepted", "toy_list"],
        "c.txt": ["accepted", "toy_ships"],
        "d.txt": ["rejected", None],
    }
    assert found["nearly"] == ["a list of ships begins with SHIPS"]
    # known while its rows are held, taken again once they are not
    assert found["again"] == ["duplicate", "accepted"]
    assert found["days"] == [["2026-01-01"], ["2026-01-02"]]
    assert found["parties"] == [["Dolls Ltd"]]
    assert found["voice"] == "UK"
    assert found["keys"] == ["raw/toy_list", "raw/toys", "staged/toys"]
    assert found["weekly"] == ["toys", "toy_list"]
    assert found["doors"] == ["toy_list"]
    assert len(found["page"]) == 3
