-- What each reporter says it bought from either Korea in a year, by HS chapter.
-- grain   reporter_code, partner_code, year, hs_code
-- inputs  staged.comtrade
-- units   value_usd in USD
-- why     a basket of goods tells which Korea a reporter meant

select
    reporter_code,
    partner_code,
    year(period_start_on)::bigint as year,
    hs_code,
    sum(value_usd) as value_usd
from staged.comtrade
where
    frequency = 'A' and flow_code = 'M' and hs_level = 2
    and partner2_code = 0 and customs_code = 'C00' and mode_of_transport_code = 0
    and partner_code in (408, 410)
group by reporter_code, partner_code, year, hs_code
