-- report.pressure_years
-- grain   year: what was done, beside what came in
-- inputs  campaign_monthly, income_annual
-- units   counts of a year; income in USD

select
    'year' as row_key,
    year(campaign.month) as year,
    sum(campaign.designations)::bigint as designations,
    sum(campaign.missile_test_events)::bigint as missile_test_events,
    sum(campaign.nuclear_tests)::bigint as nuclear_tests,
    sum(campaign.un_resolutions)::bigint as un_resolutions,
    sum(campaign.us_designation_rounds)::bigint as us_designation_rounds,
    sum(campaign.enforcement_actions)::bigint as enforcement_actions,
    sum(campaign.joint_statements)::bigint as joint_statements,
    any_value(income.q50) as income_q50,
    any_value(income.mcse_q50) as mcse_income_q50,
    count(*) < 12 as is_partial
from campaign_monthly as campaign
left join income_annual as income
    on
        year(campaign.month) = income.year
        and income.stream = 'total'
        and income.measure = 'state_income_usd'
where campaign.month >= date '2006-01-01'
group by year(campaign.month)
order by year
