-- published.network_lists
-- grain   list_source
-- inputs  network.lists
-- units   none
-- params  none
-- why     an empty answer about a list that was not read is no answer

select
    list_source,
    authority,
    title,
    is_loaded,
    edition_on,
    dprk_entries,
    dated_entries,
    meaning
from network.lists
