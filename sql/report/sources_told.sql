-- report.sources_told
-- grain   one row: how many sources gave what
-- inputs  sources_status

select
    '' as row_key,
    count(*) as n_sources,
    count(*) filter (where asked_at is not null) as n_asked,
    count(*) filter (where asked_at is not null and not is_answered) as n_silent,
    count(*) filter (where is_stale) as n_stale,
    count(*) filter (where rows_kept = 0 and not is_embedded) as n_empty,
    count(*) filter (where is_embedded) as n_embedded,
    sum(rows_quarantined)::bigint as n_refused,
    max(asked_at) as asked_at
from sources_status
