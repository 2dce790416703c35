-- published.loadings
-- grain   one departure from a coal port that may have been laden: event_id
-- inputs  shipping.loadings
-- units   draughts in metres, cargo in tonnes, p_laden 0 to 1
-- params  none
-- why     each tonne that positions speak for, with what speaks for it; a match by name alone
--         is a lead for the analyst and is not published

select
    event_id,
    vessel_mmsi,
    vessel_imo,
    vessel_name,
    vessel_flag_iso2,
    case when list_match in ('imo_exact', 'mmsi_exact') then list_match end as list_match,
    port_id,
    port_name,
    port_locode,
    is_transit_port,
    arrived_at,
    departed_at,
    dwell_hours,
    draught_in_m,
    draught_out_m,
    draught_source,
    evidence,
    evidence_event_id,
    p_laden,
    method,
    cargo_t_q05,
    cargo_t_q10,
    cargo_t_q25,
    cargo_t_q50,
    cargo_t_q75,
    cargo_t_q90,
    cargo_t_q95,
    cargo_t_mean
from shipping.loadings
order by departed_at, event_id
