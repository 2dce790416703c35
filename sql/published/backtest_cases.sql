-- published.backtest_cases
-- grain   stream, test, fold, model, observation_id
-- inputs  estimates.backtest_cases
-- units   crps and wis in logs; stated and q… in the figure's own unit
-- params  none
-- why     a score can be argued with only where each prediction stands beside what came

select * from estimates.backtest_cases
order by stream, test, fold, model, observation_id
