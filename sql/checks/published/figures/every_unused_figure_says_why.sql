-- A figure is used or says why not.
select observation_id
from published.figures
where is_used = (reason_not_used is not null)
