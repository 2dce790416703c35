-- facts.source_observations
-- grain   one figure of a source that states figures itself: observation_id
-- inputs  staged.nbs_prices, staged.fx_monthly, staged.kosis_coal, staged.russia_permits
-- units   as stated, in column unit
-- params  none
-- why     market prices, output and entries in the ledger's columns. A month of prices is the mean
--         of the ten-day periods that were published; a quarter is taken out of a running total
--         only where the total before it stands there too; a missing one stays missing

with priced as (
    select
        prices.series,
        date_trunc('month', prices.period_start_on)::date as month,
        avg(prices.price_yuan) as price_yuan,
        count(*) as n_periods,
        max(prices.retrieved_at) as retrieved_at,
        string_agg(prices.file, ', ' order by prices.period_start_on) as files
    from staged.nbs_prices as prices
    where prices.series is not null and prices.unit = '吨'
    group by prices.series, date_trunc('month', prices.period_start_on)
),

entries as (
    select
        flows.*,
        before.persons as persons_before,
        before.window_end_on as before_end_on,
        quarters.persons is not null as has_own_quarter
    from staged.russia_permits as flows
    left join staged.russia_permits as before
        on
            flows.covers = 'year_to_date'
            and flows.measure = before.measure
            and flows.country_iso3 = before.country_iso3
            and flows.purpose = before.purpose
            and before.window_start_on = flows.window_start_on
            and before.window_end_on = last_day((flows.window_end_on - interval 3 month)::date)
            -- a running total that falls was revised: no quarter can be taken out of it
            and before.persons <= flows.persons
    left join staged.russia_permits as quarters
        on
            flows.covers = 'year_to_date'
            and quarters.covers = 'quarter'
            and flows.measure = quarters.measure
            and flows.country_iso3 = quarters.country_iso3
            and flows.purpose = quarters.purpose
            and quarters.window_end_on = flows.window_end_on
            and quarters.window_start_on != flows.window_start_on
    where flows.country_iso3 = 'PRK'
),

gathered as (
    select
        concat('nbs-', lower(priced.series), '-', strftime(priced.month, '%Y%m')) as observation_id,
        'reference_price_usd_per_t' as quantity,
        'CHN' as counterpart_iso3,
        replace(priced.series, 'CHN_', '') as sector,
        priced.month as window_start_on,
        last_day(priced.month) as window_end_on,
        'price' as kind,
        priced.price_yuan / rates.per_usd as central,
        'USD/t' as unit,
        'price' as concept,
        'official' as class,
        'china' as delivery_point,
        'listed' as nature,
        'nbs-china' as origin_id,
        'nbs-ten-day-prices' as source_id,
        concat(priced.n_periods, ' of 3 ten-day periods: ', priced.files) as locator,
        priced.retrieved_at,
        null as held_back
    from priced
    inner join staged.fx_monthly as rates
        on
            rates.currency = 'CNY'
            and priced.month = rates.month
            and rates.per_usd > 0
    union all by name
    select
        concat('output-', origin, '-', year) as observation_id,
        'output_t' as quantity,
        'PRK' as counterpart_iso3,
        'coal' as sector,
        make_date(year, 1, 1) as window_start_on,
        make_date(year, 12, 31) as window_end_on,
        'exact' as kind,
        output_t as central,
        't' as unit,
        'output_t' as concept,
        case origin when 'statistics-korea' then 'official' else 'desk' end as class,
        null as delivery_point,
        null as nature,
        origin as origin_id,
        source_id,
        concat_ws('; ', url, note) as locator,
        coalesce(retrieved_at, timestamp '1970-01-01') as retrieved_at,
        case when basis = 'derived' then 'derived' end as held_back
    from staged.kosis_coal
    where place = 'PRK' and output_t is not null
    union all by name
    select
        concat_ws(
            '-', 'russia', measure, purpose, strftime(window_end_on, '%Y%m'),
            case when covers = 'year_to_date' and persons_before is null then 'ytd' end
        ) as observation_id,
        case measure when 'entries' then 'border_entries' else 'permits' end as quantity,
        'RUS' as counterpart_iso3,
        case when purpose = 'total' then 'all' else purpose end as sector,
        coalesce((before_end_on + interval 1 day)::date, window_start_on) as window_start_on,
        window_end_on,
        'count' as kind,
        (persons - coalesce(persons_before, 0))::double as central,
        case measure when 'entries' then 'persons' else 'permits' end as unit,
        case measure when 'entries' then 'border_entries' else 'permits' end as concept,
        'official' as class,
        null as delivery_point,
        null as nature,
        'russian-statistics' as origin_id,
        source_id,
        concat_ws('; ', url, locator) as locator,
        retrieved_at,
        case
            when has_own_quarter then 'cumulative'
            when purpose != 'total' then 'subtotal'
        end as held_back
    from entries
)

select
    observation_id,
    quantity,
    concept,
    counterpart_iso3,
    sector,
    window_start_on,
    window_end_on,
    kind,
    null::double as low,
    central,
    null::double as high,
    unit,
    'whole' as coverage,
    class,
    null::varchar as declared,
    delivery_point::varchar as delivery_point,
    nature::varchar as nature,
    null::double as assumed_price_usd_per_t,
    null::bigint as persons,
    origin_id,
    null::varchar as stated_by,
    null::varchar as stated_on,
    year(window_end_on)::bigint as stated_year,
    source_id,
    locator,
    null::varchar as read_at,
    retrieved_at,
    held_back,
    null::varchar as note
from gathered
order by observation_id
