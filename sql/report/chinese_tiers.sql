-- report.chinese_tiers
-- grain   tier of banks
-- inputs  chinese_bank_tiers

select tiers.*
from chinese_bank_tiers as tiers
order by
    list_position(
        ['rural_commercial', 'cooperative', 'city_commercial', 'joint_stock', 'global', 'unknown'],
        tiers.tier
    )
