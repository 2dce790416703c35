-- report.months_of_year
-- grain   month of a stream's headline in one year
-- inputs  income_monthly
-- units   USD a month
-- params  $stream, $year

select
    income_monthly.*,
    strftime(income_monthly.month, '%Y-%m') as place
from income_monthly
where
    income_monthly.measure = 'state_income_usd'
    and income_monthly.stream = $stream
    and year(income_monthly.month) = $year
order by income_monthly.month
