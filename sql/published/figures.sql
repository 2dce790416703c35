-- published.figures
-- grain   observation_id
-- inputs  facts.observations, staged.figure_sources, staged.figure_overlays,
--         estimates.observation_use
-- units   as stated, in column unit
-- params  none
-- why     the whole ledger: a figure is used only if the ledger allows it and the model of its
--         stream took it

select
    observations.observation_id,
    observations.stream,
    observations.quantity,
    observations.concept,
    observations.counterpart_iso3,
    observations.sector,
    observations.window_start_on,
    observations.window_end_on,
    observations.kind,
    observations.low,
    observations.central,
    observations.high,
    observations.unit,
    observations.coverage,
    observations.class,
    observations.declared,
    observations.delivery_point,
    observations.nature,
    observations.assumed_price_usd_per_t,
    observations.persons,
    observations.origin_id,
    observations.root_id,
    observations.stated_year,
    observations.source_id,
    sources.title as source_title,
    sources.url as source_url,
    observations.locator,
    observations.retrieved_at,
    uses.measure,
    uses.role,
    uses.posterior_quantile,
    uses.predictive_quantile,
    uses.influence,
    observations.is_usable and coalesce(uses.is_used, false) as is_used,
    case
        when not observations.is_usable then observations.reason_not_used
        when uses.observation_id is null then 'no model of this stream reads this quantity'
        when not uses.is_used then uses.reason_not_used
    end as reason_not_used,
    overlays.how as correction,
    overlays.file as correction_file,
    overlays.taken_in_at as correction_at
from facts.observations as observations
left join staged.figure_sources as sources
    on
        observations.stream = sources.stream
        and observations.source_id = sources.source_id
left join estimates.observation_use as uses
    on
        observations.stream = uses.stream
        and observations.observation_id = uses.observation_id
left join staged.figure_overlays as overlays
    on
        observations.stream = overlays.stream
        and observations.observation_id = overlays.observation_id
order by observations.observation_id
