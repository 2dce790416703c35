-- workers_quantile(list(cell), p): a point of the number of workers abroad by these rows of
-- headline_cells: countries and streams added within a month, then months averaged; null for goods
create macro workers_quantile(cells, p) as (
    select quantile_cont(persons, p)
    from (
        select avg(persons) as persons
        from (
            select
                cell_draws.draw,
                asked.month,
                12 * sum(cell_draws.person_years) as persons
            from (
                select
                    cell,
                    split_part(cell, '/', 3) as month
                from (select distinct unnest(cells) as cell)
            ) as asked
            inner join cell_draws on asked.cell = cell_draws.cell
            where cell_draws.person_years is not null
            group by cell_draws.draw, asked.month
        )
        group by draw
    )
)
