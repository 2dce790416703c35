-- published.entities
-- grain   entity_id
-- inputs  network.entities
-- units   none
-- params  none
-- why     persons only where a list, a court, a prosecutor or a UN report names them

select
    entity_id,
    schema,
    name,
    aliases,
    stage,
    is_bank,
    bank_size_tier,
    country_iso2,
    imo_number,
    registration_number,
    bic,
    topics,
    list_key as list_entries,
    designated_by is not null as is_designated,
    designated_on,
    designated_by,
    is_designation_undated,
    n_rows,
    note
from network.entities
where is_publishable
