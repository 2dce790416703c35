-- shipping.candidates
-- grain   one departure from a coal port that may have been laden: event_id
-- inputs  port_calls, absences, gfw_events, vessels, ports
-- units   UTC timestamps; hours; metres of draught; degrees; km
-- params  $loaded_m: smallest change of draught that tells; $least_dwell_hours: shortest stay or
--         silence; $dark_km: how near a coal port a silence begins and ends; $voyage_days: longest
--         voyage to the next call, whose draught still tells
-- why     three kinds of evidence: a call whose draughts, or the next call's, tell; a silence near
--         a coal port after which the ship lies deeper; a visit that Global Fishing Watch lists and
--         our positions do not. A draught that never moves was not typed anew: it tells nothing

with coal as (
    select *
    from ports
    where is_coal_port
),

calls as (
    select
        *,
        lead(draught_in_m) over (partition by mmsi, segment order by entered_at) as next_draught_m,
        lead(entered_at) over (partition by mmsi, segment order by entered_at)
        <= left_at + to_days($voyage_days) as is_next_in_time,
        coalesce(abs(draught_out_m - draught_in_m) < $loaded_m, true) as is_unchanged
    from port_calls
),

called as (
    select
        *,
        coalesce(
            is_unchanged and is_next_in_time and abs(next_draught_m - draught_in_m) >= $loaded_m,
            false
        ) as is_told_later
    from calls
    -- a ship still in port has not left, laden or not
    where not is_open and dwell_hours >= $least_dwell_hours
),

-- silences near a coal port, each with the nearest
dark as (
    select
        absences.*,
        coal.port_id as near_port_id,
        sqrt(
            ((absences.off_lat - coal.lat) * 111.195) ** 2
            + ((absences.off_lon - coal.lon) * 111.195 * cos(radians(coal.lat))) ** 2
        ) as off_km,
        sqrt(
            ((absences.on_lat - coal.lat) * 111.195) ** 2
            + ((absences.on_lon - coal.lon) * 111.195 * cos(radians(coal.lat))) ** 2
        ) as on_km
    from absences
    cross join coal
    where
        not absences.is_open
        and absences.port_id is null
        and absences.gap_hours >= $least_dwell_hours
        and greatest(off_km, on_km) <= $dark_km
    qualify row_number() over (
        partition by absences.event_id order by off_km + on_km, coal.port_id
    ) = 1
),

deeper as (
    select
        dark.*,
        coalesce(before.draught_out_m, before.draught_in_m) as before_draught_m,
        after.draught_in_m as after_draught_m
    from dark
    asof inner join port_calls as before
        on
            dark.mmsi = before.mmsi
            and dark.segment = before.segment
            and dark.off_at >= before.left_at
    asof inner join port_calls as after
        on
            dark.mmsi = after.mmsi
            and dark.segment = after.segment
            and dark.on_at <= after.entered_at
    where
        dark.off_at <= before.left_at + to_days($voyage_days)
        and after.entered_at <= dark.on_at + to_days($voyage_days)
        and after_draught_m - before_draught_m >= $loaded_m
        -- the next call must not itself be the loading
        and after.port_id not in (select coal.port_id from coal)
    -- one loading between two calls, however many silences: the longest
    qualify row_number() over (
        partition by dark.mmsi, dark.segment, before.left_at, after.entered_at
        order by dark.gap_hours desc, dark.event_id asc
    ) = 1
),

seen as (
    select
        left(sha256('loading:' || event_id), 20) as event_id,
        mmsi as vessel_mmsi,
        null as gfw_name,
        port_id,
        entered_at as arrived_at,
        left_at as departed_at,
        dwell_hours,
        draught_in_m,
        case
            when is_told_later then next_draught_m
            when not is_unchanged then draught_out_m
        end as draught_out_m,
        case
            when is_told_later then 'next_call'
            when not is_unchanged then 'reported'
            else 'none'
        end as draught_source,
        'port_call' as evidence,
        event_id as evidence_event_id
    from called
    union all
    select
        left(sha256('loading:' || event_id), 20) as event_id,
        mmsi as vessel_mmsi,
        null as gfw_name,
        near_port_id as port_id,
        off_at as arrived_at,
        on_at as departed_at,
        null as dwell_hours,
        before_draught_m as draught_in_m,
        after_draught_m as draught_out_m,
        'across_gap' as draught_source,
        'gap' as evidence,
        event_id as evidence_event_id
    from deeper
),

visits as (
    select
        events.*,
        coal.port_id,
        sqrt(
            ((coalesce(events.anchorage_lat, events.lat) - coal.lat) * 111.195) ** 2
            + (
                (coalesce(events.anchorage_lon, events.lon) - coal.lon)
                * 111.195 * cos(radians(coal.lat))
            ) ** 2
        ) as port_km
    from gfw_events as events
    cross join coal
    where
        events.event_type = 'port_visit'
        and events.visit_confidence >= 3
        and events.ended_at is not null
        and port_km <= coal.r_out_km
    qualify row_number() over (partition by events.event_id order by port_km, coal.port_id) = 1
),

found as (
    select *
    from seen
    union all
    select
        left(sha256('loading-gfw:' || visits.event_id), 20) as event_id,
        visits.vessel_mmsi,
        visits.vessel_name as gfw_name,
        visits.port_id,
        visits.started_at as arrived_at,
        visits.ended_at as departed_at,
        (epoch_us(visits.ended_at) - epoch_us(visits.started_at)) // 1000000 / 3600 as dwell_hours,
        null as draught_in_m,
        null as draught_out_m,
        'none' as draught_source,
        'gfw_port_visit' as evidence,
        visits.event_id as evidence_event_id
    from visits
    anti join seen
        on
            visits.vessel_mmsi = seen.vessel_mmsi
            and seen.arrived_at <= visits.ended_at
            and visits.started_at <= seen.departed_at
),

deepest as (
    select
        mmsi,
        max(greatest(draught_in_m, draught_out_m)) as draught_m
    from port_calls
    group by mmsi
)

select
    found.event_id,
    found.vessel_mmsi,
    vessels.vessel_imo,
    coalesce(vessels.name, found.gfw_name) as vessel_name,
    vessels.flag_iso2 as vessel_flag_iso2,
    vessels.list_match,
    found.port_id,
    coal.name as port_name,
    coal.locode as port_locode,
    coal.is_transit_port,
    found.arrived_at,
    found.departed_at,
    found.dwell_hours,
    found.draught_in_m,
    found.draught_out_m,
    found.draught_source,
    found.evidence,
    found.evidence_event_id,
    case
        when found.draught_out_m - found.draught_in_m >= $loaded_m then 1
        when found.draught_out_m - found.draught_in_m <= -$loaded_m then 0
    end as p_laden,
    vessels.length_m,
    vessels.beam_m,
    greatest(
        vessels.design_draught_m, deepest.draught_m, found.draught_in_m, found.draught_out_m
    ) as design_draught_m,
    vessels.dwt_t
from found
inner join coal on found.port_id = coal.port_id
left join vessels on found.vessel_mmsi = vessels.vessel_mmsi
left join deepest on found.vessel_mmsi = deepest.mmsi
where coalesce(vessels.is_cargo, true)
order by found.departed_at, found.event_id
