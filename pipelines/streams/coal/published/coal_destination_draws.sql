-- published.coal_destination_draws
-- grain   destination_iso3, year, draw
-- inputs  estimates.coal_destination_draws
-- units   share of the year's tonnes
-- params  none
-- why     tonnes to any destinations over any window, jointly with the tonnes themselves

select * from estimates.coal_destination_draws
order by destination_iso3, year, draw
