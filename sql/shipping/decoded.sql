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
        -- a cell that says nothing is no wrong one
        case
            when not coalesce(isfinite(lon), false) and trim(lon_cell) <> '' then 'lon'
            when not coalesce(isfinite(lat), false) and trim(lat_cell) <> '' then 'lat'
            when not coalesce(isfinite(sog_kn), false) and trim(sog_kn_cell) <> '' then 'sog_kn'
            when not coalesce(isfinite(cog_deg), false) and trim(cog_deg_cell) <> '' then 'cog_deg'
            when
                not coalesce(isfinite(heading_deg), false) and trim(heading_deg_cell) <> ''
                then 'heading_deg'
            when
                not coalesce(isfinite(draught_m), false) and trim(draught_m_cell) <> ''
                then 'draught_m'
            when
                not coalesce(isfinite(length_m), false) and trim(length_m_cell) <> ''
                then 'length_m'
            when
                not coalesce(isfinite(width_m), false) and trim(width_m_cell) <> ''
                then 'width_m'
        end as wrong_column
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
    coalesce(bad_column, wrong_column) as bad_column,
    case
        when bad_column is not null then bad_value
        when wrong_column = 'lon' then trim(lon_cell)
        when wrong_column = 'lat' then trim(lat_cell)
        when wrong_column = 'sog_kn' then trim(sog_kn_cell)
        when wrong_column = 'cog_deg' then trim(cog_deg_cell)
        when wrong_column = 'heading_deg' then trim(heading_deg_cell)
        when wrong_column = 'draught_m' then trim(draught_m_cell)
        when wrong_column = 'length_m' then trim(length_m_cell)
        when wrong_column = 'width_m' then trim(width_m_cell)
    end as bad_value
from checked
order by line
