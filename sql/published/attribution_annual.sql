-- published.attribution_annual
-- grain   stream, year, node_id
-- inputs  network.attribution_annual
-- units   nominal USD
-- params  none
-- why     what no document covers stays on UNATTRIBUTED

select
    stream,
    year,
    node_id,
    stage,
    usd_q05,
    usd_q10,
    usd_q25,
    usd_q50,
    usd_q75,
    usd_q90,
    usd_q95,
    usd_mean,
    ended_usd_mean,
    documented_usd,
    documented_workers,
    coverage_share
from network.attribution_annual
