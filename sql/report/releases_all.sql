-- report.releases_all
-- grain   one release, newest first
-- inputs  releases

select releases.*
from releases
order by releases.sequence desc
