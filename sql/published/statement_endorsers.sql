-- published.statement_endorsers
-- grain   statement_id, country_iso3
-- inputs  staged.un_statement_endorsers
-- units   none
-- params  none
-- why     who stands behind a statement is part of the pressure

select
    statement_id,
    statement_on,
    title,
    kind,
    country_iso3,
    joined,
    is_unsc_member_then,
    url
from staged.un_statement_endorsers
