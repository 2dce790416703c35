-- A list that changed its form stops here; its older edition carries on.
select
    source,
    status
from staged.source_runs
where contains(status, 'DRIFT') and source in (select unnest($lists))
order by source
