"""The command of tests/fixtures/ais_damaged_files.py: `python -m benchmarks.ais_damaged_files`."""

from tests.fixtures.ais_damaged_files import main

if __name__ == "__main__":
    main()
