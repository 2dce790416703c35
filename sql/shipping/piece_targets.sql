-- shipping.piece_targets
-- grain   one new piece and one earlier one, by its age: mmsi, started_at, target
-- inputs  shipping.pieces
-- units   epoch seconds; degrees
-- params  $reach: how many pieces to look back
-- why     the one just before cannot be continued, or there would be no break. A table of its own:
--         joined on the ship alone, a busy MMSI would meet itself squared

select
    pieces.mmsi,
    pieces.started_at,
    pieces.start_lon,
    pieces.start_lat,
    pieces.age + steps.back as target
from shipping.pieces as pieces
cross join (values (2), (3), (4), (5), (6), (7), (8)) as steps (back)
where not pieces.is_carried and steps.back <= $reach
