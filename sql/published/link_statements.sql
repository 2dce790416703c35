-- published.link_statements
-- grain   statement_id
-- inputs  network.link_statements, network.entities, network.links
-- units   grade 0-1
-- params  none
-- why     every published party and relation shows its statements, and no other statement is shown

with shown as (
    select entity_id as about
    from network.entities
    where is_publishable
    union all
    select link_id as about
    from network.links
    where is_publishable
)

select
    said.statement_id,
    said.about,
    said.kind,
    said.authority,
    said.program,
    said.stated_on as date,
    said.stated_on_precision as date_precision,
    said.is_edition_date,
    said.document,
    said.locator,
    said.read_via,
    said.url,
    said.is_contested,
    said.class,
    said.grade,
    said.note
from network.link_statements as said
inner join shown on said.about = shown.about
where said.kind != 'inferred'
