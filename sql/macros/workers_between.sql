-- workers_between(streams, countries, from_month, to_month): workers abroad in any window, averaged
-- over its months, from any set of streams and host countries: lists such as ['labor'] and ['CHN'];
-- null takes all; both months included; one row: q05 … q95 and mean in persons, months_covered
-- every number is null where a month of the window has none
create macro workers_between(streams_, countries_, from_month, to_month) as table
with asked as (
    select
        date_trunc('month', cast(from_month as date)) as first_month,
        date_trunc('month', cast(to_month as date)) as last_month,
        date_diff('month', cast(from_month as date), cast(to_month as date)) + 1 as n_months
),

chosen as (
    select
        cells.cell,
        cells.month
    from headline_cells as cells
    cross join asked
    where
        cells.month between asked.first_month and asked.last_month
        and cells.cell_mean_person_years is not null
        and coalesce(list_contains(streams_, cells.stream), true)
        and coalesce(list_contains(countries_, cells.country_iso3), true)
),

per_draw as (
    select
        cell_draws.draw,
        12 * sum(cell_draws.person_years) / any_value(asked.n_months) as persons
    from chosen
    inner join cell_draws on chosen.cell = cell_draws.cell
    cross join asked
    where (select count(distinct month) from chosen) = asked.n_months
    group by cell_draws.draw
),

points as (
    select
        quantile_points(persons) as amounts,
        count(*) as n_draws
    from per_draw
)

select
    unnest(points.amounts),
    case when points.n_draws > 0 then asked.n_months else 0 end::bigint as months_covered
from points
cross join asked
