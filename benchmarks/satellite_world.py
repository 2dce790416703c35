"""The command of tests/fixtures/satellite_world.py: `python -m benchmarks.satellite_world`."""

from tests.fixtures.satellite_world import main

if __name__ == "__main__":
    main()
