-- report.figures_of_stream
-- grain   figure of a stream, by its window
-- inputs  figures
-- units   as each figure states
-- params  $stream

select figures.*
from figures
where figures.stream = $stream
order by figures.window_start_on, figures.observation_id
