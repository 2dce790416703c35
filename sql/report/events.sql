-- report.events
-- grain   dated event of the campaign, newest first, missile tests apart
-- inputs  campaign_events

select events.*
from campaign_events as events
where events.kind not in ('missile_test', 'exercise')
order by events.event_on desc, events.event_id asc
