-- headline_quantile(list(cell), p): a point of what reached the DPRK side from any rows of
-- headline_cells, in USD: 0.5 is the median, 0.05 and 0.95 the 90% range
-- cells are added within a draw first, so any grouping and filter is right; a cell counts once
create macro headline_quantile(cells, p) as (
    select quantile_cont(usd, p)
    from (
        select sum(cell_draws.usd) as usd
        from (select distinct unnest(cells) as cell) as asked
        inner join cell_draws on asked.cell = cell_draws.cell
        group by cell_draws.draw
    )
)
