-- published.campaign_designations
-- grain   month, authority, program, schema, country_iso2
-- inputs  network.campaign_designations
-- units   counts
-- params  none
-- why     the lists’ own dates

select * from network.campaign_designations
