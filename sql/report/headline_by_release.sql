-- report.headline_by_release
-- grain   release, stream: the last full year as that release had it
-- inputs  release_headlines, income_annual, streams, last_full
-- units   USD; mcse_…: Monte Carlo error of this release's number of that year, so that the same
--         number is printed in the same digits here and elsewhere

select
    headlines.*,
    annual.mcse_q05,
    annual.mcse_q50,
    annual.mcse_q95,
    streams.title
from release_headlines as headlines
inner join last_full
    on headlines.stream = last_full.stream and headlines.year = last_full.year
inner join income_annual as annual
    on
        headlines.stream = annual.stream
        and headlines.year = annual.year
        and annual.measure = 'state_income_usd'
inner join streams on headlines.stream = streams.stream
order by streams.sort_order, headlines.sequence
