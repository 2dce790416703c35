-- published.network_headcounts
-- grain   headcount_id
-- inputs  staged.network_headcounts
-- units   persons
-- params  none
-- why     labor reaches employers by workers, not by dollars nobody published

select * from staged.network_headcounts
