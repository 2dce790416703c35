-- report.beaten
-- grain   test with enough bodies to judge that a plain rule won
-- inputs  backtest_scores, income_annual, streams

with headline as (
    select distinct
        income_annual.stream,
        income_annual.model
    from income_annual
    where income_annual.measure = 'state_income_usd' and income_annual.stream != 'total'
),

best as (
    select backtest_scores.*
    from backtest_scores
    qualify
        row_number() over (
            partition by
                backtest_scores.stream, backtest_scores.test, backtest_scores.era,
                backtest_scores.quantity
            order by backtest_scores.wis, backtest_scores.model
        ) = 1
)

select
    best.*,
    'stream test era quantity' as row_key,
    streams.title,
    ours.wis as our_wis
from best
inner join headline on best.stream = headline.stream and best.model != headline.model
inner join backtest_scores as ours
    on
        best.stream = ours.stream
        and best.test = ours.test
        and best.era = ours.era
        and best.quantity = ours.quantity
        and headline.model = ours.model
inner join streams on best.stream = streams.stream
where ours.verdict != 'too few to judge'
order by streams.sort_order, best.test, best.era, best.quantity
