-- No person is shown without a list, a court, a prosecutor or a UN report.
select parties.entity_id
from network.entities as parties
where
    parties.is_publishable
    and parties.schema = 'Person'
    and not exists (
        select 1
        from network.link_statements as said
        where
            said.about = parties.entity_id
            and said.kind not in (select unnest($asserts_nothing))
            and said.authority in (select unnest($person_authorities))
    )
