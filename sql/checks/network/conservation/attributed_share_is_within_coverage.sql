-- In no draw is a larger share of income attributed than documents cover: documented dollars over
-- mean income, or documented workers over the host's.
select
    stream,
    year,
    coverage_share
from network.conservation
where
    largest_excess_usd > $cent_usd
    or (
        documented_workers = 0
        and coverage_share
        > greatest(0, least(1, documented_usd / income_usd_mean)) + 1e-9
    )
    or coverage_share > 1 + 1e-9
