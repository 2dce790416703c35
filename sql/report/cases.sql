-- report.cases
-- grain   figure hidden in a test, beside what the headline's model said of it
-- inputs  backtest_cases, figures, streams, headline
-- units   as each figure states

select
    cases.*,
    figures.counterpart_iso3,
    figures.window_start_on,
    figures.window_end_on,
    figures.unit,
    streams.title,
    streams.sort_order
from backtest_cases as cases
inner join headline on cases.stream = headline.stream and cases.model = headline.model
inner join streams on cases.stream = streams.stream
left join figures on cases.observation_id = figures.observation_id
order by
    streams.sort_order, cases.test, figures.window_start_on, cases.observation_id, cases.fold
