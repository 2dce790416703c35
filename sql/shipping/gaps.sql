-- shipping.gaps
-- grain   one silence while others were heard: event_id
-- inputs  shipping.absences
-- units   UTC timestamps; hours; degrees; km; knots; ships on one day
-- why     a ship is silent only where somebody would have heard it: reception is the evidence

select * exclude (is_gap)
from shipping.absences
where is_gap
order by mmsi, segment, off_at
