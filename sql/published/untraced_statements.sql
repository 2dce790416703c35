-- published.untraced_statements
-- grain   statement_id
-- inputs  network.link_statements
-- units   none
-- params  none
-- why     what cannot be traced is listed, not hidden

select
    statement_id,
    about,
    kind,
    authority,
    document,
    stated_on as date,
    stated_on_precision as date_precision,
    read_via,
    url as read_at,
    tracing
from network.link_statements
where is_publishable and tracing = 'untraced'
