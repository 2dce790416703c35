"""The command of tests/fixtures/poisoned_row.py: `python -m benchmarks.poisoned_row`."""

from tests.fixtures.poisoned_row import main

if __name__ == "__main__":
    main()
