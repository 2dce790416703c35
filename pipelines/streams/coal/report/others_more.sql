-- report.others_more
-- grain   year: how likely the other streams together brought more than coal
-- inputs  headline_cells, cell_draws, income_annual
-- units   share of draws, 0 to 1; others_usd_… in USD

with yearly as (
    select
        cells.year,
        draws.draw,
        sum(draws.usd) filter (where cells.stream = 'coal') as coal_usd,
        sum(draws.usd) filter (where cells.stream != 'coal') as others_usd
    from headline_cells as cells
    inner join cell_draws as draws on cells.cell = draws.cell
    group by cells.year, draws.draw
)

select
    'year' as row_key,
    yearly.year,
    avg((yearly.others_usd > yearly.coal_usd)::double) as others_more_share,
    quantile_points(yearly.others_usd)['q05'] as others_usd_q05,
    quantile_points(yearly.others_usd)['q50'] as others_usd_q50,
    quantile_points(yearly.others_usd)['q95'] as others_usd_q95,
    any_value(coal.q05) as coal_usd_q05,
    any_value(coal.q50) as coal_usd_q50,
    any_value(coal.q95) as coal_usd_q95,
    any_value(coal.mcse_q05) as mcse_coal_usd_q05,
    any_value(coal.mcse_q50) as mcse_coal_usd_q50,
    any_value(coal.mcse_q95) as mcse_coal_usd_q95,
    any_value(coal.is_partial_year) as is_partial_year
from yearly
inner join income_annual as coal
    on
        yearly.year = coal.year
        and coal.stream = 'coal'
        and coal.measure = 'state_income_usd'
group by yearly.year
order by yearly.year
