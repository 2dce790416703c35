-- published.joint_statements
-- grain   statement_id
-- inputs  network.joint_statements
-- units   none
-- params  none
-- why     who stands behind a statement is part of the pressure

select * from network.joint_statements
