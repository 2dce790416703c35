-- quantity_between(stream, quantity, place, from_month, to_month): a physical quantity of any
-- window, from the draws of table quantity_draws, which says what there is: such as tonnes of coal
-- or headcount of labor, place WLD or a host's ISO code
-- both months included; one row: q05 … q95 and mean; flows are summed, stocks averaged over months
-- every number is null where the draws do not cover the whole window
create macro quantity_between(stream_, quantity_, place, from_month, to_month) as table
with per_draw as (
    select
        draw,
        case when any_value(is_flow) then sum(amount) else avg(amount) end as amount,
        count(distinct month) as n_months
    from quantity_draws
    where
        -- no stream named: flows of all of them are added
        (stream_ is null or stream = stream_)
        and quantity = quantity_
        and counterpart_iso3 = place
        and month between date_trunc('month', cast(from_month as date))
        and date_trunc('month', cast(to_month as date))
    group by draw
),

points as (
    select
        quantile_points(amount) as amounts,
        max(n_months) as n_months
    from per_draw
    where n_months = date_diff('month', cast(from_month as date), cast(to_month as date)) + 1
)

select
    unnest(amounts),
    coalesce(n_months, 0)::bigint as months_covered
from points
