-- published.trade_flows
-- grain   flow_id
-- inputs  facts.trade_flows
-- units   US dollars, metric tonnes
-- params  none
-- why     what partners declared, with what speaks against adding or believing each line

select * from facts.trade_flows
order by flow_id
