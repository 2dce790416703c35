-- published.reception
-- grain   one cell of half a degree on one UTC day: lat, lon, on_date
-- inputs  shipping.reception
-- units   degrees, ships, hours of the day
-- params  none
-- why     what a silence is judged against: where nobody was heard, silence proves nothing

select * from shipping.reception
order by on_date, lat, lon
