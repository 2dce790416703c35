-- How many North Koreans work in China: 20,000 or 100,000?
with yearly as (
    select
        year,
        workers_quantile(list(cell), [0.05, 0.5, 0.95]) as persons
    from headline_cells
    where stream = 'labor' and country_iso3 = 'CHN' and is_full_year
    group by year
)

select
    year,
    persons[1] as low_persons,
    persons[2] as median_persons,
    persons[3] as high_persons
from yearly
order by year
