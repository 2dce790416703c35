-- published.backtest_scores
-- grain   stream, test, era, quantity, model
-- inputs  estimates.backtest_scores
-- units   scores in logs, coverage as a share
-- params  none
-- why     an estimate is worth its score on what it was not shown, in the years people ask about;
--         under eight roots nobody can tell a good interval from a lucky one

select
    stream,
    test,
    era,
    quantity,
    model,
    n,
    n_roots,
    crps,
    wis,
    coverage_50,
    coverage_80,
    coverage_90,
    coverage_90_low,
    coverage_90_high,
    case
        when n_roots < 8 then 'too few to judge'
        when coverage_90_high < 0.9 then 'too narrow'
        when coverage_90_low > 0.9 then 'too wide'
        else 'as wide as it should be'
    end as verdict,
    scored_at,
    is_embedded,
    is_current
from estimates.backtest_scores
order by stream, test, era, quantity, wis, model
