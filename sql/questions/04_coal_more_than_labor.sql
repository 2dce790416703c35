-- How likely is it that workers and IT workers together brought more than coal in each year?
with yearly as (
    select
        cells.year,
        draws.draw,
        sum(draws.usd) filter (where cells.stream = 'coal') as coal_usd,
        sum(draws.usd) filter (where cells.stream != 'coal') as work_usd
    from headline_cells as cells
    inner join cell_draws as draws on cells.cell = draws.cell
    group by cells.year, draws.draw
)

select
    year,
    avg((work_usd > coal_usd)::double) as work_is_more_share
from yearly
group by year
order by year
