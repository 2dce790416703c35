-- report.readings_now
-- grain   stream and reading of its last full year
-- inputs  readings, income_annual, streams, last_full
-- units   USD

select
    readings.*,
    streams.title,
    income_annual.mcse_q05,
    income_annual.mcse_q50,
    income_annual.mcse_q95
from readings
inner join streams on readings.stream = streams.stream
inner join last_full
    on readings.stream = last_full.stream and readings.year = last_full.year
left join income_annual
    on
        readings.reading = 'all'
        and readings.stream = income_annual.stream
        and readings.year = income_annual.year
        and income_annual.measure = 'state_income_usd'
order by streams.sort_order, readings.reading
