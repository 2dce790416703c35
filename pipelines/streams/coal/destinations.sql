-- where coal went: weights of a Dirichlet around what figures of the year say
-- grain   year, destination_iso3 (XXX: any other)
-- inputs  ledger: facts.observations of coal; years: year
-- units   usd declared USD; cases shipments and cargoes; weight in cases
-- params  $most: cases of one count at the most, one observer's choice of where to look;
--         $last_recorded: the year the record stops in; $china, $size: share of China and weight of
--         it all where nothing is said, on record; $china_after, $size_after: the same after it
-- why     destinations are estimated from evidence of the year, or marked an assumption: on record
--         by partners' declared values, afterwards by shipments and cargoes on top of a prior

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
        and is_usable
),

countries as (
    select 'CHN' as destination_iso3
    union
    select counterpart_iso3 from named
    union
    select 'XXX' as destination_iso3
),

said as (
    select
        years.year,
        countries.destination_iso3,
        years.year < $last_recorded as is_recorded,
        case when is_recorded then $china else $china_after end as china,
        countries.destination_iso3 = 'CHN' as is_china,
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
),

-- others beside China, where both are declared
beside as (
    select
        *,
        case
            when is_recorded and not is_china
                then usd / max(case when is_china then usd end) over (partition by year) * china
        end as stated
    from said
),

fitted as (
    select
        *,
        stated * least(
            1.0, 0.9 * (1 - china) / greatest(sum(stated) over (partition by year), 1e-12)
        ) as declared
    from beside
),

shared as (
    select
        *,
        case
            when is_china then china
            when declared is not null then declared
            else
                (1 - china - coalesce(sum(declared) over (partition by year), 0))
                / count(*) filter (where not is_china and declared is null)
                    over (partition by year)
        end as share
    from fitted
)

select
    year,
    destination_iso3,
    case when is_recorded then $size else $size_after end * share
    + case when is_recorded then 0 else cases end as weight,
    n_roots,
    sum(n_roots) over (partition by year) = 0 as is_assumption
from shared
order by year, destination_iso3 = 'XXX', destination_iso3
