-- report.joint
-- grain   joint statement, newest first
-- inputs  joint_statements, campaign_events
-- why     the day of some is known to the month only, which the campaign's events say

select
    statements.*,
    (
        select min(events.precision)
        from campaign_events as events
        where
            events.event_on = statements.statement_on
            and events.title = statements.title
    ) as precision
from joint_statements as statements
order by statements.statement_on desc, statements.statement_id asc
