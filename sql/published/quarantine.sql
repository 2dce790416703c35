-- published.quarantine
-- grain   source, row, column, rule
-- inputs  staged.quarantine
-- units   none
-- params  none
-- why     nothing is dropped silently

select
    source,
    file,
    line,
    "column",
    value,
    rule,
    reason,
    row_number() over (
        partition by source
        order by file, line, "column", rule, value
    ) as row
from staged.quarantine
order by source, row
