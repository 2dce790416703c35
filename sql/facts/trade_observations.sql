-- facts.trade_observations
-- grain   one declared coal flow out of North Korea, by period and importer: observation_id
-- inputs  facts.trade_flows
-- units   metric tonnes; US dollars as declared (imports CIF)
-- params  $likely: chance of miscoding from which a reporter's line is not used
-- why     customs declarations as statements in the ledger. Values stay as declared: the factor
--         from CIF to FOB is one unknown shared by all importers, drawn once per draw

with coal as (
    select
        source,
        reporter_iso3,
        importer_iso3,
        frequency,
        period_start_on,
        period_end_on,
        sum(value_usd) as value_usd,
        -- a row without a weight makes the sum a part, not the whole
        case when count(quantity_t) = count(*) then sum(quantity_t) end as quantity_t,
        bool_and(kind = 'structural_zero') as is_structural_zero,
        max(p_miscoded) as p_miscoded,
        min(locator) as locator,
        count(*) as n_rows,
        max(retrieved_at) as retrieved_at
    from facts.trade_flows
    where
        counted_in = 'coal'
        and exporter_iso3 = 'PRK'
        and flow_code = 'M'
    group by
        source, reporter_iso3, importer_iso3, frequency, period_start_on, period_end_on
),

-- one origin says the same flow in several places: months before years, customs before compilers
ranked as (
    select
        *,
        row_number() over (
            partition by reporter_iso3, frequency, period_start_on
            order by case source when 'china_customs' then 1 when 'comtrade' then 2 else 3 end
        ) as place,
        count(*) filter (where frequency = 'M' and source != 'baci') over (
            partition by reporter_iso3, year(period_start_on)
        ) as n_month_rows,
        count(distinct case when frequency = 'M' then period_start_on end) over (
            partition by reporter_iso3, year(period_start_on)
        ) as n_months
    from coal
),

stated as (
    select
        *,
        unnest(['export_t', 'export_usd']) as quantity,
        unnest([quantity_t, value_usd]) as stated,
        unnest(['t', 'USD']) as unit
    from ranked
),

judged as (
    select
        concat_ws(
            '-', 'trade', source, lower(reporter_iso3), lower(frequency),
            strftime(period_start_on, '%Y%m'), quantity
        ) as observation_id,
        quantity,
        importer_iso3 as counterpart_iso3,
        'HS2701' as sector,
        period_start_on as window_start_on,
        period_end_on as window_end_on,
        case when is_structural_zero then 'structural_zero' else 'exact' end as kind,
        null::double as low,
        stated as central,
        null::double as high,
        unit,
        case
            when quantity = 'export_t' then 'tonnes'
            -- importers declare with freight and insurance; the compiler takes both out again
            when source = 'baci' then 'gross_fob_usd'
            else 'cif_usd'
        end as concept,
        'whole' as coverage,
        case when source = 'baci' then 'desk' else 'customs' end as class,
        'declared' as declared,
        null::varchar as delivery_point,
        null::varchar as nature,
        null::double as assumed_price_usd_per_t,
        null::bigint as persons,
        null::bigint as stated_year,
        case
            when source = 'baci' then 'cepii-baci'
            when reporter_iso3 = 'CHN' then 'gacc-customs'
            when reporter_iso3 = 'MYS' then 'dosm-customs'
            when reporter_iso3 = 'PHL' then 'psa-customs'
            else 'partner-customs'
        end as origin_id,
        case source
            when 'comtrade' then 'un-comtrade'
            when 'china_customs' then 'china-customs-query'
            else 'cepii-baci'
        end as source_id,
        concat(locator, case when n_rows > 1 then concat(' and ', n_rows - 1, ' more') else '' end)
            as locator,
        retrieved_at,
        case
            when is_structural_zero
                then 'a zero reported under the ban is policy, not measurement'
            when source = 'baci' then 'reconciled from declarations that stand here themselves'
            when place > 1 then 'repeats the same origin''s declaration'
            when frequency = 'A' and n_months = 12
                then 'the sum of twelve months that stand here'
            when frequency = 'A' and n_months > 0
                then 'overlaps months that stand here'
            when p_miscoded >= $likely
                then concat(
                    'the reporter''s North Korea line is probably South Korean trade (chance ',
                    round(p_miscoded, 2), ')'
                )
            when stated = 0 then 'a zero outside the ban; the models work on logarithms'
        end as reason_not_used
    from stated
    where stated is not null
)

select
    * exclude (reason_not_used),
    reason_not_used is null as is_usable,
    reason_not_used
from judged
order by observation_id
