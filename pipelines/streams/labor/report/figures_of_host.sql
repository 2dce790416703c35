-- report.figures_of_host
-- grain   figure that speaks of one country, newest first
-- inputs  figures, labor_by_host_annual
-- params  $host

select figures.*
from figures
where
    figures.counterpart_iso3 = $host
    and figures.stream = 'labor'
order by figures.window_start_on desc, figures.observation_id asc
