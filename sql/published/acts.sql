-- published.acts
-- grain   as_of, act, party_id
-- inputs  network.acts
-- units   nominal USD a year
-- params  none
-- why     a name is no advice: an act must still be open, on that day, for that party

select
    as_of,
    act,
    party_id,
    name,
    schema,
    stage,
    country_iso2,
    is_open,
    closed_by,
    closed_on,
    standing,
    window_first_year,
    window_last_year,
    last_evidence_year,
    streams,
    channels,
    bank_tiers,
    carried_usd_q05,
    carried_usd_q10,
    carried_usd_q25,
    carried_usd_q50,
    carried_usd_q75,
    carried_usd_q90,
    carried_usd_q95,
    carried_usd_mean,
    net_cut_usd_q05,
    net_cut_usd_q10,
    net_cut_usd_q25,
    net_cut_usd_q50,
    net_cut_usd_q75,
    net_cut_usd_q90,
    net_cut_usd_q95,
    net_cut_usd_mean,
    p_in_best_5,
    horizon_months
from network.acts
