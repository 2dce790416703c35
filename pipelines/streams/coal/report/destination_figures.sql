-- report.destination_figures
-- grain   figure of coal that speaks of one destination, newest first
-- inputs  figures

select figures.*
from figures
where figures.stream = 'coal' and figures.counterpart_iso3 != 'WLD'
order by figures.window_start_on desc, figures.observation_id asc
