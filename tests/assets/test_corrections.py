"""Figures dropped over the shipped ones, from the folder to the staged table."""

from __future__ import annotations

import csv
import io
import os
from dataclasses import replace
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from assets.definitions import RESOURCES
from assets.hand_kept import COUNT_CHECKS, REFUSED_CHECKS, STAGED
from pipelines import hand_kept
from pipelines.paths import STREAMS_DIR
from tests.fixtures.wired import wired

SHIPPED = STREAMS_DIR / "coal" / "figures.csv"


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DPRK_DATA_DIR", str(tmp_path))
    for name in ("DPRK_ONLINE", "DPRK_AS_OF"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def rows_of(content: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content)))


def as_csv(rows: list[dict[str, str]]) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def drop(data: Path, name: str, rows: list[dict[str, str]]) -> None:
    path = data / "landing" / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(as_csv(rows))
    os.utime(path, (1, 1))


def run(data: Path) -> None:
    """Land and stage."""
    outcome = dg.materialize(
        [
            *wired("raw.landed_files"),
            *STAGED,
            *COUNT_CHECKS,
            *REFUSED_CHECKS,
        ],
        resources=RESOURCES,
    )
    assert outcome.success


def ask(data: Path, query: str) -> list[tuple]:
    with duckdb.connect(str(data / "work.duckdb"), read_only=True) as opened:
        return opened.execute(query).fetchall()


def test_corrections_replace_add_and_withdraw_rows_and_outlive_an_update(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped = rows_of(SHIPPED.read_text(encoding="utf-8"))
    first, second, third = (dict(row) for row in shipped[:3])
    n_shipped = len(shipped)
    first["central"] = "3598999"
    second["held_back"] = "withdrawn"
    third |= {"observation_id": "coal-desk-1", "note": "ours"}
    drop(data, "desk.csv", [first, second, third, *shipped[3:6]])
    run(data)
    assert ask(
        data, "select observation_id, how, file from staged.figure_overlays order by all"
    ) == [
        (first["observation_id"], "replaces", "desk.csv"),
        (second["observation_id"], "replaces", "desk.csv"),
        ("coal-desk-1", "adds", "desk.csv"),
    ]
    names = (first["observation_id"], second["observation_id"])
    found = ask(
        data,
        "select observation_id, central, held_back from staged.figures "
        f"where observation_id in {names} order by 1",
    )
    assert found == [(names[0], 3598999.0, None), (names[1], float(second["central"]), "withdrawn")]
    ((count,),) = ask(data, "select count(*) from staged.figures where stream = 'coal'")
    assert count == n_shipped + 1
    # the rows that were replaced are told where rows left out are told
    assert ask(
        data,
        "select value from staged.quarantine where rule = 'corrected' and source = 'figures' "
        "order by 1",
    ) == [(names[0],), (names[1],)]
    ((status, is_embedded),) = ask(
        data, "select status, is_embedded from staged.source_runs where source = 'figures'"
    )
    assert status == "embedded in the repository; 3 rows by dropped corrections"
    assert not is_embedded

    # the repository moves on: another row changes, and the corrections stand
    moved = [dict(row) for row in shipped]
    moved[4]["note"] = "read again"
    folder = data / "streams"
    update = folder / "coal" / "figures.csv"
    update.parent.mkdir(parents=True)
    update.write_bytes(as_csv(moved))
    whole = hand_kept.files_of
    monkeypatch.setattr(
        hand_kept,
        "files_of",
        lambda kept: [
            replace(one, path=update)
            if (one.stream, kept.table) == ("coal", hand_kept.FIGURES)
            else one
            for one in whole(kept)
        ],
    )
    run(data)
    assert ask(data, "select count(*) from staged.figure_overlays") == [(3,)]
    assert ask(
        data,
        f"select note from staged.figures where observation_id = '{moved[4]['observation_id']}'",
    ) == [("read again",)]
    assert ask(data, f"select central from staged.figures where observation_id = '{names[0]}'") == [
        (3598999.0,)
    ]
