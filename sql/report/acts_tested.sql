-- report.acts_tested
-- grain   one row: what came of the parties named on past days
-- inputs  acts_backtest

select
    '' as row_key,
    count(*) as n_days,
    coalesce(max(months), 0) as months,
    coalesce(sum(n_named), 0)::bigint as n_named,
    coalesce(sum(n_named_designated), 0)::bigint as n_named_designated,
    coalesce(sum(n_open), 0)::bigint as n_open,
    coalesce(sum(n_open_designated), 0)::bigint as n_open_designated
from acts_backtest
