-- published.conflicts
-- grain   observation_id
-- inputs  facts.observations, estimates.observation_use
-- units   as stated, in column unit
-- params  none
-- why     where the model and a figure cannot both be right, readers see both; a bound
--         conflicts only on the side it bounds

select
    observations.observation_id,
    observations.stream,
    observations.quantity,
    observations.window_start_on,
    observations.window_end_on,
    observations.unit,
    uses.model_q05,
    uses.model_q95,
    uses.posterior_quantile,
    observations.origin_id,
    uses.model,
    observations.is_used and uses.is_used as is_used,
    coalesce(
        observations.central,
        sqrt(observations.low * observations.high),
        observations.low,
        observations.high
    ) as stated
from facts.observations as observations
inner join estimates.observation_use as uses
    on observations.observation_id = uses.observation_id
where
    observations.kind not in ('structural_zero', 'plan')
    and (
        (observations.kind != 'upper_bound' and uses.posterior_quantile > 0.95)
        or (observations.kind != 'lower_bound' and uses.posterior_quantile < 0.05)
    )
order by observations.observation_id
