-- report.figures_of_months
-- grain   month of one year, figure of the stream that speaks of it and of less than a year
-- inputs  income_monthly, figures
-- units   as each figure states
-- params  $stream, $year
-- why     a figure of a whole year speaks of each of its months alike: the year's table has it

select
    strftime(months.month, '%Y-%m') as place,
    figures.*
from (
    select distinct income_monthly.month
    from income_monthly
    where income_monthly.stream = $stream and year(income_monthly.month) = $year
) as months
inner join figures
    on
        figures.stream = $stream
        and figures.window_start_on < months.month + interval 1 month
        and figures.window_end_on >= months.month
        and date_diff('day', figures.window_start_on, figures.window_end_on) < 330
order by
    months.month asc, figures.is_used desc,
    date_diff('day', figures.window_start_on, figures.window_end_on) asc,
    figures.observation_id asc
