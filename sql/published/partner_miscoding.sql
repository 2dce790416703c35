-- published.partner_miscoding
-- grain   reporter_iso3, year
-- inputs  facts.miscoding, staged.country_codes
-- units   probability
-- params  none
-- why     a reporter that confuses the two Koreas is untrustworthy in every line of that year

select
    coalesce(codes.iso3, 'M49-' || miscoding.reporter_code) as reporter_iso3,
    miscoding.year,
    miscoding.n_chapters,
    miscoding.value_usd,
    miscoding.p_miscoded,
    miscoding.p_miscoded_low,
    miscoding.p_miscoded_high,
    miscoding.basis
from facts.miscoding as miscoding
left join staged.country_codes as codes
    on miscoding.reporter_code = codes.code
order by reporter_iso3, miscoding.year
