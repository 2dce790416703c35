-- report.origins_all
-- grain   body that first stated a figure, those used most first
-- inputs  origins, figures
-- why     bodies of one root count as one; it is called by the body of its own name, else by the
--         one used most

select
    origins.*,
    count(*) over same_root as n_of_root,
    first_value(origins.name) over (
        partition by origins.root_id
        order by
            origins.origin_id = origins.root_id desc,
            origins.n_used desc,
            origins.n_statements desc,
            origins.name asc
    ) as root_name,
    figures.stream as first_stream
from origins
left join figures on origins.first_observation_id = figures.observation_id
window same_root as (partition by origins.root_id)
order by origins.n_used desc, origins.n_statements desc, origins.name asc
