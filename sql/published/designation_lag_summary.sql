-- published.designation_lag_summary
-- grain   as_of
-- inputs  network.designation_lag_summary
-- units   months
-- params  none
-- why     a median without its n says nothing

select
    as_of,
    n,
    median_months,
    median_low,
    median_high,
    n_waiting,
    n_settled
from network.designation_lag_summary
