-- estimates.mcse
-- grain   stream, measure, year
-- inputs  estimates.diagnostics, estimates.stream_measures
-- units   nominal USD
-- params  none
-- why     readers round to what Monte Carlo error allows; errors of streams add in quadrature at
--         the most, as if their draws were independent; compensated sums do not ask for an order

with published as (
    select
        stream,
        measure as own,
        measure
    from estimates.stream_measures
    union distinct
    select
        stream,
        measure as own,
        'gross_income_usd' as measure
    from estimates.stream_measures
    where is_gross_income
    union distinct
    select
        stream,
        measure as own,
        'state_income_usd' as measure
    from estimates.stream_measures
    where is_state_income
),

errors as (
    select
        published.stream,
        published.measure,
        diagnostics.year,
        diagnostics.mcse_q05,
        diagnostics.mcse_q50,
        diagnostics.mcse_q95
    from published
    inner join estimates.diagnostics as diagnostics
        on published.stream = diagnostics.stream and published.own = diagnostics.measure
)

select *
from errors
union all
select
    'total' as stream,
    measure,
    year,
    sqrt(fsum(mcse_q05 * mcse_q05)) as mcse_q05,
    sqrt(fsum(mcse_q50 * mcse_q50)) as mcse_q50,
    sqrt(fsum(mcse_q95 * mcse_q95)) as mcse_q95
from errors
where measure in ('gross_income_usd', 'state_income_usd')
group by measure, year
order by stream, measure, year
