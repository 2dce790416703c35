-- report.joint
-- grain   joint statement, newest first
-- inputs  joint_statements

select statements.*
from joint_statements as statements
order by statements.statement_on desc, statements.statement_id asc
