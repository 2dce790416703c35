"""The command of tests/fixtures/connectors.py: `python -m benchmarks.connectors`."""

import sys

from tests.fixtures.connectors import main

if __name__ == "__main__":
    sys.exit(main())
