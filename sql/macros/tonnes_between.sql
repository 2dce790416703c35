-- tonnes_between(from_month, to_month): coal exported in any window, from the draws
-- both months included; one row: q05 … q95 and mean in metric tonnes
-- every number is null where the draws do not cover the whole window
create macro tonnes_between(from_month, to_month) as table
select * from quantity_between(null, 'tonnes', 'WLD', from_month, to_month)
