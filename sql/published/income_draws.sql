-- published.income_draws
-- grain   stream, measure, draw, month
-- inputs  estimates.income_draws, estimates.stream_measures
-- units   nominal USD
-- params  none
-- why     windows that nobody foresaw can be summed within a draw; the two incomes are other
--         names of a stream's own measures (table stream_measures), so no number stands twice

select
    income.stream,
    income.measure,
    income.draw,
    income.month,
    income.usd
from estimates.income_draws as income
inner join estimates.stream_measures as measures
    on income.stream = measures.stream and income.measure = measures.measure
