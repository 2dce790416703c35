-- income_between(stream, measure, from_month, to_month): income of any window, from the draws
-- both months included; one row: q05 … q95 and mean in USD, months_covered, streams
-- every stream of table streams, and total: its months add the streams that have a number there,
-- and column streams says which, and for how many months where not for all
-- every number is null where a month of the window has no number at all
create macro income_between(stream_, measure_, from_month, to_month) as table
with asked as (
    select
        date_trunc('month', cast(from_month as date)) as first_month,
        date_trunc('month', cast(to_month as date)) as last_month,
        date_diff('month', cast(from_month as date), cast(to_month as date)) + 1 as n_months
),

chosen as (
    select stream, measure
    from stream_measures
    where
        (stream_ = 'total' or stream = stream_)
        and (
            (measure = measure_ and stream_ != 'total')
            or (measure_ = 'gross_income_usd' and is_gross_income)
            or (measure_ = 'state_income_usd' and is_state_income)
        )
),

cells as (
    select
        income_draws.stream,
        income_draws.month,
        income_draws.draw,
        income_draws.usd
    from income_draws
    inner join chosen
        on income_draws.stream = chosen.stream and income_draws.measure = chosen.measure
    cross join asked
    where income_draws.month between asked.first_month and asked.last_month
),

stream_months as (
    select
        stream,
        count(distinct month) as n_months
    from cells
    group by stream
),

coverage as (
    select
        sum(stream_months.n_months) as n_cells,
        (select count(distinct month) from cells) as n_months,
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
        cells.draw,
        sum(cells.usd) as usd
    from cells
    cross join coverage
    cross join asked
    where coverage.n_months = asked.n_months
    group by cells.draw, coverage.n_cells
    having count(*) = coverage.n_cells
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
