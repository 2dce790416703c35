-- Links of parties under the North Korea measures name a listed party.
select
    list_source,
    source_list_id
from staged.listed_links
where is_dprk and starts_with(list_source, 'ofac') and target_list_id is null
order by list_source, source_list_id
