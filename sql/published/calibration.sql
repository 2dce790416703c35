-- published.calibration
-- grain   stream, fit, quantity
-- inputs  estimates.calibration
-- units   p_value as a chance
-- params  none
-- why     intervals mean what they say only if the sampler finds the truth of made-up worlds

select * from estimates.calibration
order by stream, fit, quantity
