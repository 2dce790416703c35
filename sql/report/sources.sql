-- report.sources
-- grain   source, those that gave nothing or are overdue first
-- inputs  sources_status

select
    sources_status.*,
    case
        when sources_status.is_answered = false then 1
        when sources_status.is_stale then 2
        when sources_status.rows_kept = 0 and not sources_status.is_embedded then 3
        else 4
    end as worry
from sources_status
order by worry, sources_status.source
