-- report.answer
-- grain   stream: its last full year on both incomes
-- inputs  income_annual, streams
-- units   USD

select
    income_annual.*,
    streams.title,
    streams.colour,
    streams.sort_order,
    streams.stream = 'total' as is_total,
    row_number() over (partition by income_annual.measure order by streams.sort_order)
        as position
from income_annual
inner join streams on income_annual.stream = streams.stream
where
    income_annual.measure in ('state_income_usd', 'gross_income_usd')
    and not income_annual.is_partial_year
qualify income_annual.year = max(income_annual.year) over (partition by income_annual.stream)
order by streams.sort_order asc, income_annual.measure desc
