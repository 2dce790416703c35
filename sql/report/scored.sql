-- report.scored
-- grain   stream: when its tests were made, and whether of this release's figures and code
-- inputs  backtest_scores, streams

select
    'stream' as row_key,
    streams.stream,
    streams.title,
    max(scores.scored_at) as scored_at,
    bool_or(scores.is_embedded) as is_embedded,
    bool_and(scores.is_current) as is_current
from backtest_scores as scores
inner join streams on scores.stream = streams.stream
group by streams.stream, streams.title, streams.sort_order
order by streams.sort_order
