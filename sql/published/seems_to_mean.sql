-- published.seems_to_mean
-- grain   stream, observation_id, concept
-- inputs  estimates.seems_to_mean, published.figures
-- units   weight as a share
-- params  none
-- why     a source that does not say what its number measures is read as each thing it may mean,
--         and told back which one fits

select
    meanings.stream,
    meanings.observation_id,
    meanings.root_id,
    figures.source_title,
    meanings.concept,
    meanings.weight
from estimates.seems_to_mean as meanings
left join published.figures as figures
    on meanings.observation_id = figures.observation_id
order by meanings.stream asc, meanings.observation_id asc, meanings.weight desc
