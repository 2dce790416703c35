-- draws/<stream>.parquet
-- grain   draw, month, measure
-- inputs  published.income_draws
-- units   usd nominal USD
-- params  $stream: whose draws
-- why     for analysts who go on computing with the draws; whole dollars, which keeps files small;
--         a stream that has more to say writes draws.sql in its own folder

select
    draw,
    month,
    measure,
    round(usd) as usd
from published.income_draws
where stream = $stream
