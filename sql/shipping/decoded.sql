-- shipping.decoded
-- grain   one row of a file: line
-- inputs  shipping.cells: the cells as written, null where a cell says nothing
-- units   t epoch seconds UTC, the fraction cut off; degrees; knots; metres
-- params  $is_danish: times are day/month/year; $base_station, $coarse: the words in `kind` that
--         mark a shore station and a long-range report
-- why     the slow, exact reading, of rows that the fast one could not take as they stand

with times as (
    select
        *,
        case
            when $is_danish then '^\d{2}/\d{2}/\d{4} \d{2}:\d{2}:\d{2}$'
            -- written out: a cast alone would take "infinity", "epoch" or a bare date
            else '^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(\.\d+)?( ?(Z|UTC|[+-]\d{2}(:?\d{2})?))?$'
        end as form,
        nullif(trim(time_cell), '') as time_text,
        nullif(trim(mmsi_cell), '') as mmsi_text
    from shipping.cells
),

zoned as (
    select
        *,
        coalesce(
            case when zone like '-%' then -1 else 1 end
            * (try_cast(zone[2:3] as bigint) * 3600 + try_cast('0' || zone[4:5] as bigint) * 60),
            0
        ) as zone_s
    from (
        select
            *,
            replace(regexp_extract(substr(time_text, 20), '[+-]\d{2}:?(\d{2})?$'), ':', '') as zone
        from times
    ) as zones
),

numbered as (
    select
        *,
        case
            when regexp_full_match(mmsi_text, '\d{1,10}') then try_cast(mmsi_text as bigint)
        end as mmsi,
        case
            when regexp_matches(time_text, form) and $is_danish
                then epoch_us(try_strptime(time_text, '%d/%m/%Y %H:%M:%S')) // 1000000
            when regexp_matches(time_text, form)
                then epoch_us(try_cast(left(time_text, 19) as timestamp)) // 1000000 - zone_s
            -- seconds or milliseconds since 1970
            when not $is_danish and regexp_full_match(time_text, '\d{9,10}(\.\d*)?')
                then floor(try_cast(time_text as double))::bigint
            when not $is_danish and regexp_full_match(time_text, '\d{12,13}(\.\d*)?')
                then floor(try_cast(time_text as double) / 1000)::bigint
        end as t,
        try_cast(lon_cell as double) as lon,
        try_cast(lat_cell as double) as lat,
        try_cast(sog_kn_cell as double) as sog_kn,
        try_cast(cog_deg_cell as double) as cog_deg,
        try_cast(heading_deg_cell as double) as heading_deg,
        try_cast(draught_m_cell as double) as draught_m,
        try_cast(length_m_cell as double) as length_m,
        try_cast(width_m_cell as double) as width_m
    from zoned
),

checked as (
    select
        *,
        -- the first cell that is no number; one that says nothing is no wrong one
        list_filter(
            [
                struct_pack(name := 'lon', number := lon, cell := lon_cell),
                struct_pack(name := 'lat', number := lat, cell := lat_cell),
                struct_pack(name := 'sog_kn', number := sog_kn, cell := sog_kn_cell),
                struct_pack(name := 'cog_deg', number := cog_deg, cell := cog_deg_cell),
                struct_pack(name := 'heading_deg', number := heading_deg, cell := heading_deg_cell),
                struct_pack(name := 'draught_m', number := draught_m, cell := draught_m_cell),
                struct_pack(name := 'length_m', number := length_m, cell := length_m_cell),
                struct_pack(name := 'width_m', number := width_m, cell := width_m_cell)
            ],
            one -> trim(one.cell) <> '' and not coalesce(isfinite(one.number), false)
        )[1] as wrong
    from numbered
)

select
    line,
    mmsi,
    mmsi_text,
    t,
    time_text,
    $is_danish
    or coalesce(regexp_matches(time_text, form) and time_text similar to '.{19}(\.\d+)?', false)
        as is_naive,
    lon,
    lat,
    sog_kn,
    cog_deg,
    heading_deg,
    draught_m,
    imo_text,
    name_original,
    call_sign,
    ship_type,
    length_m,
    width_m,
    has_position,
    coalesce(upper(trim(kind)) = $base_station, false) as is_base_station,
    coalesce(upper(trim(kind)) = $coarse, false) as is_coarse,
    refused,
    coalesce(bad_column, wrong['name']) as bad_column,
    case when bad_column is not null then bad_value else trim(wrong['cell']) end as bad_value
from checked
order by line
