-- every refit of a backtest: what it hides, and which of the hidden figures are predicted
-- grain   test, name
-- inputs  live: an evidence's rows that are used; pairs: observation_id, restated_by
-- params  $last_year: last year estimated; $fewest: figures that a forward test needs to go on
-- why     a source, a year, a kind of source and the future are left out in turn; what a desk says
--         is predicted without its root and without whatever restates it

with read as (
    select
        observation_id,
        root_id,
        class,
        role = 'whole' as is_whole,
        window_start_on,
        window_end_on,
        -- of the day in the middle
        year(window_start_on + ((window_end_on - window_start_on) // 2)::integer) as year
    from live
    where site is not null
),

years as (
    select unnest(range(min(year), $last_year + 1)) as year
    from read
),

ahead as (
    select
        years.year,
        read.observation_id,
        read.is_whole
        and year(read.window_start_on) >= years.year
        and year(read.window_end_on) = years.year as is_scored
    from years
    inner join read on year(read.window_end_on) >= years.year
),

-- what the record itself restates cannot be hidden, so it is not scored
assessed as (
    select
        root_id,
        observation_id
    from read
    where
        class = 'desk'
        and is_whole
        and observation_id not in (
            select pairs.observation_id
            from pairs
            inner join live on pairs.restated_by = live.observation_id
            where live.site is null
        )
),

tests as (
    select
        1 as number,
        'leave_one_root_out' as test,
        root_id as name,
        observation_id,
        is_whole as is_scored
    from read
    union all
    select
        2 as number,
        'leave_one_year_out' as test,
        year::varchar as name,
        observation_id,
        is_whole as is_scored
    from read
    union all
    select
        3 as number,
        'leave_class_out' as test,
        class as name,
        observation_id,
        is_whole as is_scored
    from read
    where class in ('desk', 'press')
    union all
    select
        4 as number,
        'forward' as test,
        year::varchar as name,
        observation_id,
        is_scored
    from ahead
    where (select count(*) from live) - (
        select count(*)
        from ahead as hidden
        where hidden.year = ahead.year
    ) >= $fewest
    union all
    select
        5 as number,
        'assessment_held_out' as test,
        root_id as name,
        observation_id,
        observation_id in (select assessed.observation_id from assessed) as is_scored
    from read
    where root_id in (select assessed.root_id from assessed)
    union all
    select
        5 as number,
        'assessment_held_out' as test,
        assessed.root_id as name,
        pairs.restated_by as observation_id,
        false as is_scored
    from assessed
    inner join pairs on assessed.observation_id = pairs.observation_id
)

select
    test,
    name,
    list(distinct observation_id) as hidden,
    list(observation_id order by observation_id) filter (where is_scored) as scored
from tests
group by number, test, name
having bool_or(is_scored)
order by number, name
