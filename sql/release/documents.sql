-- release.documents: every document that a figure of the ledger was read in
-- grain   source_title, source_url
-- inputs  figures

select distinct
    source_title,
    source_url
from figures
where source_title is not null
order by source_title, source_url
