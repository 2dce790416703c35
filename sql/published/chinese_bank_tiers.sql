-- published.chinese_bank_tiers
-- grain   tier
-- inputs  network.chinese_bank_tiers
-- units   nominal USD; shares 0-1
-- params  none
-- why     few customers are known, those that prosecutors wrote about: the interval says how few

select * from network.chinese_bank_tiers
