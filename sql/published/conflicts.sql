-- published.conflicts
-- grain   observation_id
-- inputs  facts.observations, estimates.observation_use
-- units   as stated, in column unit
-- params  none
-- why     where the model and a figure cannot both be right, readers see both, whether or not the
--         figure was used, those first that move a headline most; a part, like a lower bound,
--         conflicts only where it exceeds the whole, and more than the whole only where it falls
--         short of it

with held as (
    select
        observations.*,
        uses.measure,
        uses.role,
        uses.concept_q05 as model_q05,
        uses.concept_q50 as model_q50,
        uses.concept_q95 as model_q95,
        uses.posterior_quantile,
        uses.predictive_quantile,
        uses.influence,
        uses.is_used,
        coalesce(
            uses.value_usd_or_unit,
            observations.central,
            sqrt(observations.low * observations.high),
            observations.low,
            observations.high
        ) as stated,
        observations.kind = 'lower_bound' or coalesce(uses.role, '') = 'part' as is_part,
        observations.kind = 'upper_bound' or coalesce(uses.role, '') = 'more' as is_more
    from facts.observations as observations
    inner join estimates.observation_use as uses
        on
            observations.stream = uses.stream
            and observations.observation_id = uses.observation_id
    where observations.kind not in ('structural_zero', 'plan')
)

select
    observation_id,
    stream,
    quantity,
    concept,
    class,
    measure,
    role,
    window_start_on,
    window_end_on,
    stated,
    unit,
    model_q05,
    model_q50,
    model_q95,
    posterior_quantile,
    predictive_quantile,
    influence,
    origin_id,
    root_id,
    'density' as model,
    is_usable and is_used as is_used,
    row_number() over (
        order by
            abs(influence) desc nulls last,
            abs(posterior_quantile - 0.5) desc nulls last,
            observation_id
    ) as rank
from held
where
    (stated > model_q95 and not is_more)
    or (stated < model_q05 and not is_part)
order by rank
