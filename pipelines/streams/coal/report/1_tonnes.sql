-- Tonnes a month

select
    month,
    tonnes_q05 as q05,
    tonnes_q25 as q25,
    tonnes_q50 as q50,
    tonnes_q75 as q75,
    tonnes_q95 as q95
from coal_monthly
order by month
