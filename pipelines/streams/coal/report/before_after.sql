-- report.before_after
-- grain   stream, and all together (total): three years before the coal ban beside three after
-- inputs  headline_cells, cell_draws, halts, streams
-- units   USD of 36 months; less_usd_…: before less after, in the same draw; usd_share: after over
--         before; n_months_before: months of the earlier window in which the stream has a number
-- why     the months between the resolution and its first day belong to neither window: cargoes on
--         the way could still be delivered

with windows as (
    select date_trunc('month', min(halts.start_on)) as ban_month
    from halts
    where halts.stream = 'coal' and halts.kind = 'ban'
),

cells as (
    select
        headline_cells.cell,
        headline_cells.stream,
        headline_cells.month,
        headline_cells.month < windows.ban_month as is_before
    from headline_cells
    cross join windows
    where
        headline_cells.month between windows.ban_month - interval 37 months
        and windows.ban_month - interval 2 months
        or headline_cells.month between windows.ban_month
        and windows.ban_month + interval 35 months
),

by_stream as (
    select
        cells.stream,
        draws.draw,
        coalesce(sum(draws.usd) filter (where cells.is_before), 0.0) as before_usd,
        coalesce(sum(draws.usd) filter (where not cells.is_before), 0.0) as after_usd
    from cells
    inner join cell_draws as draws on cells.cell = draws.cell
    group by cells.stream, draws.draw
),

sums as (
    select * from by_stream
    union all by name
    select
        'total' as stream,
        draw,
        sum(before_usd) as before_usd,
        sum(after_usd) as after_usd
    from by_stream
    group by draw
),

covered as (
    select
        stream,
        count(distinct month) filter (where is_before) as n_months_before
    from cells
    group by stream
)

select
    'stream' as row_key,
    sums.stream,
    any_value(streams.title) as title,
    any_value(windows.ban_month - interval 37 months)::date as before_from,
    any_value(windows.ban_month - interval 2 months)::date as before_to,
    any_value(windows.ban_month)::date as after_from,
    any_value(windows.ban_month + interval 35 months)::date as after_to,
    any_value(coalesce(covered.n_months_before, 36)) as n_months_before,
    quantile_points(sums.before_usd)['q05'] as before_usd_q05,
    quantile_points(sums.before_usd)['q50'] as before_usd_q50,
    quantile_points(sums.before_usd)['q95'] as before_usd_q95,
    quantile_points(sums.after_usd)['q05'] as after_usd_q05,
    quantile_points(sums.after_usd)['q50'] as after_usd_q50,
    quantile_points(sums.after_usd)['q95'] as after_usd_q95,
    quantile_points(sums.before_usd - sums.after_usd)['q05'] as less_usd_q05,
    quantile_points(sums.before_usd - sums.after_usd)['q50'] as less_usd_q50,
    quantile_points(sums.before_usd - sums.after_usd)['q95'] as less_usd_q95,
    quantile_points(sums.after_usd / nullif(sums.before_usd, 0))['q50'] as usd_share,
    avg((sums.after_usd < sums.before_usd)::double) as is_less_share
from sums
inner join streams on sums.stream = streams.stream
left join covered on sums.stream = covered.stream
cross join windows
group by sums.stream
order by any_value(streams.sort_order), sums.stream
