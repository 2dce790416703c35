-- published.acts_by_tier
-- grain   as_of, act, bank_tier
-- inputs  network.acts_by_tier
-- units   nominal USD a year
-- params  none
-- why     small banks are the question: what runs beside each tier is said, and how little it is

select * from network.acts_by_tier
