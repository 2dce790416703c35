-- published.interdiction_sensitivity
-- grain   scenario, k
-- inputs  network.interdiction_sensitivity
-- units   nominal USD per year
-- params  none
-- why     how far the answer hangs on judged settings

select
    scenario,
    k,
    net_cut_usd_q05,
    net_cut_usd_q10,
    net_cut_usd_q25,
    net_cut_usd_q50,
    net_cut_usd_q75,
    net_cut_usd_q90,
    net_cut_usd_q95,
    net_cut_usd_mean,
    attributed_usd_mean,
    chosen,
    method,
    is_proven,
    gap_usd,
    slack,
    first_year,
    last_year,
    draws
from network.interdiction_sensitivity
