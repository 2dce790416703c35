-- published.prior_sensitivity
-- grain   stream, year, prior, alpha
-- inputs  estimates.prior_sensitivity
-- units   ratios of USD to USD
-- params  none
-- why     says which judgement holds a year's number, and how far it would move without it

select * from estimates.prior_sensitivity
order by stream asc, year asc, sensitivity desc, prior asc, alpha asc
