-- figures on people abroad and their pay in one unit, or why not
-- grain   observation_id
-- inputs  ledger: facts.observations of one stream; rates: month, currency, per_usd; errors:
--         error_kind, base
-- units   value: persons, USD a person and month, shares of gross pay, USD a year, persons a year
-- params  $first, $last: first and last day estimated; $floor, $ceiling: room beyond a bound, logs
-- why     figures come in a dozen units and six currencies; a model reads one

with pay as (
    select
        wages.quantity,
        stated.unit,
        stated.currency,
        stated.factor
    from (values ('gross_wage'), ('fee'), ('worker_take_home')) as wages (quantity)
    cross join (
        values
        ('USD/month', 'USD', 1.0),
        ('CNY/month', 'CNY', 1.0),
        ('RUB/month', 'RUB', 1.0),
        ('EUR/month', 'EUR', 1.0),
        ('KRW/month', 'KRW', 1.0),
        ('USD/year', 'USD', 1.0 / 12)
    ) as stated (unit, currency, factor)
),

-- factor to the unit above, and whether stated over the whole window
units as (
    select
        *,
        false as is_over_window
    from pay
    union all
    values
    ('headcount', 'persons', 'USD', 1.0, false),
    ('headcount', 'pct_of_2017-08', 'USD', 0.01, false),
    ('permits', 'permits', 'USD', 1.0, false),
    ('permits', 'persons/year', 'USD', 1.0, false),
    ('border_entries', 'persons', 'USD', 1.0, true),
    ('border_entries', 'persons/year', 'USD', 1.0, false),
    ('repatriated', 'persons', 'USD', 1.0, false),
    ('state_share', 'share', 'USD', 1.0, false),
    ('fee', 'USD/worker/year', 'USD', 1.0 / 12, false),
    ('fee', 'USD/worker/month', 'USD', 1.0, false),
    ('earnings_usd', 'USD', 'USD', 1.0, false),
    ('earnings_usd', 'USD/month', 'USD', 12.0, false),
    ('earnings_usd', 'USD_cumulative', 'USD', 1.0, true)
),

figures as (
    select
        ledger.*,
        units.currency,
        units.factor,
        units.is_over_window,
        (ledger.window_end_on - ledger.window_start_on + 1) / 365.25 as years,
        coalesce(ledger.high > ledger.low and ledger.low > 0, false) as is_range,
        ledger.quantity = 'state_share' as is_share,
        ledger.quantity = 'earnings_usd' as is_money,
        case
            when ledger.quantity in ('headcount', 'permits') then 'headcount'
            when ledger.quantity in ('gross_wage', 'fee', 'worker_take_home') then 'pay'
            when ledger.quantity = 'state_share' then 'share'
            when ledger.quantity = 'earnings_usd' then 'total'
            else 'flow'
        end as error_kind
    from ledger
    left join units on ledger.quantity = units.quantity and ledger.unit = units.unit
),

-- a window that outruns the rates is not converted at part of them
quoted as (
    select
        asked.observation_id,
        case when count(rates.per_usd) = count(*) then avg(1 / rates.per_usd) end as usd
    from (
        select
            observation_id,
            currency,
            unnest(
                generate_series(
                    date_trunc('month', window_start_on),
                    date_trunc('month', window_end_on),
                    interval 1 month
                )
            )::date as month
        from figures
        where currency != 'USD'
    ) as asked
    left join rates on asked.currency = rates.currency and asked.month = rates.month
    group by asked.observation_id
),

converted as (
    select
        figures.*,
        case when figures.currency = 'USD' then 1.0 else quoted.usd end as usd_per_unit,
        coalesce(figures.central, sqrt(figures.low * figures.high), figures.low, figures.high)
        * figures.factor * usd_per_unit
        / case when figures.is_over_window then figures.years else 1.0 end as value
    from figures
    left join quoted on figures.observation_id = quoted.observation_id
)

select
    converted.* replace (
        case quantity
            when 'gross_wage' then 'gross_wages_usd'
            when 'fee' then 'remitted_usd'
            when 'worker_take_home' then 'kept'
            when 'state_share'
                then
                    case concept
                        when 'remitted_share' then 'remitted_usd'
                        when 'unsaid' then 'unsaid'
                        else 'state_take_usd'
                    end
            else concept
        end as concept,
        case
            when not is_usable then coalesce(reason_not_used, 'held back')
            when kind in ('structural_zero', 'plan')
                then 'a zero under a ban and a plan are not measurements'
            when factor is null then 'not a quantity or unit that the model reads'
            when usd_per_unit is null then 'no reference rate of its currency in its window'
            when value is null or value <= 0 then 'not above zero, so it has no logarithm'
            when window_end_on < $first then 'window ends before the first month estimated'
            when window_start_on > $last then 'window starts after the last month estimated'
        end as reason_not_used
    ),
    errors.base,
    -- who says "more than L" believes somewhat more: the scale of a half-normal
    case
        when coverage != 'whole' then 0.0
        when kind = 'lower_bound' then $floor
        when kind = 'upper_bound' then -$ceiling
        else 0.0
    end as room
from converted
inner join errors on converted.error_kind = errors.error_kind
order by observation_id
