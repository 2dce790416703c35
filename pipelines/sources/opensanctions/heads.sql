-- whether each line of a block is an entity, and what stands at its head
-- grain   line
-- inputs  block: line, text (null where it cannot be read), too_long

with valid as (
    select
        line,
        too_long,
        coalesce(json_valid(text), false) as is_json,
        case when coalesce(json_valid(text), false) then text end as text
    from block
)

select
    line,
    too_long,
    is_json,
    json_type(text, '$.id') = 'VARCHAR' as has_id,
    json_type(text, '$.schema') = 'VARCHAR' as has_schema,
    json_type(text, '$.properties') = 'OBJECT' as has_properties,
    text ->> '$.id' as list_id,
    text ->> '$.schema' as schema,
    text ->> '$.caption' as caption,
    text
from valid
order by line
