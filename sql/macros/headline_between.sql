-- headline_between(streams, countries, from_month, to_month): what reached the DPRK side in any
-- window from any set of streams and host countries: lists such as ['coal', 'labor'] and ['CHN'];
-- null takes all; both months included; one row: q05 … q95 and mean in USD, months_covered, streams
-- streams says which have a number there, and for how many months where not for all
-- every number is null where a month of the window has no number at all
create macro headline_between(streams_, countries_, from_month, to_month) as table
with asked as (
    select
        date_trunc('month', cast(from_month as date)) as first_month,
        date_trunc('month', cast(to_month as date)) as last_month,
        date_diff('month', cast(from_month as date), cast(to_month as date)) + 1 as n_months
),

chosen as (
    select
        cells.cell,
        cells.stream,
        cells.month
    from headline_cells as cells
    cross join asked
    where
        cells.month between asked.first_month and asked.last_month
        and coalesce(list_contains(streams_, cells.stream), true)
        and coalesce(list_contains(countries_, cells.country_iso3), true)
),

stream_months as (
    select
        stream,
        count(distinct month) as n_months
    from chosen
    group by stream
),

coverage as (
    select
        (select count(distinct month) from chosen) as n_months,
        string_agg(
            case
                when stream_months.n_months = asked.n_months then stream_months.stream
                else
                    stream_months.stream || ' (' || stream_months.n_months || ' of '
                    || asked.n_months || ' months)'
            end,
            ', ' order by stream_months.stream
        ) as streams
    from stream_months
    cross join asked
),

whole as (
    select
        cell_draws.draw,
        sum(cell_draws.usd) as usd
    from chosen
    inner join cell_draws on chosen.cell = cell_draws.cell
    cross join coverage
    cross join asked
    where coverage.n_months = asked.n_months
    group by cell_draws.draw
),

points as (
    select
        quantile_points(usd) as amounts,
        count(*) as n_draws
    from whole
)

select
    unnest(points.amounts),
    case when points.n_draws > 0 then coverage.n_months else 0 end::bigint as months_covered,
    coverage.streams
from points
cross join coverage
