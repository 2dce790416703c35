-- published.joint_statements
-- grain   statement_id
-- inputs  network.joint_statements
-- units   none
-- params  none
-- why     who stands behind a statement is part of the pressure

select
    statement_id,
    statement_on,
    title,
    kind,
    is_round,
    n_joined,
    n_members_joined,
    n_unknown,
    countries,
    members_that_joined,
    members_that_did_not,
    url
from network.joint_statements
