-- report.each_year
-- grain   stream and year: each has a page with the figures behind it
-- inputs  income_annual, streams
-- units   USD

select
    income_annual.stream || '-' || income_annual.year as page,
    income_annual.*,
    streams.title,
    streams.colour,
    streams.stream = 'total' as is_total
from income_annual
inner join streams on income_annual.stream = streams.stream
where income_annual.measure = 'state_income_usd'
order by streams.sort_order, income_annual.year
