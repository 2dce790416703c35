-- published.acts_backtest
-- grain   as_of
-- inputs  network.acts_backtest
-- units   none
-- params  none
-- why     a method that names parties must say how often its names came true

select
    as_of,
    months,
    n_open,
    n_open_designated,
    n_named,
    n_named_designated,
    n_best,
    n_best_designated,
    n_designated_in_network,
    named,
    designated
from network.acts_backtest
