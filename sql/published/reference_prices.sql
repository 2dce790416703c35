-- published.reference_prices
-- grain   series, window_start_on, window_end_on, source_id
-- inputs  facts.reference_prices
-- units   US dollars per metric tonne
-- params  none
-- why     a declared unit value is judged against what other coal cost

select * from facts.reference_prices
order by series, window_start_on, source_id
