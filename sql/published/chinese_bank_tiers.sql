-- published.chinese_bank_tiers
-- grain   tier
-- inputs  network.chinese_bank_tiers
-- units   nominal USD; shares 0-1
-- params  none
-- why     few customers are known, those that prosecutors wrote about: the interval says how few

select
    tier,
    n_banks,
    n_banks_with_finding,
    documented_usd,
    n_fronts,
    n_fronts_all_tiers,
    front_share,
    front_share_q05,
    front_share_q95
from network.chinese_bank_tiers
