"""The command of tests/fixtures/fuzz_parsers.py: `python -m benchmarks.fuzz_parsers`."""

import sys

from tests.fixtures.fuzz_parsers import main

if __name__ == "__main__":
    sys.exit(main())
