-- report.collect
-- grain   datum of a year, the one that would tell most first
-- inputs  value_of_information, obtainable_data, streams
-- units   expected_width_ratio: width of the 90% interval after over before

select
    wanted.*,
    streams.title,
    streams.sort_order,
    got.where_obtainable,
    got.why_this_error
from value_of_information as wanted
inner join streams on wanted.stream = streams.stream
left join obtainable_data as got
    on wanted.stream = got.stream and wanted.datum = got.datum
order by wanted.year desc, wanted.expected_width_ratio asc, wanted.datum asc
