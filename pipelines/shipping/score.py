"""Precision and recall of the events against the generator's truth, matched one to one."""

from __future__ import annotations

import polars as pl

HOUR_S = 3600


def _epoch(column: str) -> pl.Expr:
    return pl.col(column).dt.epoch("s")


def _share(found: int, of: int) -> float:
    return found / of if of else 1.0


def _score(
    name: str, matched: pl.DataFrame, truth: pl.DataFrame, events: pl.DataFrame, counted: pl.Expr
) -> dict[str, float | str]:
    """One row: a true event counts once, a found event counts once."""
    hit_event = matched["event_row"].n_unique()
    # what happened but could not be seen whole is no miss, and finding it no error
    owed = truth.filter(counted)
    hit_truth = matched.join(owed, on="truth_row", how="semi")["truth_row"].n_unique()
    return {
        "stage": name,
        "true": owed.height,
        "found": events.height,
        "recall": _share(hit_truth, owed.height),
        "precision": _share(hit_event, events.height),
    }


def score(events: dict[str, pl.DataFrame], truth: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """Rows `stage, true, found, recall, precision`: silences, gaps, calls, encounters, draughts.

    Every silence of the truth is a thrown switch; a gap is one that others, heard meanwhile, prove.

    A gap matches when both ends lie within an hour; a call when it is in the same port and the
    times overlap; an encounter when both ships agree and the times overlap. Gaps still open
    are left out: the truth has no other end. Recall counts stays that reports show and meetings
    that were planted;
    precision counts every stay and meeting that happened.
    """
    rows = []
    true_gaps = truth["gaps"].with_row_index("truth_row")
    for stage, table in (("silences", "absences"), ("gaps", "gaps")):
        gaps = events[table].filter(~pl.col("is_open")).with_row_index("event_row")
        gaps = gaps.with_columns(off=_epoch("off_at"), on=_epoch("on_at"))
        matched = gaps.join(true_gaps, on="mmsi").filter(
            ((pl.col("off") - pl.col("off_t")).abs() <= HOUR_S)
            & ((pl.col("on") - pl.col("on_t")).abs() <= HOUR_S)
        )
        rows.append(_score(stage, matched, true_gaps, gaps, pl.lit(True)))

    calls = events["port_calls"].with_row_index("event_row")
    calls = calls.with_columns(enter=_epoch("entered_at"), leave=_epoch("left_at"))
    true_calls = truth["calls"].with_row_index("truth_row")
    matched = calls.join(true_calls, on=["mmsi", "port_id"]).filter(
        (pl.col("enter") <= pl.col("last_t")) & (pl.col("leave") >= pl.col("first_t"))
    )
    rows.append(_score("port calls", matched, true_calls, calls, pl.col("is_visible")))

    meetings = events["encounters"].with_row_index("event_row")
    meetings = meetings.with_columns(begin=_epoch("started_at"), finish=_epoch("ended_at"))
    true_meetings = truth["encounters"].with_row_index("truth_row")
    matched = meetings.join(true_meetings, on=["mmsi_a", "mmsi_b"]).filter(
        (pl.col("begin") <= pl.col("end_t")) & (pl.col("finish") >= pl.col("start_t"))
    )
    rows.append(_score("encounters", matched, true_meetings, meetings, pl.col("is_planted")))

    # of the stays whose crew entered a new draught, how many calls show it
    told = truth["draughts"].filter("is_told").with_row_index("truth_row")
    shown = calls.join(told, on=["mmsi", "port_id"], suffix="_true").filter(
        (pl.col("enter") <= pl.col("last_t")) & (pl.col("leave") >= pl.col("first_t"))
    )
    right = shown.filter(
        ((pl.col("draught_in_m") - pl.col("draught_in_m_true")).abs() < 0.05)
        & ((pl.col("draught_out_m") - pl.col("draught_out_m_true")).abs() < 0.05)
    )
    rows.append(
        {
            "stage": "draught in and out",
            "true": told.height,
            "found": shown.height,
            "recall": _share(right["truth_row"].n_unique(), told.height),
            "precision": _share(right["event_row"].n_unique(), shown["event_row"].n_unique()),
        }
    )
    return pl.DataFrame(rows)
