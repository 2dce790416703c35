-- published.dim_stream
-- grain   stream
-- inputs  estimates.streams
-- units   none
-- params  none
-- why     streams alone: a key that a total has too invites counting twice

select * from estimates.streams
order by sort_order, stream
