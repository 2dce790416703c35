-- published.link_statements
-- grain   statement_id
-- inputs  network.link_statements
-- units   grade 0-1
-- params  none
-- why     every published party and relation shows its statements; the press names nobody here

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
    said.witness,
    said.document_number,
    said.is_primary_read,
    said.tracing,
    said.public_on,
    said.class,
    said.grade,
    said.note
from network.link_statements as said
where said.is_publishable
