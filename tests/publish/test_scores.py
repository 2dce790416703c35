"""A score says whether it can be judged, and which way it errs."""

from __future__ import annotations

from pipelines.warehouse import build_table


def test_under_eight_roots_nobody_can_judge_and_else_the_interval_decides(connection):
    connection.execute(
        """
        create table estimates.backtest_scores as
        select
            'ore' as stream, test, 'after' as era, 'tonnes' as quantity, 'joint' as model,
            20::bigint as n, n_roots, 0.1 as crps, 0.1 as wis, 0.5 as coverage_50,
            0.8 as coverage_80, 0.9 as coverage_90, coverage_90_low, coverage_90_high,
            timestamp '2026-01-01' as scored_at, false as is_embedded, true as is_current
        from (values
            ('a', 7::bigint, 0.1, 0.2), ('b', 8, 0.1, 0.89), ('c', 8, 0.91, 1.0), ('d', 8, 0.9, 1.0)
        ) as rows(test, n_roots, coverage_90_low, coverage_90_high)
        """
    )
    build_table(connection, "published.backtest_scores")
    assert connection.execute(
        "select test, verdict from published.backtest_scores order by 1"
    ).fetchall() == [
        ("a", "too few to judge"),
        ("b", "too narrow"),
        ("c", "too wide"),
        ("d", "as wide as it should be"),
    ]
