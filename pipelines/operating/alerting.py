"""What to tell people after a run."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import dagster as dg
import polars as pl

from pipelines.operating.alerts import Alert, channels_from_environment, send
from pipelines.operating.failures import why_failed
from pipelines.paths import data_dir, published_dir, vintages_dir
from pipelines.publish.vintages import HEADLINE, VintageStore, millions


def _day(instant: dt.datetime | None, otherwise: str) -> str:
    return f"{instant:%Y-%m-%d %H:%M}" if instant else otherwise


def stale_text(row: Mapping[str, Any]) -> str:
    """What there is to say of a stale source.

    Args:
        row: of `sources_status` or `staged.source_runs`.
    """
    return (
        f"{row['source']}: last success {_day(row['last_success_at'], 'never')}, "
        f"due {_day(row['next_due_at'], 'by its age')}; {row['status'][:300]}"
    )


def _stale_sources() -> list[Alert]:
    file = published_dir() / "parquet" / "sources_status.parquet"
    if not file.exists():
        return []
    stale = pl.read_parquet(file).filter("is_stale")
    return [
        Alert(
            "stale source",
            stale_text(row),
            f"stale {row['source']} {row['last_success_at']} {row['as_of']}",
        )
        for row in stale.iter_rows(named=True)
    ]


def _refused_files() -> list[Alert]:
    folder = data_dir() / "landing" / "rejected"
    return [
        Alert(
            "refused file",
            f"{report.name.removesuffix('.report.md')}: see landing/rejected/{report.name}",
            f"refused {report.name}",
        )
        for report in sorted(folder.glob("*.report.md"))
    ]


def _moved_headlines() -> list[Alert]:
    """Headlines of the last release outside the interval they had before; one alert a stream."""
    entries = VintageStore(vintages_dir()).entries()
    if len(entries) < 2:
        return []
    last, before = entries[-1], entries[-2]
    moved = (
        last.frame("changes")
        .filter((pl.col("measure") == HEADLINE) & ~pl.col("is_noise"))
        .join(before.frame("annual"), on=["stream", "measure", "year"])
        .filter((pl.col("after_usd") < pl.col("q05")) | (pl.col("after_usd") > pl.col("q95")))
        .filter(~pl.col("is_partial_year"))
        .sort("stream", "year")
        .with_columns(others=pl.len().over("stream") - 1)
        .group_by("stream", maintain_order=True)
        .last()
    )
    return [
        Alert(
            "headline moved",
            f"{row['stream']} {row['year']}: USD {millions(row['after_usd'])} million, outside "
            f"the 90% interval it had ({millions(row['q05'])}-{millions(row['q95'])}); cause: "
            f"{row['cause']}"
            + (f". So did {row['others']} earlier year(s)" if row["others"] else ""),
            f"moved {last.sequence} {last.release_id} {row['stream']}",
        )
        for row in moved.iter_rows(named=True)
    ]


def alerts_of(instance: dg.DagsterInstance, run: dg.DagsterRun) -> list[Alert]:
    """Everything there is to tell after a run."""
    failed = [
        Alert(kind, f"{run.job_name}, run {run.run_id[:8]}: {text}", f"{kind} {run.run_id} {text}")
        for kind, text in why_failed(instance, run.run_id)
    ]
    if run.status is dg.DagsterRunStatus.FAILURE and not failed:
        failed = [
            Alert(
                "run failed",
                f"{run.job_name}, run {run.run_id[:8]}: it was killed or never began",
                f"killed {run.run_id}",
            )
        ]
    return [*failed, *_stale_sources(), *_refused_files(), *_moved_headlines()]


def alert_after(instance: dg.DagsterInstance, run: dg.DagsterRun) -> list[str]:
    """Send the alerts of a run; returns what kept them from going out."""
    channels = channels_from_environment()
    if not channels.any:
        return []
    return send(alerts_of(instance, run), channels, data_dir() / ".alerts.json")
