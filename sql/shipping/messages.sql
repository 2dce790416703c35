-- shipping.messages
-- grain   one record: line
-- inputs  shipping.records: JSON text, one object a row, what damages it already told
-- units   as written
-- why     positions as Global Fishing Watch keeps them (ssvid, timestamp, lat, lon) and as
--         aisstream.io sends them (MetaData and Message) say the same in other words

with found as (
    select
        line,
        case when refused is null and json_valid(record) then record::json end as record,
        refused,
        bad_column,
        bad_value,
        record as written
    from shipping.records
),

parted as (
    select
        *,
        (record ->> '$.MessageType') as message_type,
        case
            when (record ->> '$.MessageType') is not null
                then record -> ('$.Message.' || (record ->> '$.MessageType'))
        end as body
    from found
)

select
    line,
    coalesce(
        (record ->> '$.ssvid'), (record ->> '$.MetaData.MMSI'), (body ->> '$.UserID')
    ) as mmsi_cell,
    regexp_replace(
        coalesce(record ->> '$.timestamp', (record ->> '$.MetaData.time_utc')), ' UTC$', ''
    ) as time_cell,
    coalesce(record ->> '$.lon', (body ->> '$.Longitude')) as lon_cell,
    coalesce(record ->> '$.lat', (body ->> '$.Latitude')) as lat_cell,
    coalesce(record ->> '$.speed', (body ->> '$.Sog')) as sog_kn_cell,
    coalesce(record ->> '$.course', (body ->> '$.Cog')) as cog_deg_cell,
    coalesce(record ->> '$.heading', (body ->> '$.TrueHeading')) as heading_deg_cell,
    (body ->> '$.MaximumStaticDraught') as draught_m_cell,
    (try_cast(body ->> '$.Dimension.A' as double) + try_cast(body ->> '$.Dimension.B' as double))
    ::varchar as length_m_cell,
    (try_cast(body ->> '$.Dimension.C' as double) + try_cast(body ->> '$.Dimension.D' as double))
    ::varchar as width_m_cell,
    nullif(body ->> '$.ImoNumber', '0') as imo_text,
    coalesce(body ->> '$.Name', (record ->> '$.MetaData.ShipName')) as name_original,
    (body ->> '$.CallSign') as call_sign,
    nullif(body ->> '$.Type', '0') as ship_type,
    message_type as kind,
    message_type is null or (body ->> '$.Latitude') is not null as has_position,
    case
        when refused is not null then refused
        when record is null or json_type(record) <> 'OBJECT' then 'unparsable_row'
        when
            message_type is not null
            and (body ->> '$.Latitude') is null
            and (body ->> '$.Name') is null
            and (body ->> '$.CallSign') is null
            then 'message_without_position'
    end as refused,
    case
        when refused is null and (record is null or json_type(record) <> 'OBJECT') then 'record'
        else bad_column
    end as bad_column,
    case
        when refused is null and (record is null or json_type(record) <> 'OBJECT')
            then left(written, 200)
        else bad_value
    end as bad_value
from parted
