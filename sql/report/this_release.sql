-- report.this_release
-- grain   one row: the newest release
-- inputs  releases
-- units   n_revisions in moves beyond noise

select
    '' as row_key,
    releases.*
from releases
order by releases.sequence desc
limit 1
