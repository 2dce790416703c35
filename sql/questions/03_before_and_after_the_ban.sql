-- How much less came in during the three years after the coal ban than in the three before?
select
    before.q50 / 1e6 as before_median_usd_m,
    after.q50 / 1e6 as after_median_usd_m,
    before.q05 / 1e6 as before_low_usd_m,
    before.q95 / 1e6 as before_high_usd_m,
    after.q05 / 1e6 as after_low_usd_m,
    after.q95 / 1e6 as after_high_usd_m
from headline_between(null, null, '2014-08-01', '2017-07-01') as before
cross join headline_between(null, null, '2017-09-01', '2020-08-01') as after
