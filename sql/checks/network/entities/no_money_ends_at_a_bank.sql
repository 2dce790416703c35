-- No money begins or ends at a bank that is not the state's.
select links.link_id
from network.links as links
inner join network.entities as parties on parties.entity_id in (links.source_id, links.target_id)
where
    links.money != 'none'
    and parties.is_bank
    and coalesce(parties.bank_size_tier, '') != 'dprk_bank'
