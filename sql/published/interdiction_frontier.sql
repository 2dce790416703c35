-- published.interdiction_frontier
-- grain   k
-- inputs  network.interdiction_frontier
-- units   nominal USD per year
-- params  none
-- why     only dollars that documents place on named parties can be cut here

select
    k,
    cut_usd_q05,
    cut_usd_q10,
    cut_usd_q25,
    cut_usd_q50,
    cut_usd_q75,
    cut_usd_q90,
    cut_usd_q95,
    cut_usd_mean,
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
    greedy_net_cut_usd_mean,
    degree_net_cut_usd_mean,
    betweenness_net_cut_usd_mean,
    hop_distance_net_cut_usd_mean,
    slack,
    first_year,
    last_year,
    draws
from network.interdiction_frontier
