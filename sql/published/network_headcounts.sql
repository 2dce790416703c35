-- published.network_headcounts
-- grain   headcount_id
-- inputs  staged.network_headcounts
-- units   persons
-- params  none
-- why     labor reaches employers by workers, not by dollars nobody published

select
    headcount_id,
    employer_id,
    host_iso3,
    workers_low,
    workers,
    workers_high,
    bound,
    window_start_on,
    window_end_on,
    statement_id,
    pay_to_dprk_side_per_month,
    pay_currency,
    pay_kept_by_worker_per_month,
    note
from staged.network_headcounts
