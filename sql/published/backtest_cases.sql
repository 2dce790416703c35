-- published.backtest_cases
-- grain   stream, test, fold, model, observation_id
-- inputs  estimates.backtest_cases
-- units   crps and wis in logs; stated and q… in the figure's own unit
-- params  none
-- why     a score can be argued with only where each prediction stands beside what came

select
    stream,
    test,
    fold,
    model,
    observation_id,
    root_id,
    era,
    quantity,
    stated,
    q05,
    q25,
    q50,
    q75,
    q95,
    quantile,
    crps,
    wis,
    is_covered_50,
    is_covered_80,
    is_covered_90
from estimates.backtest_cases
order by stream, test, fold, model, observation_id
