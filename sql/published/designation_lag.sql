-- published.designation_lag
-- grain   entity_id
-- inputs  network.designation_lag
-- units   months
-- params  none
-- why     parties first named by their own designation have no lag to measure

select * from network.designation_lag
