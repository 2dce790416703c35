-- report.deflator
-- grain   one row: the price index behind dollars of one year, its latest year
-- inputs  price_index

select price_index.*
from price_index
order by price_index.year desc, price_index.series_id asc
limit 1
