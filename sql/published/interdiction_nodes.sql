-- published.interdiction_nodes
-- grain   node_id, k
-- inputs  network.interdiction_nodes
-- units   nominal USD per year
-- params  none
-- why     a probability, not a rank: the order of parties is uncertain

select
    node_id,
    k,
    name,
    schema,
    stage,
    p_in_best_k,
    is_in_best_set,
    net_cut_alone_usd_mean,
    is_designated,
    designated_on,
    degree_rank,
    betweenness_rank,
    hop_distance_rank
from network.interdiction_nodes
