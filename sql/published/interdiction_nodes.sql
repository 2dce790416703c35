-- published.interdiction_nodes
-- grain   node_id, k
-- inputs  network.interdiction_nodes
-- units   nominal USD per year
-- params  none
-- why     a probability, not a rank: the order of parties is uncertain

select * from network.interdiction_nodes
