-- Workers, wages and what workers do not keep, by host
-- noqa: disable=RF05

select
    year,
    host_iso3 as host,
    round(headcount_q50)::bigint as workers,
    format('{:,}', round(headcount_q05)::bigint) || ' – '
    || format('{:,}', round(headcount_q95)::bigint) as "workers, 90%",
    evidence_grade as "who counted",
    round(wage_usd_per_month_q50)::bigint as "gross wage, USD/month",
    round(state_share_q50, 2) as "share not kept",
    round(take_usd_q50 / 1e6, 1) as "not kept, USD m",
    round(take_usd_q05 / 1e6, 1) || ' – '
    || round(take_usd_q95 / 1e6, 1) as "not kept, 90%, USD m"
from labor_by_host_annual
order by year desc, take_usd_q50 desc
