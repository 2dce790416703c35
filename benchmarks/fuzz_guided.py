"""One reader of `benchmarks.fuzz_parsers` under atheris; started by it, as libFuzzer ends it."""

from __future__ import annotations

import sys

import atheris  # ty: ignore  the lock leaves it out

with atheris.instrument_imports(include=["pipelines"]):
    from benchmarks.fuzz_parsers import _guided_child

if __name__ == "__main__":
    _guided_child(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]), sys.argv[5])
