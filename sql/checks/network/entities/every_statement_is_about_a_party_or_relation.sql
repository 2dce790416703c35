-- No statement is about nothing.
select statement_id
from network.all_statements
where
    about not in (select entity_id from network.all_entities)
    and about not in (select link_id from network.all_links)
