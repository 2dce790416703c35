-- report.claims_all
-- grain   claim and the measure it is held against; newest first within a stream
-- inputs  claims, streams, income_annual
-- units   as each claim states; the Monte Carlo errors are known where it speaks of a whole year

select
    claims.*,
    streams.title,
    streams.colour,
    streams.sort_order,
    income_annual.mcse_q05,
    income_annual.mcse_q50,
    income_annual.mcse_q95
from claims
inner join streams on claims.stream = streams.stream
left join income_annual
    on
        claims.stream = income_annual.stream
        and claims.measure = income_annual.measure
        and claims.window_start_on = make_date(income_annual.year, 1, 1)
        and claims.window_end_on = make_date(income_annual.year, 12, 31)
order by
    streams.sort_order asc, claims.window_start_on desc, claims.claim_id asc, claims.measure asc
