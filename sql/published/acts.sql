-- published.acts
-- grain   as_of, act, party_id
-- inputs  network.acts
-- units   nominal USD a year
-- params  none
-- why     a name is no advice: an act must still be open, on that day, for that party

select * from network.acts
