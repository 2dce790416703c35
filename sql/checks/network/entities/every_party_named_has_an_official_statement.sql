-- No party is named without an official statement about it.
select parties.entity_id
from network.entities as parties
where
    parties.is_publishable
    and not list_contains(string_split(coalesce(parties.topics, ''), ';'), 'unnamed')
    and not exists (
        select 1
        from network.link_statements as said
        where
            said.about = parties.entity_id
            and said.kind not in (select unnest($asserts_nothing))
            and said.authority not in ('PRESS', 'MODEL')
    )
