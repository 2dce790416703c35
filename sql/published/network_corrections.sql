-- published.network_corrections
-- grain   correction_id
-- inputs  staged.network_corrections
-- units   none
-- params  none
-- why     a correction is as public as what it corrects

select * exclude (line) from staged.network_corrections
