-- published.designation_lag
-- grain   entity_id
-- inputs  network.designation_lag
-- units   months
-- params  none
-- why     parties first named by their own designation have no lag to measure

select
    entity_id,
    name,
    schema,
    alleged_on,
    alleged_by,
    alleged_as,
    designated_on,
    designated_by,
    settled_by,
    is_designated,
    is_date_known,
    lag_months,
    waiting_months
from network.designation_lag
