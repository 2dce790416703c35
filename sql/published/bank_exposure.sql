-- published.bank_exposure
-- grain   bank_id, stream, year
-- inputs  network.bank_exposure
-- units   nominal USD
-- params  none
-- why     documented, shared and attributed dollars stand apart; no figure is made up

select
    bank_id,
    stream,
    year,
    bank_name,
    country_iso2,
    size_tier,
    role,
    documented_usd,
    documented_scheme_usd,
    attributed_usd_q05,
    attributed_usd_q10,
    attributed_usd_q25,
    attributed_usd_q50,
    attributed_usd_q75,
    attributed_usd_q90,
    attributed_usd_q95,
    attributed_usd_mean,
    n_origins,
    standing,
    has_finding,
    channel,
    n_fronts,
    years_active,
    streams,
    is_contested,
    has_dollars,
    total_assets_usd,
    total_assets_on,
    total_assets_source,
    note,
    exposure_to_assets_share
from network.bank_exposure
