-- tonnes_quantile(list(cell), p): a point of the tonnes sold by these rows of headline_cells; null
-- for streams of work
create macro tonnes_quantile(cells, p) as (
    select quantile_cont(tonnes, p)
    from (
        select sum(cell_draws.tonnes) as tonnes
        from (select distinct unnest(cells) as cell) as asked
        inner join cell_draws on asked.cell = cell_draws.cell
        where cell_draws.tonnes is not null
        group by cell_draws.draw
    )
)
