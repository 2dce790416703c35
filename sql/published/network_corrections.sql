-- published.network_corrections
-- grain   correction_id
-- inputs  staged.network_corrections
-- units   none
-- params  none
-- why     a correction is as public as what it corrects

select
    correction_id,
    table_name,
    row_id,
    column_name,
    expected,
    corrected,
    corrected_on,
    reason,
    source
from staged.network_corrections
