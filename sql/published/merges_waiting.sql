-- published.merges_waiting
-- grain   left_id, right_id
-- inputs  network.entity_pairs, network.entities
-- units   score 0-100, moved_share 0-1
-- params  none
-- why     a merge that nobody has looked at changes no number

select
    pairs.left_id,
    pairs.right_id,
    pairs.basis,
    pairs.score,
    pairs.moved_share,
    pairs.reason
from network.entity_pairs as pairs
where pairs.outcome = 'waits'
