-- published.campaign_monthly
-- grain   month
-- inputs  network.campaign_monthly
-- units   counts; nominal USD
-- params  none
-- why     listings dated only by a list edition fall in no month

select * from network.campaign_monthly
