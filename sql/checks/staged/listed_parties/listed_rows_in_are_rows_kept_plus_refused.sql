-- Every row of every list is staged or in quarantine, with a reason.
with held as (
    select
        list_source as source,
        count(*) as kept
    from staged.listed_parties
    group by list_source
),

refused as (
    select
        places.source,
        count(*) as refused
    from (
        select distinct
            source,
            file,
            line
        from staged.quarantine
    ) as places
    group by places.source
)

select
    lists.source,
    runs.rows_in,
    held.kept,
    refused.refused
from (select unnest($lists) as source) as lists
left join staged.source_runs as runs on lists.source = runs.source
left join held on lists.source = held.source
left join refused on lists.source = refused.source
where
    runs.rows_in is null
    or runs.rows_in != runs.rows_kept + coalesce(refused.refused, 0)
    -- in OpenSanctions files a line may be an address or a link and no party
    or (runs.rows_kept != coalesce(held.kept, 0) and not starts_with(lists.source, 'opensanctions'))
order by lists.source
