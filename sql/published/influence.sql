-- published.influence
-- grain   stream, year, what, name
-- inputs  estimates.influence
-- units   nominal USD
-- params  none
-- why     no single figure should carry a headline unseen: the headline without each figure, root
--         and class of source

select * from estimates.influence
order by stream asc, year asc, what asc, shift_in_widths desc, name asc
