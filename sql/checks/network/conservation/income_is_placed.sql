-- There is income to place.
select 'network.conservation is empty' as nothing
where not exists (select 1 from network.conservation)
