-- report.moves
-- grain   stream, measure, year moved beyond noise in the newest release, largest move first
-- inputs  changes, releases, streams
-- units   USD

select
    changes.*,
    streams.title
from changes
inner join streams on changes.stream = streams.stream
where
    not changes.is_noise
    and changes.sequence = (select max(releases.sequence) from releases)
order by
    abs(changes.moved_usd) desc nulls first, changes.stream asc, changes.measure asc,
    changes.year asc
