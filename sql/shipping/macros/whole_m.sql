-- whole_m(east_deg, north_deg): a leg in whole metres, so that sums do not depend on their order
create macro whole_m(east_deg, north_deg) as
cast(
    floor(sqrt(east_deg * east_deg + north_deg * north_deg) * 111195.08 + 0.5) as bigint
)
