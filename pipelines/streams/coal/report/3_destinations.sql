-- Destinations by year: share of tonnes, 90% interval; yes in the last column: nobody speaks of it
-- noqa: disable=RF05

select
    year,
    destination_iso3 as destination,
    round(share_q50, 3) as "share, median",
    round(share_q05, 3) as low,
    round(share_q95, 3) as high,
    n_origins as roots,
    is_assumption as assumed
from coal_destination_annual
order by year desc, share_q50 desc nulls last, destination asc
