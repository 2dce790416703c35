-- What was it made of, and does each stream rest on evidence of that very year?
select
    streams.title,
    annual.stream_mean_usd / 1e6 as mean_usd_m,
    annual.range_90_usd_m,
    annual.evidence_grade
from headline_annual as annual
inner join dim_stream as streams on annual.stream = streams.stream
where annual.year = (select max(total.year) from headline_total_annual as total)
order by streams.sort_order
