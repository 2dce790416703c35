-- network.our_designations
-- grain   about, authority
-- inputs  network.legal_status, network.entities
-- units   none
-- params  none
-- why     parties of the network by the day of each body's first dated designation; a day known
--         only to the year is no day of a month

select
    ledger.about,
    ledger.authority,
    min(ledger.from_on) as designated_on,
    any_value(parties.schema) as schema,
    any_value(parties.is_bank) as is_bank,
    any_value(parties.country_iso2) as country_iso2,
    first(ledger.program order by ledger.from_on, ledger.status_id)
    filter (where ledger.program is not null) as program
from network.legal_status as ledger
inner join network.entities as parties
    on ledger.about = parties.entity_id and parties.is_publishable
where
    ledger.kind in ('designated', 'identified')
    and ledger.from_on is not null
    and ledger.from_precision != 'year'
group by ledger.about, ledger.authority
