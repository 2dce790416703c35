-- facts.observations
-- grain   one statement by one origin about one quantity over one window: observation_id
-- inputs  staged.figures, staged.origins, staged.quantities, staged.held_back_reasons,
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
        feed.* exclude (is_usable, reason_not_used),
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
),

-- a feed knows no stream: its figures go to the one that lists both the quantity and the origin
listed as (
    select
        quantities.quantity,
        quantities.unit,
        origins.origin_id,
        min(quantities.stream) as stream
    from staged.quantities as quantities
    inner join staged.origins as origins
        on quantities.stream = origins.stream
    group by quantities.quantity, quantities.unit, origins.origin_id
    having count(distinct quantities.stream) = 1
),

placed as (
    select gathered.* replace (coalesce(gathered.stream, listed.stream) as stream)
    from gathered
    left join listed
        on
            gathered.quantity = listed.quantity
            and gathered.unit = listed.unit
            and gathered.origin_id = listed.origin_id
)

select
    placed.observation_id,
    placed.stream,
    placed.quantity,
    placed.concept,
    placed.counterpart_iso3,
    placed.sector,
    placed.window_start_on,
    placed.window_end_on,
    placed.kind,
    placed.low,
    placed.central,
    placed.high,
    placed.unit,
    placed.coverage,
    placed.class,
    placed.declared,
    placed.delivery_point,
    placed.nature,
    placed.assumed_price_usd_per_t,
    placed.persons,
    placed.origin_id,
    origins.root_id,
    placed.stated_year,
    placed.source_id,
    placed.locator,
    placed.retrieved_at,
    placed.reason_not_used is null as is_usable,
    placed.reason_not_used
from placed
left join staged.origins as origins
    on
        placed.stream = origins.stream
        and placed.origin_id = origins.origin_id
order by placed.observation_id
