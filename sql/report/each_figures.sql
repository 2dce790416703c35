-- report.each_figures
-- grain   stream that has figures: a page with them all
-- inputs  figures, streams

select
    'figures-' || streams.stream as page,
    streams.stream,
    streams.title,
    'stream' as row_key,
    count(*) as n_figures,
    count(*) filter (where figures.is_used) as n_used
from figures
inner join streams on figures.stream = streams.stream
group by all
order by streams.stream
