-- published.undesignated_share
-- grain   stream, year
-- inputs  network.undesignated_share
-- units   share 0-1
-- params  none
-- why     each dollar counts once, where a document places it

select * from network.undesignated_share
