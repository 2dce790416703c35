-- quantile_points(amounts): the points of an interval from one amount a draw, as a struct q05, q10,
-- q25, q50, q75, q90, q95, mean in the unit of the amounts; null each where there is no draw
create macro quantile_points(amounts) as (
    struct_pack(
        q05 := quantile_cont(amounts, 0.05),
        q10 := quantile_cont(amounts, 0.10),
        q25 := quantile_cont(amounts, 0.25),
        q50 := quantile_cont(amounts, 0.50),
        q75 := quantile_cont(amounts, 0.75),
        q90 := quantile_cont(amounts, 0.90),
        q95 := quantile_cont(amounts, 0.95),
        mean := avg(amounts)
    )
)
