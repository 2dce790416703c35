-- report.figures_from_other_years
-- grain   figure of other years that a stream's year leans on, the ten that move it most
-- inputs  influence, figures
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
from influence
inner join figures
    on
        influence.stream = figures.stream
        and influence.name = figures.observation_id
where
    influence.stream = $stream
    and influence.year = $year
    and influence.what = 'figure'
    and not (
        year(figures.window_start_on) <= $year
        and year(figures.window_end_on) >= $year
    )
order by influence.shift_in_widths desc nulls last, figures.observation_id asc
limit 10
