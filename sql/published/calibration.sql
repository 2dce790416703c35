-- published.calibration
-- grain   stream, quantity
-- inputs  estimates.calibration
-- units   p_value as a chance
-- params  none
-- why     intervals mean what they say only if the sampler finds the truth of made-up worlds

select
    stream,
    quantity,
    n_worlds,
    p_value,
    scored_at,
    is_embedded,
    is_current
from estimates.calibration
order by stream, quantity
