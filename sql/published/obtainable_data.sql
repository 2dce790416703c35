-- published.obtainable_data
-- grain   stream, datum
-- inputs  staged.obtainable_data
-- units   error_sd_log: standard deviation of the datum's logarithm
-- params  none
-- why     what nobody has published and somebody could get, with the error it would have

select * from staged.obtainable_data
order by stream, datum
