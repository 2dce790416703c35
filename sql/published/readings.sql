-- published.readings
-- grain   stream, year, reading
-- inputs  estimates.readings
-- units   nominal USD
-- params  none
-- why     where classes of source disagree, readers see each side's number

select * from estimates.readings
order by stream, year, reading
