-- the texts of every property of every entity; a value that is no list becomes null
-- grain   line, name
-- inputs  heads: line, text

select
    heads.line,
    property.key as name,
    from_json(property.value, '["VARCHAR"]') as texts
from heads, json_each(heads.text, '$.properties') as property
