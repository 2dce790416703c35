-- published.bank_exposure
-- grain   bank_id, stream, year
-- inputs  network.bank_exposure
-- units   nominal USD
-- params  none
-- why     documented, shared and attributed dollars stand apart; no figure is made up

select * from network.bank_exposure
