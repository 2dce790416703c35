-- published.price_index
-- grain   series_id, year
-- inputs  staged.price_index
-- units   index, 1982-84 = 100
-- params  none
-- why     every amount is nominal; whoever compares years far apart wants dollars of one year

select * from staged.price_index
