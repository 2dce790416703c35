-- How much money reached North Korea in the last complete year, and how sure are we?
select
    max(year) as year,
    headline_quantile(list(cell), 0.05) / 1e6 as low_usd_m,
    headline_quantile(list(cell), 0.5) / 1e6 as median_usd_m,
    headline_quantile(list(cell), 0.95) / 1e6 as high_usd_m
from headline_cells
where year = (select max(total.year) from headline_total_annual as total)
