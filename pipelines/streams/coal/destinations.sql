-- what the figures of a year say of where coal went
-- grain   year, destination_iso3
-- inputs  ledger: facts.observations of coal; years: year
-- units   usd declared USD; cases shipments and cargoes
-- params  $most: cases of one count at the most, one observer's choice of where to look
-- why     destinations are estimated from evidence of the year, or marked an assumption

with named as (
    select
        *,
        coalesce(central, low, high) as value
    from ledger
    where
        counterpart_iso3 != 'WLD'
        and sector like 'HS2701%'
        and quantity in ('export_usd', 'export_t', 'cargo_t_per_shipment', 'shipments')
        and kind not in ('structural_zero', 'plan')
        -- a re-export through a third country is kept apart by its sector; a repeat counts once
        and is_used
),

countries as (
    select 'CHN' as destination_iso3
    union
    select counterpart_iso3 from named
)

select
    years.year,
    countries.destination_iso3,
    max(case when named.quantity = 'export_usd' then named.value end) as usd,
    coalesce(sum(case
        when named.quantity = 'shipments' then least(named.value, $most)
        when named.quantity = 'cargo_t_per_shipment' then 1.0
    end), 0.0) as cases,
    count(distinct named.root_id) as n_roots
from years
cross join countries
left join named
    on
        countries.destination_iso3 = named.counterpart_iso3
        and years.year between year(named.window_start_on) and year(named.window_end_on)
group by years.year, countries.destination_iso3
order by years.year, countries.destination_iso3
