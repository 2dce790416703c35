-- Which parties does the money end at by any document, and how much is placed on nobody?
select
    parties.party,
    parties.stage,
    countries.country,
    parties.is_designated,
    sum(ended.ended_mean_usd) / 1e6 as mean_usd_m
from headline_by_party_annual as ended
inner join dim_party as parties on ended.party_id = parties.party_id
left join dim_country as countries on parties.country_iso3 = countries.country_iso3
group by all
order by mean_usd_m desc
