-- report.annual
-- grain   year of a stream's headline
-- inputs  income_annual, price_index
-- units   USD; share_of_highest: of the highest median of a whole year; real_factor: dollars of
--         base_year for a dollar of the year, none where the year has no index yet
-- params  $stream

select
    income_annual.*,
    'stream measure year' as row_key,
    income_annual.evidence_this_year_share as this_year,
    income_annual.evidence_within_two_years_share as within_two_years,
    income_annual.evidence_none_share as none,
    income_annual.q50
    / max(case when not income_annual.is_partial_year then income_annual.q50 end) over ()
        as share_of_highest,
    max_by(price_index.index_1982_84, price_index.year) over () / price_index.index_1982_84
        as real_factor,
    max(price_index.year) over () as base_year,
    income_annual.q50
    * max_by(price_index.index_1982_84, price_index.year) over ()
    / price_index.index_1982_84 as real_q50
from income_annual
left join price_index on income_annual.year = price_index.year
where income_annual.measure = 'state_income_usd' and income_annual.stream = $stream
order by income_annual.year
