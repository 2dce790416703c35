-- what each readable figure on IT workers enters the density as (site)
-- grain   observation_id
-- inputs  readable: people.sql with centres and errors
-- params  none
-- why     one pool: a figure on one host speaks of pay and share everywhere, of persons there alone

with asked as (
    select
        *,
        counterpart_iso3 = 'WLD' as is_world,
        coverage = 'whole' as is_whole,
        kind = 'upper_bound' or coverage = 'more' as is_ceiling
    from readable
)

select
    * exclude (is_world, is_whole, is_ceiling),
    'WLD' as host,
    case
        when quantity = 'headcount' and is_whole and is_world then 'headcount'
        when quantity = 'headcount' and not is_ceiling then 'part'
        -- what the best paid earn is more than pay
        when quantity = 'gross_wage' and coverage = 'more' then 'most'
        when quantity in ('gross_wage', 'fee', 'worker_take_home') then 'per_worker'
        when is_share then 'share'
        -- money of so many persons: pay of a group that came to notice
        when is_money and persons is not null and concept = 'gross_wages_usd' then 'group'
        when is_money and is_whole and is_world then 'total'
        when is_money and not is_ceiling then 'part_of_total'
    end as site,
    case
        when quantity = 'fee' or (is_share and concept = 'remitted_usd') then 'reach'
        when site = 'headcount' then 'headcount'
        when site = 'per_worker' then 'pay'
        when site = 'share' then 'share'
    end as component
from asked
order by observation_id
