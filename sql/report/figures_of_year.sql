-- report.figures_of_year
-- grain   figure whose window touches a stream's year; what moves the year most first
-- inputs  figures, influence
-- units   as each figure states; shift in USD
-- params  $stream, $year

select
    figures.*,
    influence.year,
    influence.what,
    influence.name,
    influence.headline_without_q50,
    influence.shift_usd,
    influence.shift_in_widths,
    influence.pareto_k
from figures
left join influence
    on
        figures.stream = influence.stream
        and influence.year = $year
        and influence.what = 'figure'
        and figures.observation_id = influence.name
where
    figures.stream = $stream
    and year(figures.window_start_on) <= $year
    and year(figures.window_end_on) >= $year
order by
    figures.is_used desc, influence.shift_in_widths desc nulls last, figures.observation_id asc
