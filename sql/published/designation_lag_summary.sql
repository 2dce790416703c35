-- published.designation_lag_summary
-- grain   as_of
-- inputs  network.designation_lag_summary
-- units   months
-- params  none
-- why     a median without its n says nothing

select * from network.designation_lag_summary
