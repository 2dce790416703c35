-- published.value_of_information
-- grain   stream, year, datum
-- inputs  estimates.value_of_information
-- units   ratio of interval widths
-- params  none
-- why     the next hour of collection should go where it narrows an answer most

select * from estimates.value_of_information
order by stream, year, rank
