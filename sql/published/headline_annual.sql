-- published.headline_annual
-- grain   stream, year
-- inputs  published.income_annual
-- units   nominal USD
-- params  none
-- why     the default gesture of a BI tool is SUM, and of a table with a total, four measures and
--         medians it is nonsense; complete years only, so that the average year is one too

select
    stream,
    year,
    mean as stream_mean_usd,
    format('{:,.0f} to {:,.0f}', q05 / 1e6, q95 / 1e6) as range_90_usd_m,
    evidence_grade
from published.income_annual
where stream != 'total' and measure = 'state_income_usd' and not is_partial_year
order by stream, year
