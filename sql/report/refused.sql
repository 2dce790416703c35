-- report.refused
-- grain   row that could not be read or was withdrawn
-- inputs  quarantine

select quarantine.*
from quarantine
order by quarantine.source, quarantine.row
