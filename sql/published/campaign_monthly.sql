-- published.campaign_monthly
-- grain   month
-- inputs  network.campaign_monthly
-- units   counts; nominal USD
-- params  none
-- why     listings dated only by a list edition fall in no month

select
    month,
    designations,
    designations_us,
    designations_un,
    designations_eu,
    designations_rok,
    designations_japan,
    designations_uk,
    designations_in_network,
    designations_us_in_network,
    designations_un_in_network,
    designations_eu_in_network,
    designations_rok_in_network,
    designations_japan_in_network,
    designations_uk_in_network,
    designated_persons,
    designated_vessels,
    designated_banks,
    designations_12m,
    missile_test_events,
    nuclear_tests,
    satellite_launches,
    un_resolutions,
    unsc_meetings,
    us_designation_rounds,
    other_designation_rounds,
    enforcement_actions,
    joint_statements,
    joint_statement_countries,
    income_usd_q05,
    income_usd_q50,
    income_usd_q95
from network.campaign_monthly
