-- report.calibration_all
-- grain   stream, fit, quantity: whether the sampler finds what it was given
-- inputs  calibration, streams

select
    calibration.*,
    streams.title
from calibration
inner join streams on calibration.stream = streams.stream
order by streams.sort_order, calibration.is_control, calibration.fit, calibration.quantity
