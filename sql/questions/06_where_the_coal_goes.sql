-- Where did the coal go in each year, and does anybody speak of it?
select
    year,
    destination,
    destination_mean_tonnes / 1e3 as mean_kt,
    range_90_kt,
    is_assumption
from coal_by_destination_annual
order by year asc, mean_kt desc
