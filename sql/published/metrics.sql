-- published.metrics
-- grain   metric
-- inputs  none
-- units   as column unit says
-- params  none
-- why     one description of each metric, for every tool: an aggregate that is right under any
--         grouping and filter of its table

select
    described.metric,
    described.table_name,
    described.title,
    described.expression,
    described.unit,
    described.number_format,
    described.meaning,
    described.is_additive,
    row_number() over ()::bigint as sort_order
from (
    values
    (
        'headline_mean', 'headline_cells', 'Mean, USD m', 'sum(cell_mean_usd) / 1e6', 'USD m',
        ',.0f', 'what reached the DPRK side, mean over the draws', true
    ),
    (
        'headline_median', 'headline_cells', 'Median, USD m',
        'headline_quantile(list(cell), 0.5) / 1e6', 'USD m', ',.0f',
        'what reached the DPRK side, median of the joint draws of the rows together', false
    ),
    (
        'headline_low', 'headline_cells', 'Low end, USD m',
        'headline_quantile(list(cell), 0.05) / 1e6', 'USD m', ',.0f',
        'low end of the 90% range: one draw in twenty is below', false
    ),
    (
        'headline_high', 'headline_cells', 'High end, USD m',
        'headline_quantile(list(cell), 0.95) / 1e6', 'USD m', ',.0f',
        'high end of the 90% range: one draw in twenty is above', false
    ),
    (
        'headline_average_year', 'headline_cells', 'Average year, USD m',
        'sum(cell_mean_usd) filter (where is_full_year) / 1e6 '
        || '/ nullif(count(distinct year) filter (where is_full_year), 0)',
        'USD m', ',.0f', 'mean of complete calendar years; streams of one year are added first',
        false
    ),
    (
        'headline_above_1bn_share', 'headline_cells', 'Probability of more than USD 1 bn',
        'headline_above_share(list(cell), 1e9)', 'share', '.0%',
        'share of the joint draws in which the rows together exceed USD 1,000 m', false
    ),
    (
        'workers_median', 'headline_cells', 'Workers, median',
        'workers_quantile(list(cell), 0.5)', 'persons', ',.0f',
        'workers present on average over the months; null for goods', false
    ),
    (
        'workers_low', 'headline_cells', 'Workers, low end',
        'workers_quantile(list(cell), 0.05)', 'persons', ',.0f',
        'one draw in twenty is below; null for goods', false
    ),
    (
        'workers_high', 'headline_cells', 'Workers, high end',
        'workers_quantile(list(cell), 0.95)', 'persons', ',.0f',
        'one draw in twenty is above; null for goods', false
    ),
    (
        'tonnes_median', 'headline_cells', 'Tonnes sold, median, kt',
        'tonnes_quantile(list(cell), 0.5) / 1e3', 'kt', ',.0f',
        'median of the joint draws; null for streams of work', false
    ),
    (
        'destination_tonnes_mean', 'coal_by_destination_annual', 'Coal, mean, kt',
        'sum(destination_mean_tonnes) / 1e3', 'kt', ',.0f',
        'tonnes of coal by destination, mean over the draws', true
    ),
    (
        'ended_mean', 'headline_by_party_annual', 'Mean, USD m', 'sum(ended_mean_usd) / 1e6',
        'USD m', ',.2f', 'money whose trail ends at the parties, mean over the draws', true
    ),
    (
        'placed_share', 'headline_by_party_annual', 'Share placed on named parties',
        'sum(ended_mean_usd) filter (where party_id <> ''UNATTRIBUTED'') / sum(ended_mean_usd)',
        'share', '.1%', 'how much of the money any document places on a named party', false
    ),
    (
        'figures_n', 'figures', 'Figures', 'count(*)', 'figures', ',d',
        'statements in the ledger, repeats included', true
    ),
    (
        'figure_roots_n', 'figures', 'Independent roots', 'count(distinct root_id)', 'roots', ',d',
        'who first produced the figures; echoes and bodies of one government are one', false
    ),
    (
        'covered_90_share', 'backtest_cases', 'Hidden figures inside the 90% range',
        'avg(is_covered_90::double)', 'share', '.0%',
        'of one test and one model; should be near 90%', false
    ),
    (
        'claims_n', 'claims', 'Claims', 'count(*)', 'claims', ',d',
        'numbers the public knows, held against the model', true
    )
) as described (
    metric, table_name, title, expression, unit, number_format, meaning, is_additive
)
