-- report.chinese
-- grain   Chinese bank that an official document names or counts, small and medium ones first
-- inputs  chinese_banks
-- units   USD

select chinese_banks.*
from chinese_banks
order by
    chinese_banks.bank_id is null asc,
    list_position(
        ['rural_commercial', 'cooperative', 'city_commercial', 'joint_stock', 'global'],
        chinese_banks.tier
    ) asc,
    chinese_banks.has_finding desc,
    chinese_banks.bank_name asc
