-- report.headline_by_release
-- grain   release, stream: the last full year as that release had it
-- inputs  release_headlines, income_annual, streams
-- units   USD

with last_full as (
    select
        income_annual.stream,
        max(income_annual.year) as year
    from income_annual
    where income_annual.measure = 'state_income_usd' and not income_annual.is_partial_year
    group by income_annual.stream
)

select
    headlines.*,
    streams.title
from release_headlines as headlines
inner join last_full
    on headlines.stream = last_full.stream and headlines.year = last_full.year
inner join streams on headlines.stream = streams.stream
order by streams.sort_order, headlines.sequence
