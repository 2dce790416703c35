-- report.chinese_told
-- grain   one row: how many banks of China are named, how many of them small or medium
-- inputs  chinese_banks

select
    '' as row_key,
    count(*) filter (where bank_id is not null) as n_named,
    count(*) filter (
        where
        bank_id is not null
        and tier in ('rural_commercial', 'cooperative', 'city_commercial')
    ) as n_small_or_medium,
    count(*) filter (
        where bank_id is not null and tier in ('rural_commercial', 'cooperative')
    ) as n_small,
    count(*) filter (where bank_id is not null and has_finding) as n_with_finding,
    count(*) filter (where bank_id is null) as n_unnamed_groups
from chinese_banks
