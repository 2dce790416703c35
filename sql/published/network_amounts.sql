-- published.network_amounts
-- grain   amount_id
-- inputs  network.amounts
-- units   nominal USD
-- params  none
-- why     scheme totals are never added per relation

select
    amount_id,
    stream,
    usd,
    bound,
    scope,
    measure,
    parties,
    link_ids,
    statement_id,
    window_start_on,
    window_end_on,
    dated_by,
    held_back,
    note
from network.amounts
