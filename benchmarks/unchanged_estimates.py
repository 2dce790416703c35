"""What the estimate stage costs when no input changed.

    python -m benchmarks.unchanged_estimates      # over data/, where `./run` has ended well

Runs the stage again in this process and prints what each of its steps took, without loading Python
and Dagster, and the processor time of the whole run. Ends with 1 where steps took above two seconds
or something was fitted after all.
"""

from __future__ import annotations

import sys
import time

import dagster as dg

from assets.estimates import joint_fit, joint_fit_judged
from assets.made import SELECTED
from assets.resources import Sampling, WarehouseResource

MOST_SECONDS = 2.0


def main() -> int:
    """Run the stage and print what it took."""
    start, seconds = time.process_time(), 0.0
    done = dg.materialize(
        [joint_fit, joint_fit_judged, *(one for one in SELECTED if one.key.path[0] == "estimates")],
        resources={"warehouse": WarehouseResource(), "sampling": Sampling()},
    )
    for event in done.all_events:
        if event.is_step_success:
            took = event.step_success_data.duration_ms / 1000
            seconds += took
            sys.stdout.write(f"{event.step_key:<24}{took:6.2f} s\n")
    made = [one.metadata for one in done.asset_materializations_for_node("joint_fit")]
    was_fitted = any(metadata["was_fitted"].value for metadata in made)
    used = time.process_time() - start
    sys.stdout.write(f"all{seconds:27.2f} s{', with a fit' if was_fitted else ''}\n")
    sys.stdout.write(f"processor time, Dagster's too{used:6.2f} s\n")
    return int(was_fitted or seconds > MOST_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
