-- No statement of the press or a model about a named party, or a relation of two, is shown.
with nobody as (
    select entity_id
    from network.entities
    where list_contains(string_split(coalesce(topics, ''), ';'), 'unnamed')
),

may_be_said as (
    select entity_id as about
    from nobody
    union all
    select links.link_id
    from network.links as links
    where
        links.source_id in (select nobody.entity_id from nobody)
        or links.target_id in (select nobody.entity_id from nobody)
)

select said.statement_id
from network.link_statements as said
where
    said.is_publishable
    and said.authority in ('PRESS', 'MODEL')
    and said.about not in (select may_be_said.about from may_be_said)
