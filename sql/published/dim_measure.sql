-- published.dim_measure
-- grain   measure
-- inputs  estimates.stream_measures
-- units   none
-- params  none
-- why     measures are parts of one another; which of them adds over streams is said here

select
    measure,
    string_agg(stream || ': ' || label, '; ' order by stream) as label,
    string_agg(stream, ', ' order by stream) as streams,
    case
        when bool_and(is_gross_income) then 'gross_income_usd'
        when bool_and(is_state_income) then 'state_income_usd'
    end as counts_as,
    false as is_of_all_streams
from estimates.stream_measures
group by measure
union all by name
select
    incomes.measure,
    incomes.label,
    string_agg(distinct measures.stream, ', ' order by measures.stream) as streams,
    incomes.measure as counts_as,
    true as is_of_all_streams
from (
    values
    ('gross_income_usd', 'what buyers and employers pay'),
    ('state_income_usd', 'what reaches the DPRK side: the headline')
) as incomes (measure, label)
inner join estimates.stream_measures as measures
    on
        (incomes.measure = 'gross_income_usd' and measures.is_gross_income)
        or (incomes.measure = 'state_income_usd' and measures.is_state_income)
group by incomes.measure, incomes.label
order by is_of_all_streams desc, measure asc
