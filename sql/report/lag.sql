-- report.lag
-- grain   one row: from first official allegation to designation
-- inputs  designation_lag_summary

select
    '' as row_key,
    summary.*
from designation_lag_summary as summary
