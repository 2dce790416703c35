-- published.headline_total_annual
-- grain   year
-- inputs  published.income_annual
-- units   nominal USD
-- params  none
-- why     the total stands apart from what it adds

select
    year,
    mean as total_mean_usd,
    format('{:,.0f} to {:,.0f}', q05 / 1e6, q95 / 1e6) as range_90_usd_m,
    evidence_grade,
    streams
from published.income_annual
where stream = 'total' and measure = 'state_income_usd' and not is_partial_year
order by year
