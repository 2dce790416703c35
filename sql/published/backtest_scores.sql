-- published.backtest_scores
-- grain   stream, test, model
-- inputs  estimates.backtest_scores
-- units   scores in logs, coverage as a share
-- params  none
-- why     an estimate is worth its score on what it was not shown

select
    stream,
    test,
    model,
    n,
    crps,
    wis,
    coverage_50,
    coverage_80,
    coverage_90,
    coverage_90_low,
    coverage_90_high,
    scored_at,
    is_embedded,
    is_current
from estimates.backtest_scores
order by stream, test, wis, model
