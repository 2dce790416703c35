-- Every statement of the hand-kept table is still there once parties are merged.
select statement_id
from staged.network_statements
where statement_id not in (select statement_id from network.all_statements)
