-- published.network_amounts
-- grain   amount_id
-- inputs  network.amounts, network.link_statements
-- units   nominal USD
-- params  none
-- why     scheme totals are never added per relation; a sum is shown only with its statement

select
    amounts.amount_id,
    amounts.stream,
    amounts.usd,
    amounts.bound,
    amounts.scope,
    amounts.measure,
    amounts.parties,
    amounts.link_ids,
    amounts.statement_id,
    amounts.window_start_on,
    amounts.window_end_on,
    amounts.dated_by,
    amounts.held_back,
    amounts.note
from network.amounts as amounts
inner join network.link_statements as said on amounts.statement_id = said.statement_id
where said.is_publishable
