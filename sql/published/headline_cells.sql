-- published.headline_cells
-- grain   cell: stream, country_iso3, month
-- inputs  published.cell_draws, published.income_annual, published.dim_stream,
--         published.dim_country
-- units   nominal USD, metric tonnes, persons times years
-- params  none
-- why     means are the one summary that adds up; with no row of a total and no second measure, no
--         sum can count a dollar twice

with cells as (
    select
        cell,
        split_part(cell, '/', 1) as stream,
        split_part(cell, '/', 2) as country_iso3,
        (split_part(cell, '/', 3) || '-01')::date as month,
        avg(usd) as cell_mean_usd,
        avg(tonnes) as cell_mean_tonnes,
        avg(person_years) as cell_mean_person_years
    from published.cell_draws
    group by cell
),

years as (
    select
        stream,
        year(month) as year,
        count(distinct month) = 12 as is_full_year
    from cells
    group by stream, year(month)
),

-- a stream without cells would be missing from every sum, unseen
left_out as (
    select string_agg(distinct annual.stream, ', ' order by annual.stream) as streams
    from published.income_annual as annual
    where
        annual.measure = 'state_income_usd' and annual.stream != 'total'
        and annual.stream not in (select cells.stream from cells)
)

select
    cells.cell,
    cells.stream,
    cells.country_iso3,
    streams.title as stream_title,
    countries.country,
    cells.month,
    years.year,
    years.is_full_year,
    case
        when left_out.streams is null then annual.evidence_grade
        else error(
            'no published/cell_draws.sql in the folder of stream ' || left_out.streams
            || ': every sum of headline_cells would lack it'
        )
    end as evidence_grade,
    cells.cell_mean_usd,
    cells.cell_mean_tonnes,
    cells.cell_mean_person_years
from cells
inner join years
    on cells.stream = years.stream and year(cells.month) = years.year
left join published.dim_stream as streams
    on cells.stream = streams.stream
left join published.dim_country as countries
    on cells.country_iso3 = countries.country_iso3
left join published.income_annual as annual
    on
        cells.stream = annual.stream
        and years.year = annual.year
        and annual.measure = 'state_income_usd'
cross join left_out
order by cells.cell
