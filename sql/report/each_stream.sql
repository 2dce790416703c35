-- report.each_stream
-- grain   stream, the total among them: each has a page
-- inputs  streams, last_full
-- units   year: the last full one

select
    streams.stream as page,
    streams.stream,
    streams.title,
    streams.colour,
    streams.headline,
    streams.first_month,
    streams.sort_order,
    last_full.year,
    last_full.streams,
    streams.stream = 'total' as is_total
from streams
inner join last_full on streams.stream = last_full.stream
order by streams.sort_order, streams.stream
