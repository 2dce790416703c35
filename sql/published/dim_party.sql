-- published.dim_party
-- grain   party_id
-- inputs  published.entities, published.dim_country
-- units   none
-- params  none
-- why     one row for every end of a trail, the one that no document names among them

select
    entities.entity_id as party_id,
    entities.name as party,
    entities.schema,
    entities.stage,
    entities.is_bank,
    entities.bank_size_tier,
    countries.country_iso3,
    entities.is_designated,
    entities.designated_by
from published.entities as entities
left join published.dim_country as countries
    on entities.country_iso2 = countries.country_iso2
union all by name
select
    'UNATTRIBUTED' as party_id,
    'placed on nobody by any document' as party,
    'unattributed' as stage,
    null as schema,
    false as is_bank,
    null as bank_size_tier,
    null as country_iso3,
    false as is_designated,
    null as designated_by
order by party_id
