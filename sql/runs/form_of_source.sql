-- whether a source has the form agreed on, and the rows it lost
-- grain   one row, none for a source that has not run
-- params  $source

select
    status,
    contains(status, 'DRIFT') as has_drifted,
    is_stale,
    rows_in - rows_kept - rows_quarantined as rows_lost
from staged.source_runs
where source = $source
