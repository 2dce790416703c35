-- published.interdiction_frontier
-- grain   k
-- inputs  network.interdiction_frontier
-- units   nominal USD per year
-- params  none
-- why     only dollars that documents place on named parties can be cut here

select * from network.interdiction_frontier
