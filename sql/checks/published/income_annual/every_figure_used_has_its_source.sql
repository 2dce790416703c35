-- Every figure used has a source, a locator and a retrieval time.
select observation_id
from published.figures
where
    is_used
    and (source_id is null or locator is null or retrieved_at is null or source_title is null)
