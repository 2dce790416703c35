-- published.backtest_scores
-- grain   stream, test, era, quantity, model
-- inputs  estimates.backtest_scores
-- units   scores in logs, coverage as a share
-- params  none
-- why     an estimate is worth its score on what it was not shown, in the years people ask about

select
    stream,
    test,
    era,
    quantity,
    model,
    n,
    n_not_made,
    n_roots,
    crps,
    wis,
    coverage_50,
    coverage_50_low,
    coverage_50_high,
    coverage_80,
    coverage_80_low,
    coverage_80_high,
    coverage_90,
    coverage_90_low,
    coverage_90_high,
    verdict,
    scored_at,
    is_embedded,
    is_current
from estimates.backtest_scores
order by stream, test, era, quantity, wis, model
