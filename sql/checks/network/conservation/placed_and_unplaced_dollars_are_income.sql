-- In every draw, dollars placed and dollars placed on nobody add up to income, to the cent.
select
    stream,
    year,
    largest_miss_usd,
    smallest_usd
from network.conservation
where not (largest_miss_usd < $cent_usd) or smallest_usd < -$cent_usd
