-- report.origins_all
-- grain   body that first stated a figure, those used most first
-- inputs  origins

select origins.*
from origins
order by origins.n_used desc, origins.n_statements desc, origins.name asc
