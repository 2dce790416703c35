-- published.undesignated_share
-- grain   stream, year
-- inputs  network.undesignated_share
-- units   share 0-1
-- params  none
-- why     each dollar counts once, where a document places it

select
    stream,
    year,
    share_q05,
    share_q10,
    share_q25,
    share_q50,
    share_q75,
    share_q90,
    share_q95,
    share_mean
from network.undesignated_share
