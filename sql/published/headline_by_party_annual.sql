-- published.headline_by_party_annual
-- grain   stream, year, party_id
-- inputs  published.attribution_annual, published.headline_annual, published.dim_party
-- units   nominal USD
-- params  none
-- why     dollars that pass a party and dollars that end at one must not be added; only the ends

select
    attribution.stream,
    attribution.year,
    attribution.node_id as party_id,
    parties.party,
    attribution.stage,
    attribution.ended_usd_mean as ended_mean_usd
from published.attribution_annual as attribution
inner join published.headline_annual as annual
    on attribution.stream = annual.stream and attribution.year = annual.year
left join published.dim_party as parties
    on attribution.node_id = parties.party_id
order by attribution.stream, attribution.year, attribution.node_id
