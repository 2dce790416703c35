-- No relation is shown that only the press or a model asserts, or nobody; the press may speak of
-- parties that are not named.
select links.link_id
from network.links as links
where
    links.is_publishable
    and not exists (
        select 1
        from network.link_statements as said
        where
            said.about = links.link_id
            and said.kind not in (select unnest($asserts_nothing))
            and (
                said.authority not in ('PRESS', 'MODEL')
                or exists (
                    select 1
                    from network.entities as named
                    where
                        named.entity_id in (links.source_id, links.target_id)
                        and list_contains(string_split(coalesce(named.topics, ''), ';'), 'unnamed')
                )
            )
    )
