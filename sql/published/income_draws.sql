-- published.income_draws
-- grain   stream, measure, draw, month
-- inputs  estimates.income_draws
-- units   nominal USD, metric tonnes
-- params  none
-- why     windows that nobody foresaw can be summed within a draw

select * from estimates.income_draws
