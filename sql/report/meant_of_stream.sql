-- report.meant_of_stream
-- grain   figure of a stream whose source does not say what it measures, and what it may mean
-- inputs  seems_to_mean
-- units   weight as a share
-- params  $stream

select *
from seems_to_mean
where stream = $stream
order by observation_id asc, weight desc, concept asc
