-- shipping.piece_targets
-- grain   one new piece and one earlier place in its ship's order: mmsi, started_at, target
-- inputs  shipping.pieces
-- units   epoch seconds; degrees
-- params  $reach: how many pieces to look back
-- why     the one just before cannot be continued, or there would be no break. A table of its own:
--         joined on the ship alone, a busy MMSI would meet itself squared

with numbered as (
    select
        mmsi,
        started_at,
        start_lon,
        start_lat,
        is_carried,
        row_number() over (partition by mmsi order by started_at) as i
    from shipping.pieces
)

select
    numbered.mmsi,
    numbered.started_at,
    numbered.start_lon,
    numbered.start_lat,
    numbered.i - steps.back as target
from numbered
cross join (values (2), (3), (4), (5), (6), (7), (8)) as steps (back)
where not numbered.is_carried and steps.back <= $reach
