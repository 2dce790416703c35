-- coal_tonnes_to(destinations, from_month, to_month): coal sold to any set of destinations in any
-- window: a list such as ['CHN'], null takes all; both months included; one row: q05 … q95 and mean
-- in metric tonnes, months_covered; within a year every month has the year's shares
-- every number is null where the draws do not cover the whole window
create macro coal_tonnes_to(destinations_, from_month, to_month) as table
with asked as (
    select
        date_trunc('month', cast(from_month as date)) as first_month,
        date_trunc('month', cast(to_month as date)) as last_month,
        date_diff('month', cast(from_month as date), cast(to_month as date)) + 1 as n_months
),

shares as (
    select
        year,
        draw,
        sum(share) as share
    from coal_destination_draws
    where coalesce(list_contains(destinations_, destination_iso3), true)
    group by year, draw
),

per_draw as (
    select
        cell_draws.draw,
        sum(cell_draws.tonnes * shares.share) as tonnes,
        count(*) as n_months
    from headline_cells as cells
    inner join asked on cells.month between asked.first_month and asked.last_month
    inner join cell_draws on cells.cell = cell_draws.cell
    inner join shares on cells.year = shares.year and cell_draws.draw = shares.draw
    where cells.stream = 'coal'
    group by cell_draws.draw
),

points as (
    select
        quantile_points(tonnes) as amounts,
        max(n_months) as n_months
    from per_draw
    where n_months = (select asked.n_months from asked)
)

select
    unnest(amounts),
    coalesce(n_months, 0)::bigint as months_covered
from points
