-- gfw_refused
-- grain   line: one refused record
-- inputs  events (events.sql), rules: rule, column, remedy
-- params  $file: name of the file; $source: of the events

select
    $source::varchar as source,
    $file::varchar as file,
    events.line,
    rules."column",
    left(coalesce(events.full_id, ''), 200) as value,
    events.rule,
    rules.remedy as reason
from events
inner join rules on events.rule = rules.rule
order by events.line
