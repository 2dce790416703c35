-- which coal figure enters where, and why the others do not
-- grain   observation_id
-- inputs  ledger: facts.observations of coal; bases: discount_bases.csv
-- params  $first, $last: first and last day estimated; $last_recorded: last day of the record
-- why     a row's site decides which error it carries; a row without one says its reason

with read as (
    select
        ledger.*,
        bases.base,
        kind = 'lower_bound' or coverage != 'whole' as is_floor,
        sector like 'HS2701%' as is_coal,
        sector like 'HS2701%' and counterpart_iso3 in ('WLD', 'CHN') as is_national,
        class in ('customs', 'official') and quantity in ('export_t', 'export_usd') as is_customs,
        coalesce(central, sqrt(low * high), low, high) as middle
    from ledger
    left join bases on ledger.observation_id = bases.observation_id
),

sited as (
    select
        * exclude (middle),
        -- what covers more caps coal at its upper end
        case when coverage = 'more' then coalesce(high, middle) else middle end as value,
        case
            when quantity = 'export_t' and is_floor then 'tonnes_part'
            when quantity = 'export_t' then 'tonnes'
            when quantity = 'export_usd' and coverage = 'more' then 'money_ceiling'
            when quantity = 'export_usd' and is_floor then 'money_part'
            when quantity = 'export_usd' then 'money'
            when quantity in ('vessel_calls', 'loadings') and coverage != 'part' then 'count'
            when quantity = 'shipments' and coverage = 'whole' then 'count'
            when quantity in ('shipments', 'vessel_calls', 'loadings') then 'count_part'
            when quantity = 'cargo_t_per_shipment' and kind != 'lower_bound' then 'lot'
            when quantity = 'price_usd_per_t' then 'price'
            when quantity = 'discount_share' then 'discount'
            -- Chinese prices of coal of the heat value that is sold: one series, whoever prints it
            when
                quantity = 'reference_price_usd_per_t'
                and sector in ('thermal_coal', 'thermal_coal_5500')
                and counterpart_iso3 = 'CHN'
                then 'chinese'
        end as site,
        -- a customs year that the ban cuts short holds nothing after the last recorded day
        window_start_on <= $last_recorded and (
            window_end_on <= $last_recorded
            or (is_customs and window_end_on <= make_date(year($last_recorded), 12, 31))
        ) as is_recorded
    from read
),

roles as (
    select
        *,
        case
            when is_recorded and site != 'lot' then 'record'
            when site in ('tonnes_part', 'money_part', 'count_part') then 'part'
            when site = 'money_ceiling' then 'more'
            else 'whole'
        end as role
    from sited
),

judged as (
    select
        * exclude (reason_not_used),
        case
            when not is_usable then reason_not_used
            when quantity = 'reference_price_usd_per_t' and counterpart_iso3 != 'CHN'
                then 'a world price: it moves the price path and says nothing of DPRK coal'
            when quantity = 'output_t'
                then 'output, not exports: it caps what a year can have exported'
            when site is null
                then 'not in a quantity, unit or scope that the coal model reads'
            when quantity = 'export_t' and kind = 'upper_bound'
                then 'at most so much: no estimator reads a ceiling on tonnes'
            when site = 'discount' and base is null
                then 'cheaper than a price that no series here holds'
            when
                site not in ('lot', 'price', 'discount', 'chinese', 'money_ceiling')
                and not is_national
                then 'not in a quantity, unit or scope that the coal model reads'
            when value is null or value <= 0 then 'not above zero, so it has no logarithm'
            when window_end_on < $first
                then 'its window ends before the first month estimated'
            when window_start_on > $last
                then 'its window starts after the last month estimated'
            when role = 'record' and sector = 'HS27'
                then 'the whole chapter: read beside the anthracite value where they differ'
            when role = 'record' and is_floor
                then 'a part of what customs recorded; the record is read itself'
            when role = 'record' and quantity not in ('export_t', 'export_usd')
                then 'the record prices itself: value over tonnes'
        end as reason_not_used
    from roles
),

-- dollars at a named price restate the tonnes of the same root: they speak of the price alone;
-- where no tonnage of that root and time stands, they are tonnes at that price
restated as (
    select
        valued.observation_id,
        bool_or(stated.observation_id is not null) as is_beside
    from judged as valued
    left join judged as stated
        on
            valued.root_id = stated.root_id
            and valued.window_start_on = stated.window_start_on
            and valued.window_end_on = stated.window_end_on
            and stated.site = 'tonnes'
            and stated.role != 'record'
            and stated.reason_not_used is null
    where
        valued.site = 'money'
        and valued.role != 'record'
        and valued.reason_not_used is null
        and valued.assumed_price_usd_per_t is not null
    group by valued.observation_id
),

chapter as (
    select
        window_start_on,
        window_end_on,
        counterpart_iso3,
        max(value) as chapter_usd
    from judged
    where sector = 'HS27' and quantity = 'export_usd'
    group by all
),

settled as (
    select
        judged.* replace (
            case
                when restated.is_beside then 'price'
                when not restated.is_beside then 'tonnes'
                else judged.site
            end as site,
            case
                when restated.is_beside then judged.assumed_price_usd_per_t
                when not restated.is_beside then judged.value / judged.assumed_price_usd_per_t
                else judged.value
            end as value,
            case when restated.is_beside then 'valuation' else judged.nature end as nature
        ),
        case
            when judged.is_national is not true then null
            when restated.is_beside or judged.quantity = 'price_usd_per_t' then 'price_usd_per_t'
            when not restated.is_beside or judged.quantity = 'export_t' then 'tonnes'
            when judged.quantity = 'export_usd' and judged.concept != 'unsaid' then judged.concept
            when judged.quantity = 'export_usd' then 'gross_fob_usd'
        end as measure,
        case
            when judged.site in ('price', 'discount') then 'price'
            when judged.site not in ('chinese', 'lot') then 'tonnage'
        end as component,
        case
            when judged.quantity = 'export_usd' and judged.sector = 'HS270111'
                then coalesce(chapter.chapter_usd, judged.value)
            else judged.value
        end as chapter_usd
    from judged
    left join restated on judged.observation_id = restated.observation_id
    left join chapter
        on
            judged.window_start_on = chapter.window_start_on
            and judged.window_end_on = chapter.window_end_on
            and judged.counterpart_iso3 = chapter.counterpart_iso3
)

select
    * replace (
        case when reason_not_used is null and role != 'record' then site end as site
    ),
    case
        when site in ('tonnes', 'tonnes_part', 'money', 'money_part', 'money_ceiling')
            then 'amount'
        when site in ('count', 'count_part') then 'count'
        when site in ('price', 'discount', 'chinese') then 'price'
        else site
    end as "group",
    root_id || ' ' || quantity as observer,
    case
        when delivery_point = 'china' then 1.0
        when delivery_point in ('nampo', 'at_sea', 'mine') then 0.0
        else 0.5
    end as is_delivered,
    nature in ('asked', 'listed') as is_asked,
    base = 'chinese' as is_chinese,
    quantity = 'shipments' as is_listed
from settled
order by observation_id
