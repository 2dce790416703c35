-- published.chinese_banks
-- grain   row_id
-- inputs  network.chinese_banks
-- units   nominal USD
-- params  none
-- why     a bank is a channel; to be named is not to be accused; what is not known is said

select * from network.chinese_banks
