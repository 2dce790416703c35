-- published.statement_endorsers
-- grain   statement_id, country_iso3
-- inputs  staged.un_statement_endorsers
-- units   none
-- params  none
-- why     who stands behind a statement is part of the pressure

select * from staged.un_statement_endorsers
