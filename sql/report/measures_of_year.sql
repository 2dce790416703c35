-- report.measures_of_year
-- grain   measure of a stream in one year
-- inputs  income_annual, stream_measures
-- units   USD
-- params  $stream, $year
-- why     the two incomes are other names of a stream's own measures: each sum is told once

select
    income_annual.*,
    coalesce(
        measures.label || if(measures.is_state_income, ' (the headline)', ''),
        case income_annual.measure
            when 'state_income_usd' then 'what reaches the DPRK side (the headline)'
            when 'gross_income_usd' then 'what buyers and employers pay'
        end
    ) as label
from income_annual
left join stream_measures as measures
    on
        income_annual.stream = measures.stream
        and income_annual.measure = measures.measure
where
    income_annual.stream = $stream
    and income_annual.year = $year
    and (measures.measure is not null or income_annual.stream = 'total')
order by income_annual.measure
