-- published.evidence_calibration
-- grain   about, class
-- inputs  network.grade_verdicts
-- units   share 0-1
-- params  none
-- why     why a statement of a class weighs what it weighs

select
    about,
    class,
    rank,
    grade,
    grade_low,
    grade_high,
    n_links,
    n_confirmed,
    confirmed_share,
    confirmed_share_low,
    confirmed_share_high,
    n_with_second_body,
    is_consistent,
    power_too_low,
    power_too_high,
    standing
from network.grade_verdicts
