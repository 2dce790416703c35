-- facts.observations
-- grain   one statement by one origin about one quantity over one window: observation_id
-- inputs  staged.figures, staged.origins, staged.held_back_reasons,
--         facts.trade_observations, facts.ais_observations, facts.satellite_observations,
--         facts.source_observations
-- units   as stated, in column unit
-- params  none
-- why     everything known about a latent quantity is one row here; a row that no estimator
--         may use stays, and says why

with figures as (
    select * from staged.figures
    union all by name
    select * from facts.ais_observations
    union all by name
    select * from facts.satellite_observations
    union all by name
    select * from facts.source_observations
),

judged as (
    select
        figures.*,
        case
            when figures.kind = 'structural_zero'
                then 'a zero reported under the ban is policy, not measurement'
            when figures.kind = 'plan'
                then 'a plan, target or limit, not something that happened'
            when figures.held_back like 'repeat_of:%'
                then replace(figures.held_back, 'repeat_of:', 'repeats the same origin''s ')
            when figures.held_back is not null
                then reasons.meaning
        end as reason_not_used
    from figures
    left join staged.held_back_reasons as reasons
        on figures.held_back = reasons.code
),

typed as (
    select
        origin_id,
        quantity,
        counterpart_iso3,
        sector,
        window_start_on,
        window_end_on,
        min(observation_id) as observation_id
    from judged
    where reason_not_used is null
    group by all
),

-- a figure typed by hand stands for the same declaration coming in through a feed
declared as (
    select
        feed.* exclude (is_used, reason_not_used),
        coalesce(
            feed.reason_not_used,
            case
                when typed.observation_id is not null
                    then replace('repeats the same origin''s ID', 'ID', typed.observation_id)
            end
        ) as reason_not_used
    from facts.trade_observations as feed
    left join typed
        on
            feed.origin_id = typed.origin_id
            and feed.quantity = typed.quantity
            and feed.counterpart_iso3 = typed.counterpart_iso3
            and feed.sector = typed.sector
            and feed.window_start_on = typed.window_start_on
            and feed.window_end_on = typed.window_end_on
),

gathered as (
    select * exclude (stated_by, stated_on, read_at, held_back, note) from judged
    union all by name
    select * from declared
)

select
    gathered.observation_id,
    gathered.stream,
    gathered.quantity,
    gathered.concept,
    gathered.counterpart_iso3,
    gathered.sector,
    gathered.window_start_on,
    gathered.window_end_on,
    gathered.kind,
    gathered.low,
    gathered.central,
    gathered.high,
    gathered.unit,
    gathered.coverage,
    gathered.class,
    gathered.declared,
    gathered.delivery_point,
    gathered.nature,
    gathered.assumed_price_usd_per_t,
    gathered.persons,
    gathered.origin_id,
    origins.root_id,
    gathered.stated_year,
    gathered.source_id,
    gathered.locator,
    gathered.retrieved_at,
    gathered.reason_not_used is null as is_used,
    gathered.reason_not_used
from gathered
left join staged.origins as origins
    on
        gathered.stream = origins.stream
        and gathered.origin_id = origins.origin_id
order by gathered.observation_id
