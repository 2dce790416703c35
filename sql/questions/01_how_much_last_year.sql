-- How much money reached North Korea in the last complete year, and how sure are we?
with last_year as (
    select
        max(year) as year,
        headline_quantile(list(cell), [0.05, 0.5, 0.95]) as usd
    from headline_cells
    where year = (select max(total.year) from headline_total_annual as total)
)

select
    year,
    usd[1] / 1e6 as low_usd_m,
    usd[2] / 1e6 as median_usd_m,
    usd[3] / 1e6 as high_usd_m
from last_year
