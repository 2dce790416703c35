-- report.conflicts_all
-- grain   figure outside the 90% interval of what it measures, the most influential first
-- inputs  conflicts, figures

select
    conflicts.*,
    figures.source_title,
    figures.source_url,
    figures.counterpart_iso3,
    figures.reason_not_used
from conflicts
left join figures on conflicts.observation_id = figures.observation_id
order by conflicts.rank
