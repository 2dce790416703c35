-- headline_above_share(list(cell), usd): probability that what reached the DPRK side from these
-- rows of headline_cells is more than so many dollars: the share of draws above it
create macro headline_above_share(cells, usd_) as (
    select avg((usd > usd_)::double)
    from (
        select sum(cell_draws.usd) as usd
        from (select distinct unnest(cells) as cell) as asked
        inner join cell_draws on asked.cell = cell_draws.cell
        group by cell_draws.draw
    )
)
