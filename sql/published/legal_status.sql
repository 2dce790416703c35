-- published.legal_status
-- grain   status_id
-- inputs  network.legal_status, network.link_statements
-- units   none
-- params  none
-- why     what stands against a party is a question of a day; only what may be shown is here

select
    ledger.status_id,
    ledger.about,
    ledger.kind,
    ledger.authority,
    ledger.program,
    ledger.document,
    ledger.document_number,
    ledger.paragraph,
    ledger.from_on,
    ledger.from_precision,
    ledger.known_by_on,
    ledger.to_on,
    ledger.to_precision,
    ledger.ended_by,
    ledger.ended_by_authority,
    ledger.ending_document,
    ledger.ending_url,
    ledger.read_via,
    ledger.read_at,
    ledger.is_contested,
    ledger.is_in_force,
    ledger.as_of
from network.legal_status as ledger
inner join network.link_statements as said on ledger.status_id = said.statement_id
where said.is_publishable
