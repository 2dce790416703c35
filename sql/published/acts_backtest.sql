-- published.acts_backtest
-- grain   as_of
-- inputs  network.acts_backtest
-- units   none
-- params  none
-- why     a method that names parties must say how often its names came true

select * from network.acts_backtest
