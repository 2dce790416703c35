-- report.components
-- grain   part of a stream's income in one year, the widest first
-- inputs  evidence_by_component
-- units   variance_share of the year's uncertainty
-- params  $stream, $year

select
    parts.*,
    case
        when contains(parts.component, ': ')
            then split_part(parts.component, ': ', 1)
    end as part_stream,
    split_part(parts.component, ': ', -1) as part
from evidence_by_component as parts
where parts.stream = $stream and parts.year = $year
order by parts.variance_share desc, parts.component asc
