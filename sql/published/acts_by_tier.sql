-- published.acts_by_tier
-- grain   as_of, act, bank_tier
-- inputs  network.acts_by_tier
-- units   nominal USD a year
-- params  none
-- why     small banks are the question: what runs beside each tier is said, and how little it is

select
    as_of,
    act,
    bank_tier,
    n_parties,
    net_cut_usd_q05,
    net_cut_usd_q10,
    net_cut_usd_q25,
    net_cut_usd_q50,
    net_cut_usd_q75,
    net_cut_usd_q90,
    net_cut_usd_q95,
    net_cut_usd_mean
from network.acts_by_tier
