-- report.lists
-- grain   official list, and whether it was read for this release
-- inputs  network_lists

select lists.*
from network_lists as lists
order by lists.is_loaded desc, lists.list_source asc
