"""One run at a time; a killed one blocks nobody."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from pipelines.operating.run_lock import holder_of, is_alive, only_run, process_mark

HOLD = (
    "import sys, time, pathlib\n"
    "from pipelines.operating.run_lock import only_run\n"
    "with only_run(pathlib.Path(sys.argv[1]), 'main', waiting=lambda _: None):\n"
    "    print('held', flush=True)\n"
    "    time.sleep(60)\n"
)


@pytest.fixture
def other(tmp_path):
    """Another process that holds the folder."""
    with subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_second_run_is_told_who_holds_the_folder_and_waits(tmp_path, other):
    told = []

    def waiting(holder):
        told.append(str(holder))
        os.kill(other.pid, signal.SIGKILL)

    with only_run(tmp_path, "main", waiting=waiting) as is_outermost:
        assert is_outermost
    assert told[0].startswith(f"main, process {other.pid}, since ")


def test_a_killed_holder_frees_the_folder_at_once(tmp_path, other):
    mark = process_mark(other.pid)
    assert is_alive(mark)
    other.kill()
    other.wait()
    began = time.monotonic()
    with only_run(tmp_path, "main", waiting=lambda _: pytest.fail("waited")):
        assert time.monotonic() - began < 2
    assert not is_alive(mark)


def test_a_number_used_again_is_another_process():
    number, started, host = process_mark().split(":")
    assert is_alive(process_mark())
    assert not is_alive(f"{number}:{int(started) - 1}:{host}")
    assert is_alive(f"{number}:1:another-machine")


def test_a_run_inside_a_run_waits_for_nobody(tmp_path):
    with (
        only_run(tmp_path, "outer", waiting=lambda _: None),
        only_run(tmp_path, "inner", waiting=lambda _: pytest.fail("waited")) as is_outermost,
    ):
        assert not is_outermost
        holder = holder_of(tmp_path)
        assert holder is not None
        assert holder.what == "outer"
    assert holder_of(tmp_path) is None
