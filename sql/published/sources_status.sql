-- published.sources_status
-- grain   source
-- inputs  staged.source_runs
-- units   rows
-- params  none
-- why     a number is as good as the age and completeness of what it rests on

select * from staged.source_runs
order by source
