-- shipping.stretches
-- grain   one stretch of positions without a leg that may be impossible: mmsi, from_n
-- inputs  shipping.reports, shipping.segment_pieces, shipping.carried_pieces
-- units   epoch seconds; degrees
-- why     a position carries the n its stretch begins with: one join tells its segment

with starts as (
    select
        mmsi,
        from_n,
        last_value(case when is_break then t end ignore nulls) over (
            partition by mmsi order by n
            rows between unbounded preceding and current row
        ) as break_at
    from shipping.reports
    where n = from_n
)

select
    starts.mmsi,
    starts.from_n,
    pieces.segment,
    pieces.previous_ended_at,
    pieces.previous_end_lon,
    pieces.previous_end_lat
from starts
left join shipping.carried_pieces as tips
    on starts.mmsi = tips.mmsi and tips.is_newest
inner join shipping.segment_pieces as pieces
    on
        starts.mmsi = pieces.mmsi
        and coalesce(starts.break_at, tips.started_at) = pieces.started_at
