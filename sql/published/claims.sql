-- published.claims
-- grain   stream, claim_id, measure
-- inputs  staged.claims, staged.figure_sources, estimates.income_draws, published.quantity_draws
-- units   as in column unit
-- params  none
-- why     numbers the public knows, held against the published draws of what they measure; where
--         their author does not say which money, against what buyers pay and what arrives

with readings as (
    select
        *,
        concept as measure
    from staged.claims
    where concept != 'unsaid'
    union all by name
    select
        *,
        unnest(['gross_income_usd', 'state_income_usd']) as measure
    from staged.claims
    where concept = 'unsaid'
),

amounts as (
    select
        stream,
        measure,
        'WLD' as counterpart_iso3,
        draw,
        month,
        usd as amount,
        true as is_flow
    from estimates.income_draws
    union all by name
    select
        stream,
        quantity as measure,
        counterpart_iso3,
        draw,
        month,
        amount,
        is_flow
    from published.quantity_draws
),

places as (
    select distinct
        stream,
        quantity as measure,
        counterpart_iso3
    from published.quantity_draws
),

-- a country that is not drawn on its own is held against all of them
compared as (
    select
        readings.*,
        case when places.stream is null then 'WLD' else readings.counterpart_iso3 end
            as compared_with,
        date_trunc('month', readings.window_start_on) as first_month,
        date_diff('month', readings.window_start_on, readings.window_end_on) + 1 as n_months
    from readings
    left join places
        on
            readings.stream = places.stream
            and readings.measure = places.measure
            and readings.counterpart_iso3 = places.counterpart_iso3
),

per_draw as (
    select
        compared.stream,
        compared.claim_id,
        compared.measure,
        amounts.draw,
        any_value(compared.low) as low,
        any_value(compared.high) as high,
        case
            when any_value(amounts.is_flow) then sum(amounts.amount) else avg(amounts.amount)
        end as amount
    from compared
    inner join amounts
        on
            compared.stream = amounts.stream
            and compared.measure = amounts.measure
            and compared.compared_with = amounts.counterpart_iso3
            and amounts.month between compared.first_month and compared.window_end_on
    group by compared.stream, compared.claim_id, compared.measure, amounts.draw, compared.n_months
    having count(*) = compared.n_months
),

points as (
    select
        stream,
        claim_id,
        measure,
        quantile_points(amount) as q,
        avg((amount < low)::double) as low_quantile,
        avg((amount < high)::double) as high_quantile
    from per_draw
    group by stream, claim_id, measure
)

select
    compared.stream,
    compared.claim_id,
    compared.words,
    compared.quantity,
    compared.concept,
    compared.counterpart_iso3,
    compared.window_start_on,
    compared.window_end_on,
    compared.low,
    compared.high,
    compared.unit,
    compared.measure,
    compared.compared_with,
    points.q['q05'] as q05,
    points.q['q50'] as q50,
    points.q['q95'] as q95,
    points.low_quantile,
    points.high_quantile,
    case
        when points.q['q50'] is null then 'not estimated'
        when compared.low > points.q['q95'] then 'above the interval'
        when compared.high < points.q['q05'] then 'below the interval'
        else 'compatible'
    end as verdict,
    compared.root_id,
    compared.source_id,
    sources.title as source_title,
    sources.url as source_url,
    compared.locator,
    compared.observation_id
from compared
left join points
    on
        compared.stream = points.stream
        and compared.claim_id = points.claim_id
        and compared.measure = points.measure
left join staged.figure_sources as sources
    on compared.stream = sources.stream and compared.source_id = sources.source_id
order by compared.stream, compared.claim_id, compared.measure
