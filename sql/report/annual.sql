-- report.annual
-- grain   year of a stream's headline
-- inputs  income_annual
-- units   USD; share_of_highest: of the highest median of a whole year
-- params  $stream

select
    income_annual.*,
    'stream measure year' as row_key,
    income_annual.evidence_this_year_share as this_year,
    income_annual.evidence_within_two_years_share as within_two_years,
    income_annual.evidence_none_share as none,
    income_annual.q50
    / max(case when not income_annual.is_partial_year then income_annual.q50 end) over ()
        as share_of_highest
from income_annual
where income_annual.measure = 'state_income_usd' and income_annual.stream = $stream
order by income_annual.year
