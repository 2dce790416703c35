-- published.dim_month
-- grain   month
-- inputs  published.income_monthly
-- units   none
-- params  none
-- why     a calendar to pivot by

select
    month,
    year(month) as year,
    year(month) || ' Q' || quarter(month) as quarter,
    month(month) as month_of_year,
    strftime(month, '%b %Y') as label,
    count(*) over (partition by year(month)) = 12 as is_full_year
from (select distinct month from published.income_monthly) as months
order by month
