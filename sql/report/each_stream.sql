-- report.each_stream
-- grain   stream, the total among them: each has a page
-- inputs  streams, income_annual
-- units   year: the last full one

with last_full as (
    select
        income_annual.stream,
        max(income_annual.year) as year,
        max_by(income_annual.streams, income_annual.year) as streams
    from income_annual
    where income_annual.measure = 'state_income_usd' and not income_annual.is_partial_year
    group by income_annual.stream
)

select
    streams.stream as page,
    streams.stream,
    streams.title,
    streams.colour,
    streams.headline,
    streams.first_month,
    streams.sort_order,
    last_full.year,
    last_full.streams,
    streams.stream = 'total' as is_total
from streams
inner join last_full on streams.stream = last_full.stream
order by streams.sort_order, streams.stream
