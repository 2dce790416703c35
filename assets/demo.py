"""`./run demo`: the whole shipping chain on made-up ships, in a data folder of its own.

No ship, port, call or tonne in `demo-data/` is real, and every table there says so in its schema,
in its column `is_synthetic` and in its comment. Nothing of it ever reaches the data folder.
"""

import dagster as dg

from assets.resources import DEFAULT_SEED
from pipelines.paths import REPOSITORY, shown

# never the data folder
DEMO_DIR = REPOSITORY / "demo-data"


@dg.op(name="synthetic_ships")
def synthetic_ships(context: dg.OpExecutionContext) -> None:
    """Make ships, run the chain, hold it against the truth, write the page."""
    # its charts take a second to load, and few starts make the demo
    from pipelines.shipping.demo import make_demo

    found, scores, report = make_demo(DEMO_DIR, seed=DEFAULT_SEED)
    whole = found.total.row(0, named=True)
    context.add_output_metadata(
        {
            "report": shown(report),
            "scores": str(scores.rows()),
            **{name: value for name, value in whole.items() if value is not None},
        }
    )
    print(
        f"synthetic coal loaded: true {whole['true_t']:,.0f} t; recovered median "
        f"{whole['total_t_q50']:,.0f} t, 90 % {whole['total_t_q05']:,.0f} to "
        f"{whole['total_t_q95']:,.0f} t; report {shown(report)}"
    )


@dg.job(
    name="demo",
    description="The shipping chain on synthetic ships, in demo-data, with the truth beside it.",
    executor_def=dg.in_process_executor,
)
def demo_job() -> None:
    """Run the chain on made-up ships."""
    synthetic_ships()
