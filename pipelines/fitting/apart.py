"""Estimates nobody publishes: what moved a number, one cause at a time.

Where a release differs from the last in several ways at once, its models are fitted between the
two: to the evidence, or through the month, of the last release. That takes a fit each.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable

import duckdb

from pipelines.fitting.work import (
    LEDGER,
    OBTAINABLE,
    STREAMS,
    drawn_incomes,
    model_code,
    rows_hash,
    tables_for,
)
from pipelines.making import SamplingPlan
from pipelines.paths import REPOSITORY, SQL_DIR
from pipelines.publish.vintages import BATCHES, Estimates, StateBetween
from pipelines.versions import hash_meaning
from pipelines.warehouse import build_table, inputs_hash, read_frame, sql_of, write_frame


def income_code() -> str:
    """Hash of the code, SQL and libraries that yearly incomes come from, and of nothing else."""
    return inputs_hash(
        model_code(),
        hash_meaning(
            [
                *(SQL_DIR / "estimates").glob("*.sql"),
                SQL_DIR / "published" / "income_annual.sql",
                SQL_DIR / "macros" / "quantile_points.sql",
                REPOSITORY / "requirements.lock",
            ]
        ),
    )


def read_beside(connection: duckdb.DuckDBPyConnection, by_hand: Iterable[str]) -> dict[str, str]:
    """Hashes of what the models read besides the ledger, as `MadeFrom` names them.

    Args:
        connection: the open work database.
        by_hand: names of the hand-kept tables: settings of ours; what a source states is evidence.
    """
    beside = set(tables_for(STREAMS)) - {LEDGER, OBTAINABLE}
    ours = {f"staged.{name}" for name in by_hand}
    return {
        "settings": rows_hash(connection, sorted(beside & ours)),
        "rates": rows_hash(connection, sorted(beside - ours)),
    }


def estimated(
    connection: duckdb.DuckDBPyConnection,
    states: list[StateBetween],
    sampling: SamplingPlan,
    *,
    tell: Callable[[str], None],
) -> dict[str, Estimates]:
    """Fit today's models to each state.

    Args:
        connection: the work database; only read.
        states: as `states_between` gives them.
        sampling: today's; its demands on convergence hold.
        tell: called with one sentence before each fit.

    Returns:
        Estimates by cause. Their yearly points are medians alone.

    Raises:
        ValueError: today's code cannot read the evidence of then.
    """
    found = {}
    for number, state in enumerate(states, start=1):
        tell(
            f"fold {number} of {len(states)}: several things changed since the last release; "
            f"fitting with {state.cause} changed and no more, to tell them apart"
        )
        month = dt.date.fromisoformat(state.last_month)
        # the day after a month's last is the first on which it is over
        over = (month.replace(day=28) + dt.timedelta(days=4)).replace(day=1)
        then = sampling.model_copy(
            update={"as_of": over.isoformat(), "seed": state.seed, "draws": state.draws}
        )
        with duckdb.connect() as aside:
            aside.execute("set threads = 1")
            for table in {*tables_for(STREAMS), OBTAINABLE}:
                write_frame(aside, table, read_frame(connection, table))
            write_frame(aside, LEDGER, state.ledger)
            write_frame(aside, "estimates.income_draws", drawn_incomes(aside, then))
            build_table(aside, "estimates.total_draws")
            sql = sql_of("history.annual_batches")
            found[state.cause] = Estimates(
                # one stretch of all draws has the median of all draws
                aside.sql(sql, params={"batches": 1}).pl().drop("batch"),
                aside.sql(sql, params={"batches": BATCHES}).pl(),
            )
    return found
