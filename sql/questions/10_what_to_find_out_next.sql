-- Which fact that somebody could obtain would tell most about the last complete year?
select
    stream,
    datum,
    rank,
    1 - expected_width_ratio as narrower_share
from value_of_information
where year = (select max(known.year) from value_of_information as known)
order by expected_width_ratio
limit 10
