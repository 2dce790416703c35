"""`./run` with few draws and a rough fit: for benchmarks that start hundreds of runs.

    python -m benchmarks.small_run [what ./run takes]

Everything but the fit is the real thing. Point DPRK_DATA_DIR and DAGSTER_HOME at folders of its
own: what it publishes is rough and is no estimate of anything.
"""

from __future__ import annotations

import sys

from pipelines.operating import cli

DRAWS = 200
SMALL = {"sampling": {"config": {"draws": DRAWS, "least_ess": 10.0, "highest_rhat": 2.0}}}


def main(arguments: list[str]) -> int:
    """What `./run` does, small."""
    cli.SILENT["resources"] = SMALL
    return cli.main(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
