-- published.dim_country
-- grain   country_iso3
-- inputs  staged.country_codes, staged.areas
-- units   none
-- params  none
-- why     names for codes, said once; groups have codes of their own

select
    iso3 as country_iso3,
    any_value(country) as country,
    any_value(iso2) as country_iso2,
    any_value(iso2) is not null as is_country
from staged.country_codes
where country is not null
group by iso3
union all by name
select
    area as country_iso3,
    meaning as country,
    null as country_iso2,
    false as is_country
from staged.areas
union all by name
select
    rests.country_iso3,
    rests.country,
    null as country_iso2,
    false as is_country
from (
    values
    ('OTH', 'other countries, not named one by one'),
    ('XXX', 'any other destination')
) as rests (country_iso3, country)
order by country_iso3
