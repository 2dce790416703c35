-- quantile_points(amounts): the points of an interval from one amount a draw, as a struct q05, q10,
-- q25, q50, q75, q90, q95, mean in the unit of the amounts; null each where there is no draw
create or replace macro quantile_points(
    amounts, levels := [0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95]
) as (
    struct_pack(
        q05 := quantile_cont(amounts, levels)[1],
        q10 := quantile_cont(amounts, levels)[2],
        q25 := quantile_cont(amounts, levels)[3],
        q50 := quantile_cont(amounts, levels)[4],
        q75 := quantile_cont(amounts, levels)[5],
        q90 := quantile_cont(amounts, levels)[6],
        q95 := quantile_cont(amounts, levels)[7],
        mean := avg(amounts)
    )
)
