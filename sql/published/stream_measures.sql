-- published.stream_measures
-- grain   stream, measure
-- inputs  estimates.stream_measures
-- units   none
-- params  none
-- why     which of a stream's own measures stands in which total

select * from estimates.stream_measures
order by stream, measure
