-- gfw_records
-- grain   line: one event of an answer, of a list of events, or alone
-- params  $path: the JSON file
-- why     lists grow to some hundred megabytes; DuckDB wants to know before it reads

with documents as (
    select
        row_number() over () as document,
        json
    from read_json_objects(
        $path, format = 'auto', maximum_object_size = 1073741824
    )
),

listed as (
    select
        document,
        json -> '$.metadata.datasets' as datasets,
        unnest(case
            when json_type(json) = 'ARRAY' then json_transform(json, '["JSON"]')
            when json_type(json -> '$.entries') = 'ARRAY'
                then json_transform(json -> '$.entries', '["JSON"]')
            else [json]
        end) as event
    from documents
)

select
    row_number() over () as line,
    datasets,
    -- both spellings of the one key are about
    replace(event::varchar, '"portVisit":', '"port_visit":')::json as event
from listed
