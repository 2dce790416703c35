-- report.destinations
-- grain   year, destination; the latest year and the largest share first
-- inputs  coal_destination_annual
-- units   share of tonnes

select
    destinations.*,
    destinations.year || '-' || destinations.destination_iso3 as place
from coal_destination_annual as destinations
order by
    destinations.year desc, destinations.share_q50 desc nulls last,
    destinations.destination_iso3 asc
