-- No relation is shown of a party that is not.
with shown as (
    select entity_id
    from network.entities
    where is_publishable
)

select links.link_id
from network.links as links
where
    links.is_publishable
    and not (
        links.source_id in (select shown.entity_id from shown)
        and links.target_id in (select shown.entity_id from shown)
    )
