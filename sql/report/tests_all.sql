-- report.tests_all
-- grain   stream, test, era, quantity, model: every score
-- inputs  backtest_scores, streams, headline

select
    scores.*,
    streams.title,
    streams.sort_order,
    coalesce(scores.model = headline.model, false) as is_headline
from backtest_scores as scores
left join headline on scores.stream = headline.stream
inner join streams on scores.stream = streams.stream
order by
    streams.sort_order, scores.era, scores.test, scores.quantity, scores.wis, scores.model
