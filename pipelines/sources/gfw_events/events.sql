-- gfw_events
-- grain   line: one record of an answer, with the rule that refuses it, if any
-- inputs  records (records.sql)
-- units   UTC instants, degrees, knots, kilometres, hours
-- why     everything is read as text and cast, so a field may change its JSON type

with fields as (
    select
        line,
        nullif(event ->> '$.id', '') as full_id,
        lower(nullif(event ->> '$.type', '')) as event_type,
        case when json_type(datasets) = 'ARRAY' then list_filter(
            json_transform(datasets, '["VARCHAR"]'),
            lambda one: contains(one, '-' || replace(lower(event ->> '$.type'), '_', '-'))
        )[1] end as dataset,
        gfw_instant(event, '$.start') as started_at,
        gfw_instant(event, '$.end') as ended_at,
        gfw_number(event, '$.position.lon') as lon,
        gfw_number(event, '$.position.lat') as lat,
        nullif(event ->> '$.vessel.id', '') as vessel_id,
        gfw_mmsi(event, '$.vessel.ssvid') as vessel_mmsi,
        nfc_normalize(event ->> '$.vessel.name') as vessel_name,
        gfw_iso3(event, '$.vessel.flag') as vessel_flag_iso3,
        nullif(event ->> '$.encounter.vessel.id', '') as other_vessel_id,
        gfw_mmsi(event, '$.encounter.vessel.ssvid') as other_mmsi,
        nfc_normalize(event ->> '$.encounter.vessel.name') as other_name,
        gfw_iso3(event, '$.encounter.vessel.flag') as other_flag_iso3,
        gfw_number(event, '$.encounter.medianDistanceKilometers') as median_distance_km,
        gfw_number(event, '$.encounter.medianSpeedKnots') as median_speed_kn,
        gfw_number(event, '$.loitering.totalTimeHours') as total_hours,
        gfw_number(event, '$.loitering.averageSpeedKnots') as mean_speed_kn,
        gfw_number(event, '$.gap.durationHours') as gap_hours,
        gfw_number(event, '$.gap.distanceKm') as gap_distance_km,
        gfw_number(event, '$.gap.offPosition.lon') as off_lon,
        gfw_number(event, '$.gap.offPosition.lat') as off_lat,
        gfw_number(event, '$.gap.onPosition.lon') as on_lon,
        gfw_number(event, '$.gap.onPosition.lat') as on_lat,
        gfw_boolean(event, '$.gap.intentionalDisabling') as is_intentional,
        gfw_number(event, '$.port_visit.confidence')::bigint as visit_confidence,
        gfw_number(event, '$.port_visit.durationHrs') as visit_hours,
        coalesce(
            event ->> '$.port_visit.intermediateAnchorage.anchorageId',
            event ->> '$.port_visit.startAnchorage.anchorageId'
        ) as anchorage_id,
        coalesce(
            event ->> '$.port_visit.intermediateAnchorage.name',
            event ->> '$.port_visit.startAnchorage.name'
        ) as anchorage_name,
        coalesce(
            gfw_iso3(event, '$.port_visit.intermediateAnchorage.flag'),
            gfw_iso3(event, '$.port_visit.startAnchorage.flag')
        ) as anchorage_flag_iso3,
        coalesce(
            gfw_number(event, '$.port_visit.intermediateAnchorage.lon'),
            gfw_number(event, '$.port_visit.startAnchorage.lon')
        ) as anchorage_lon,
        coalesce(
            gfw_number(event, '$.port_visit.intermediateAnchorage.lat'),
            gfw_number(event, '$.port_visit.startAnchorage.lat')
        ) as anchorage_lat,
        coalesce(
            gfw_boolean(event, '$.port_visit.intermediateAnchorage.atDock'),
            gfw_boolean(event, '$.port_visit.startAnchorage.atDock')
        ) as is_at_dock
    from records
),

named as (
    -- an encounter's two listings differ in the number after the id's last dot
    select
        regexp_replace(full_id, '\.[12]$', '') as event_id,
        * exclude (full_id),
        full_id
    from fields
),

counted as (
    select
        *,
        row_number() over (
            partition by event_id, event_type order by full_id, line
        ) as copy
    from named
)

select
    *,
    case
        when event_id is null or event_type is null then 'not_an_event'
        when event_type not in ('encounter', 'loitering', 'gap', 'port_visit', 'fishing')
            then 'unknown_event_type'
        when started_at is null then 'start_unreadable'
        when ended_at < started_at then 'ends_before_start'
        when lat is null or lon is null or not (abs(lat) <= 90 and abs(lon) <= 180)
            then 'position_unreadable'
        when vessel_id is null and vessel_mmsi is null then 'vessel_missing'
        when copy > 1 then 'listed_per_vessel'
    end as rule
from counted
