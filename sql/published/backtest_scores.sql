-- published.backtest_scores
-- grain   stream, test, era, quantity, model
-- inputs  estimates.backtest_scores
-- units   scores in logs, coverage as a share
-- params  none
-- why     an estimate is worth its score on what it was not shown, in the years people ask about

select * from estimates.backtest_scores
order by stream, test, era, quantity, wis, model
