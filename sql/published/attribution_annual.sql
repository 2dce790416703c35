-- published.attribution_annual
-- grain   stream, year, node_id
-- inputs  network.attribution_annual
-- units   nominal USD
-- params  none
-- why     what no document covers stays on UNATTRIBUTED

select * from network.attribution_annual
