-- report.ledger_told
-- grain   one row: how large the ledger of figures is
-- inputs  figures

select
    '' as row_key,
    count(*) as n_figures,
    count(*) filter (where is_used) as n_used,
    count(distinct root_id) as n_roots,
    count(distinct source_id) as n_documents
from figures
