-- facts.trade_flows
-- grain   one declared flow with North Korea on one side: flow_id
-- inputs  staged.comtrade, staged.china_customs, staged.baci, staged.country_codes,
--         staged.fx_monthly, facts.reference_prices, facts.miscoding
-- units   US dollars of the period, metric tonnes
-- params  $ban_on, $china_suspension_on: days after which a declared zero of coal is policy;
--         $cif_fob_log_mean, $cif_fob_log_sd, $coal_cif_fob_log_mean, $coal_cif_fob_log_sd: log of
--         CIF over FOB value; $unit_value_ratio_low, $unit_value_ratio_high: bounds of declared
--         over reference price outside which a row is flagged
-- why     everything partners declared is kept; what must not be added up says so in
--         reason_not_counted, and how likely the line is South Korean stands beside it

with comtrade as (
    select
        'comtrade' as source,
        flows.reporter_code,
        coalesce(reporters.iso3, flows.reporter_iso3, 'M49-' || flows.reporter_code)
            as reporter_iso3,
        coalesce(partners.iso3, flows.partner_iso3, 'M49-' || flows.partner_code)
            as partner_iso3,
        flows.reporter_code = 408 as is_own_declaration,
        flows.flow_code,
        flows.flow_code in ('M', 'FM', 'RM', 'MIP', 'MOP') as is_import,
        flows.frequency,
        flows.period_start_on,
        flows.period_end_on,
        flows.hs_edition,
        flows.hs_code,
        flows.hs_level,
        flows.value_usd,
        flows.quantity_t,
        flows.quantity_basis,
        false as is_declared_zero,
        case
            when flows.flow_code in ('RM', 'RX')
                then 're-trade, already inside the reporter''s M or X'
            when flows.flow_code not in ('M', 'X') then 'part of the reporter''s M or X'
            when
                flows.partner2_code != 0
                or flows.customs_code != 'C00'
                or flows.mode_of_transport_code != 0
                or flows.mode_of_supply_code != '0'
                then 'breakdown of a total by second partner, transport or procedure'
            when flows.partner_code = 0 then 'the world, not one partner'
        end as left_out,
        concat_ws(
            '/', flows.partner2_code, flows.customs_code, flows.mode_of_transport_code,
            flows.mode_of_supply_code
        ) as breakdown,
        flows.snapshot_sha256,
        flows.file,
        flows.line,
        flows.retrieved_at
    from staged.comtrade as flows
    left join staged.country_codes as reporters
        on flows.reporter_code = reporters.code
    left join staged.country_codes as partners
        on flows.partner_code = partners.code
    where 408 in (flows.reporter_code, flows.partner_code)
),

-- customs rows by trade mode or place are parts when the plain row is there too
china as (
    select
        'china_customs' as source,
        156 as reporter_code,
        'CHN' as reporter_iso3,
        'PRK' as partner_iso3,
        false as is_own_declaration,
        flows.flow_code,
        flows.flow_code = 'M' as is_import,
        'M' as frequency,
        flows.period_start_on,
        flows.period_end_on,
        'HS8-CN' as hs_edition,
        flows.hs_code,
        length(flows.hs_code) as hs_level,
        case flows.currency
            when 'USD' then flows.value
            else flows.value / rates.per_usd
        end as value_usd,
        flows.quantity_t,
        case when flows.quantity_t is null then 'missing' else 'quantity_kg' end
            as quantity_basis,
        flows.is_declared_zero,
        case
            when
                coalesce(flows.trade_mode, flows.registered_place) is not null
                and bool_or(coalesce(flows.trade_mode, flows.registered_place) is null) over same
                then 'breakdown of a total by trade mode or place'
            when
                flows.currency = 'CNY'
                and bool_or(flows.currency = 'USD') over same
                then 'the same flow in yuan'
        end as left_out,
        concat_ws(
            '/', coalesce(flows.trade_mode, ''), coalesce(flows.registered_place, ''),
            flows.currency
        ) as breakdown,
        flows.snapshot_sha256,
        flows.file,
        flows.line,
        flows.retrieved_at
    from staged.china_customs as flows
    left join staged.fx_monthly as rates
        on
            flows.currency = rates.currency
            and flows.period_start_on = rates.month
    where flows.partner_iso3 = 'PRK'
    window same as (
        partition by flows.flow_code, flows.period_start_on, flows.period_end_on, flows.hs_code
    )
),

baci as (
    select
        'baci' as source,
        case flows.exporter_code when 408 then flows.importer_code else flows.exporter_code end
            as reporter_code,
        coalesce(codes.iso3, 'M49-' || reporter_code) as reporter_iso3,
        'PRK' as partner_iso3,
        false as is_own_declaration,
        case flows.exporter_code when 408 then 'M' else 'X' end as flow_code,
        flows.exporter_code = 408 as is_import,
        'A' as frequency,
        make_date(flows.year, 1, 1) as period_start_on,
        make_date(flows.year, 12, 31) as period_end_on,
        flows.hs_edition,
        flows.hs_code,
        6 as hs_level,
        flows.value_usd,
        flows.quantity_t,
        case when flows.quantity_t is null then 'missing' else 'net_weight_estimated' end
            as quantity_basis,
        false as is_declared_zero,
        null as left_out,
        '' as breakdown,
        flows.snapshot_sha256,
        flows.file,
        flows.line,
        flows.retrieved_at
    from staged.baci as flows
    left join staged.country_codes as codes
        on
            case flows.exporter_code when 408 then flows.importer_code else flows.exporter_code end
            = codes.code
    where 408 in (flows.exporter_code, flows.importer_code)
),

declared as (
    select * from comtrade
    union all by name
    select * from china
    union all by name
    select * from baci
),

placed as (
    select
        *,
        hs_code like '2701%' as is_coal,
        case when is_import then partner_iso3 else reporter_iso3 end as exporter_iso3,
        case when is_import then reporter_iso3 else partner_iso3 end as importer_iso3
    from declared
),

-- one HS edition and one level of detail: the newest edition, the shortest code of the heading
levelled as (
    select
        *,
        max(hs_edition) filter (where left_out is null) over flow as edition_counted,
        min(hs_level) filter (where left_out is null and is_coal) over edition as coal_level
    from placed
    window
        flow as (
            partition by
                source, reporter_iso3, partner_iso3, flow_code, frequency, period_start_on
        ),
        edition as (
            partition by
                source, reporter_iso3, partner_iso3, flow_code, frequency, period_start_on,
                hs_edition
        )
),

judged as (
    select
        * exclude (left_out),
        coalesce(
            left_out,
            case
                when hs_edition != edition_counted then 'older HS edition of the same report'
                when is_coal and hs_level > coal_level then 'inside its heading, which is counted'
                when not is_coal and hs_level != 2 then 'inside its chapter'
            end
        ) as reason_not_counted
    from levelled
),

periods as (
    select distinct
        period_start_on,
        period_end_on
    from placed
),

-- monthly prices where the sheet is there, else yearly means
yardstick as (
    select
        flows.period_start_on,
        flows.period_end_on,
        coalesce(
            avg(prices.price_usd_per_t) filter (where prices.source_id = 'worldbank-pink-sheet'),
            avg(prices.price_usd_per_t)
        ) as reference_price_usd_per_t
    from periods as flows
    inner join facts.reference_prices as prices
        on
            prices.series = 'AUS_thermal_coal'
            and flows.period_start_on <= prices.window_end_on
            and prices.window_start_on <= flows.period_end_on
    group by flows.period_start_on, flows.period_end_on
),

valued as (
    select
        judged.*,
        judged.is_import and judged.source != 'baci' as is_cif,
        judged.value_usd / nullif(judged.quantity_t, 0) as unit_value_usd_per_t,
        case when judged.is_coal then yardstick.reference_price_usd_per_t end
            as reference_price_usd_per_t,
        case
            when not is_cif then 0
            when judged.is_coal then $coal_cif_fob_log_mean
            else $cif_fob_log_mean
        end::double as cif_fob_log_mean,
        case
            when not is_cif then 0
            when judged.is_coal then $coal_cif_fob_log_sd
            else $cif_fob_log_sd
        end::double as cif_fob_log_sd
    from judged
    left join yardstick
        on
            judged.period_start_on = yardstick.period_start_on
            and judged.period_end_on = yardstick.period_end_on
)

select
    concat_ws(
        '_', valued.source, valued.reporter_iso3, valued.partner_iso3, valued.flow_code,
        valued.frequency, strftime(valued.period_start_on, '%Y%m'), valued.hs_edition,
        valued.hs_code, nullif(valued.breakdown, '')
    ) as flow_id,
    valued.source,
    valued.reporter_iso3,
    valued.exporter_iso3,
    valued.importer_iso3,
    valued.flow_code,
    valued.frequency,
    valued.period_start_on,
    valued.period_end_on,
    valued.hs_edition,
    valued.hs_code,
    valued.hs_level::bigint as hs_level,
    case
        when
            valued.is_coal
            and valued.exporter_iso3 = 'PRK'
            and (valued.is_declared_zero or valued.value_usd = 0)
            and (
                valued.period_start_on > $ban_on
                or (valued.importer_iso3 = 'CHN' and valued.period_start_on > $china_suspension_on)
            )
            then 'structural_zero'
        else 'exact'
    end as kind,
    valued.value_usd,
    case when valued.is_cif then 'CIF' else 'FOB' end as valuation,
    valued.cif_fob_log_mean,
    valued.cif_fob_log_sd,
    valued.value_usd / exp(valued.cif_fob_log_mean + 1.6449 * valued.cif_fob_log_sd)
        as value_fob_usd_q05,
    valued.value_usd / exp(valued.cif_fob_log_mean) as value_fob_usd_q50,
    valued.value_usd / exp(valued.cif_fob_log_mean - 1.6449 * valued.cif_fob_log_sd)
        as value_fob_usd_q95,
    valued.quantity_t,
    valued.quantity_basis,
    valued.unit_value_usd_per_t,
    valued.reference_price_usd_per_t,
    valued.unit_value_usd_per_t / valued.reference_price_usd_per_t as unit_value_ratio,
    (
        valued.unit_value_usd_per_t / valued.reference_price_usd_per_t < $unit_value_ratio_low
        or valued.unit_value_usd_per_t / valued.reference_price_usd_per_t > $unit_value_ratio_high
    ) as is_unit_value_suspect,
    miscoding.p_miscoded,
    miscoding.p_miscoded_low,
    miscoding.p_miscoded_high,
    case
        when valued.reason_not_counted is null and valued.is_coal then 'coal'
        when valued.reason_not_counted is null then 'chapters'
    end as counted_in,
    valued.reason_not_counted,
    valued.snapshot_sha256,
    concat(
        'snapshot ', left(valued.snapshot_sha256, 12), ', ', valued.file, ', row ', valued.line
    ) as locator,
    valued.retrieved_at
from valued
left join facts.miscoding as miscoding
    on
        valued.reporter_code = miscoding.reporter_code
        and year(valued.period_start_on) = miscoding.year
        and not valued.is_own_declaration
order by flow_id
