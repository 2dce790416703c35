-- report.verdicts
-- grain   stream, era: how many tests came out how, of the model behind the headline
-- inputs  backtest_scores, streams, headline

select
    'stream era' as row_key,
    streams.stream,
    streams.title,
    streams.sort_order,
    scores.era,
    count(*) as n_tests,
    count(*) filter (where scores.verdict = 'too few to judge') as n_too_few,
    count(*) filter (where scores.verdict in ('holds', 'meets the bar')) as n_hold,
    count(*) filter (where scores.verdict = 'too narrow') as n_too_narrow,
    count(*) filter (where scores.verdict = 'too wide') as n_too_wide,
    count(*) filter (where scores.verdict in ('misses the bar', 'wider than needed')) as n_miss
from backtest_scores as scores
inner join headline on scores.stream = headline.stream and scores.model = headline.model
inner join streams on scores.stream = streams.stream
group by all
order by streams.sort_order, scores.era
