-- published.missile_tests_yearly
-- grain   count_id
-- inputs  staged.missile_tests_yearly
-- units   counts
-- params  none
-- why     a conflict between counts is shown, not settled

select
    count_id,
    year,
    missiles,
    launch_events,
    source,
    url
from staged.missile_tests_yearly
