-- report.beaten
-- grain   test with enough bodies to judge that a plain rule won
-- inputs  backtest_scores, streams, headline

with ours as (
    select backtest_scores.*
    from backtest_scores
    inner join headline
        on backtest_scores.stream = headline.stream and backtest_scores.model = headline.model
    where backtest_scores.verdict != 'too few to judge'
),

-- a rule that passed over some of the hidden figures is no match for one that did not
best as (
    select
        scores.*,
        ours.model as our_model,
        ours.wis as our_wis
    from backtest_scores as scores
    inner join ours
        on
            scores.stream = ours.stream
            and scores.test = ours.test
            and scores.era = ours.era
            and scores.quantity = ours.quantity
            and scores.n = ours.n
    qualify
        row_number() over (
            partition by scores.stream, scores.test, scores.era, scores.quantity
            order by scores.wis, scores.model
        ) = 1
)

select
    best.*,
    'stream test era quantity' as row_key,
    streams.title
from best
inner join streams on best.stream = streams.stream
where best.model != best.our_model
order by streams.sort_order, best.test, best.era, best.quantity
