-- published.links
-- grain   link_id
-- inputs  network.links
-- units   probability 0-1
-- params  none
-- why     each relation shows who asserts it; what only a model infers stays inside

select
    link_id,
    source_id,
    target_id,
    relation,
    relation_type,
    is_channel,
    stream,
    money,
    start_on,
    end_on,
    probability,
    n_origins,
    best_class,
    is_contested,
    note
from network.links
where is_publishable
