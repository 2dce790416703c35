-- How many North Koreans work in China: 20,000 or 100,000?
select
    year,
    workers_quantile(list(cell), 0.05) as low_persons,
    workers_quantile(list(cell), 0.5) as median_persons,
    workers_quantile(list(cell), 0.95) as high_persons
from headline_cells
where stream = 'labor' and country_iso3 = 'CHN' and is_full_year
group by year
order by year
