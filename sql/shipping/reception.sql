-- shipping.reception
-- grain   one cell of half a degree on one UTC day: lat, lon, on_date
-- inputs  shipping.all_reception
-- units   degrees of the cell's south-west corner; ships; hours of the day
-- why     who was heard where and when: what a silence is judged against

select
    (cell // 720)::double / 2 - 90 as lat,
    (cell % 720)::double / 2 - 180 as lon,
    ('1970-01-01'::date + day::integer) as on_date,
    ships as n_ships,
    bit_count(any_hours)::bigint as heard_hours,
    bit_count(shared_hours)::bigint as shared_hours
from shipping.all_reception
order by lat, lon, on_date
