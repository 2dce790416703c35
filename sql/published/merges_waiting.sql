-- published.merges_waiting
-- grain   left_id, right_id
-- inputs  network.entity_pairs, network.entities
-- units   score 0-100, moved_share 0-1
-- params  none
-- why     a merge that nobody has looked at changes no number; only parties that may be shown

select
    pairs.left_id,
    pairs.right_id,
    pairs.left_name,
    pairs.right_name,
    pairs.left_list,
    pairs.right_list,
    pairs.basis,
    pairs.score,
    pairs.moved_share,
    pairs.reason
from network.entity_pairs as pairs
inner join network.entities as one on pairs.left_head = one.entity_id
inner join network.entities as other on pairs.right_head = other.entity_id
where
    pairs.outcome = 'waits'
    and one.is_publishable
    and other.is_publishable
