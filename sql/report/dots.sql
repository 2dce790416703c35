-- report.dots
-- grain   published yearly dollar total of a stream, beside the headline of its year
-- inputs  figures, income_annual, stream_measures
-- units   USD
-- params  $stream

select
    figures.*,
    year(figures.window_start_on) as year,
    coalesce(figures.low, figures.central) as low_usd,
    case
        when figures.kind = 'lower_bound' then null
        else coalesce(figures.high, figures.central, figures.low)
    end as high_usd,
    annual.q05 as headline_q05,
    annual.q95 as headline_q95,
    coalesce(measures.is_state_income, false) as is_headline_money,
    coalesce(measures.label, 'money the source does not name') as label,
    (
        coalesce(figures.central, figures.low, figures.high) < annual.q05
        or (
            coalesce(figures.central, figures.low, figures.high) > annual.q95
            and (figures.low is null or figures.low > annual.q95)
        )
    ) as is_outside
from figures
inner join income_annual as annual
    on
        figures.stream = annual.stream
        and year(figures.window_start_on) = annual.year
        and annual.measure = 'state_income_usd'
left join stream_measures as measures
    on figures.stream = measures.stream and figures.concept = measures.measure
where
    figures.stream = $stream
    and figures.unit = 'USD'
    and figures.coverage = 'whole'
    and figures.kind not in ('plan', 'structural_zero')
    and date_diff('day', figures.window_start_on, figures.window_end_on) between 360 and 370
order by figures.window_start_on, figures.observation_id
