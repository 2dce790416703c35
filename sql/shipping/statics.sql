-- shipping.statics
-- grain   one set of particulars of one ship in one file
-- inputs  shipping.particulars: the sets as written, each once, with when and how often
-- units   metres; epoch seconds; flags is a sum of bits
-- params  $bit_imo_invalid, $bit_identity_change: as in pipelines/reference/ais_rules.csv
-- why     a ship says who she is in many messages; a number that fails its check digit and a
--         second name under one MMSI are marked, not dropped

with trimmed as (
    select
        mmsi,
        length_m,
        width_m,
        draught_max_m,
        first_t,
        last_t,
        reports,
        line,
        nullif(trim(imo_text), '') as imo_text,
        case when trim(name_original) <> '' then name_original end as name_original,
        nullif(trim(call_sign), '') as call_sign,
        nullif(trim(ship_type), '') as ship_type
    from shipping.particulars
),

given as (
    select
        mmsi,
        imo_text,
        name_original,
        call_sign,
        ship_type,
        length_m,
        width_m,
        max(draught_max_m) as draught_max_m,
        min(first_t) as first_t,
        max(last_t) as last_t,
        sum(reports)::bigint as reports,
        min(line) as line
    from trimmed
    where coalesce(imo_text, name_original, call_sign, ship_type) is not null
    group by mmsi, imo_text, name_original, call_sign, ship_type, length_m, width_m
),

numbers as (
    select
        *,
        try_cast(regexp_extract(imo_text, '^(?:IMO ?)?0*(\d{7})$', 1) as bigint) as imo,
        imo_text is not null and not regexp_full_match(imo_text, '(IMO ?)?0*') as has_imo
    from given
),

checked as (
    select
        *,
        coalesce(
            (
                imo // 1000000 % 10 * 7 + imo // 100000 % 10 * 6 + imo // 10000 % 10 * 5
                + imo // 1000 % 10 * 4 + imo // 100 % 10 * 3 + imo // 10 % 10 * 2
            ) % 10 = imo % 10,
            false
        ) as is_right
    from numbers
),

changed as (
    select mmsi
    from checked
    group by mmsi
    having count(distinct imo) > 1 or count(distinct upper(trim(name_original))) > 1
)

select
    checked.mmsi,
    checked.imo_text,
    case when checked.has_imo then checked.imo end as imo_number,
    case when checked.has_imo then checked.is_right end as is_imo_valid,
    nfc_normalize(trim(checked.name_original)) as name,
    checked.name_original,
    checked.call_sign,
    checked.ship_type,
    checked.length_m,
    checked.width_m,
    checked.draught_max_m,
    checked.first_t,
    checked.last_t,
    checked.reports,
    checked.line,
    case when checked.has_imo and not checked.is_right then $bit_imo_invalid else 0 end
    + case when changed.mmsi is not null then $bit_identity_change else 0 end as flags
from checked
left join changed on checked.mmsi = changed.mmsi
order by checked.mmsi, checked.first_t, checked.line
