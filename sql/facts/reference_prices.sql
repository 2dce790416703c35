-- facts.reference_prices
-- grain   series, window_start_on, window_end_on, source_id
-- inputs  staged.pink_sheet, staged.figures, facts.like_coal, facts.source_observations
-- units   US dollars per metric tonne
-- params  none
-- why     what coal that is not North Korea's cost: the yardstick of declared unit values

with sheet as (
    select
        month,
        series,
        price_usd_per_t,
        snapshot_sha256,
        line,
        retrieved_at
    from (
        unpivot staged.pink_sheet
        on coal_australian_usd_per_t, coal_south_african_usd_per_t
        into name series value price_usd_per_t
    )
)

select
    case series
        when 'coal_australian_usd_per_t' then 'AUS_thermal_coal'
        else 'ZAF_thermal_coal'
    end as series,
    month as window_start_on,
    last_day(month) as window_end_on,
    price_usd_per_t,
    'worldbank-pink-sheet' as source_id,
    concat('snapshot ', left(snapshot_sha256, 12), ', sheet Monthly Prices, row ', line) as locator,
    retrieved_at
from sheet
union all by name
select
    concat(counterpart_iso3, '_', sector) as series,
    window_start_on,
    window_end_on,
    any_value(coalesce(central, sqrt(low * high))) as price_usd_per_t,
    source_id,
    any_value(locator) as locator,
    max(retrieved_at) as retrieved_at
from staged.figures
where
    quantity = 'reference_price_usd_per_t'
    and coalesce(central, sqrt(low * high)) > 0
group by counterpart_iso3, sector, window_start_on, window_end_on, source_id
union all by name
select
    concat('CHN_import_270111_from_', seller_iso3) as series,
    month as window_start_on,
    last_day(month) as window_end_on,
    unit_value_usd_per_t as price_usd_per_t,
    source_id,
    locator,
    retrieved_at
from facts.like_coal
where seller_iso3 != 'PRK' and unit_value_usd_per_t > 0
union all by name
select
    concat(counterpart_iso3, '_', sector) as series,
    window_start_on,
    window_end_on,
    central as price_usd_per_t,
    source_id,
    locator,
    retrieved_at
from facts.source_observations
where quantity = 'reference_price_usd_per_t' and central > 0
order by series, window_start_on, source_id
