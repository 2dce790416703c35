-- facts.like_coal
-- grain   one month of China's anthracite imports from one seller: seller_iso3, month, source_id
-- inputs  staged.comtrade, staged.china_customs, staged.country_codes, staged.fx_monthly
-- units   US dollars as declared (CIF), metric tonnes
-- params  none
-- why     what buyers of like coal paid: the comparator of North Korea's price and of freight.
--         Declared zeros and rows without a weight give no price and stay, so that it shows

with comtrade as (
    select
        case when flows.partner_code = 0 then 'WLD' else sellers.iso3 end as seller_iso3,
        flows.period_start_on as month,
        'un-comtrade' as source_id,
        flows.value_usd,
        flows.quantity_t,
        flows.snapshot_sha256,
        flows.line,
        flows.retrieved_at
    from staged.comtrade as flows
    left join staged.country_codes as sellers
        on flows.partner_code = sellers.code
    where
        flows.reporter_code = 156
        and flows.frequency = 'M'
        and flows.flow_code = 'M'
        and flows.hs_code = '270111'
        and flows.partner2_code = 0
        and flows.customs_code = 'C00'
        and flows.mode_of_transport_code = 0
        and flows.partner_code in (0, 408, 496, 643, 704)
),

-- its own customs prints HS8 by partner; several rows of a month are parts of it
customs as (
    select
        flows.partner_iso3 as seller_iso3,
        flows.period_start_on as month,
        'china-customs-query' as source_id,
        sum(case flows.currency when 'USD' then flows.value else flows.value / rates.per_usd end)
            as value_usd,
        case when count(flows.quantity_t) = count(*) then sum(flows.quantity_t) end as quantity_t,
        any_value(flows.snapshot_sha256) as snapshot_sha256,
        min(flows.line) as line,
        max(flows.retrieved_at) as retrieved_at
    from staged.china_customs as flows
    left join staged.fx_monthly as rates
        on
            flows.currency = rates.currency
            and flows.period_start_on = rates.month
    where
        flows.flow_code = 'M'
        and flows.hs_code in ('270111', '27011100')
        and flows.partner_iso3 in ('PRK', 'MNG', 'RUS', 'VNM')
        and flows.period_end_on = last_day(flows.period_start_on)
    group by flows.partner_iso3, flows.period_start_on
),

both_sources as (
    select * from comtrade
    union all by name
    select * from customs
)

select
    seller_iso3,
    month,
    source_id,
    any_value(value_usd) as value_usd,
    any_value(quantity_t) as quantity_t,
    any_value(value_usd / nullif(quantity_t, 0)) as unit_value_usd_per_t,
    any_value(concat('snapshot ', left(snapshot_sha256, 12), ', line ', line)) as locator,
    max(retrieved_at) as retrieved_at
from both_sources
where seller_iso3 is not null
group by seller_iso3, month, source_id
order by seller_iso3, month, source_id
