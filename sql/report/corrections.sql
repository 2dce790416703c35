-- report.corrections
-- grain   cell set right in the network, newest first
-- inputs  network_corrections

select corrections.*
from network_corrections as corrections
order by corrections.corrected_on desc, corrections.correction_id asc
