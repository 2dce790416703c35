-- rows of an answer of UN Comtrade, every field as text
-- grain   one record of the answer: line
-- params  $text: the answer; $shape: the fields, as json_transform takes them

with records as (
    select unnest(json_extract($text::json, '$.data[*]')) as record
)

select
    (row_number() over ())::bigint as line,
    unnest(json_transform(record, $shape)) -- noqa: AL03
from records
