-- shipping.judged
-- grain   one row of a file, in the order given
-- inputs  shipping.decoded
-- units   knots; degrees; metres; flags is a sum of bits
-- params  thresholds and bits of pipelines/reference/ais_rules.csv by the rule's name;
--         $received_t: epoch second the file was received
-- why     the first rule that holds refuses the row; flags mark what is kept with a doubt

select
    case
        when refused = 'joined' then null
        when refused is not null then refused
        when bad_column is not null then 'value_unparsable'
        when mmsi is null or mmsi not between 0 and 999999999 then 'mmsi_invalid'
        when is_base_station or mmsi < 10000000 then 'base_station'
        -- ship stations start with a country's digits, 201-775 (ITU-R M.585)
        when mmsi not between 201000000 and 775999999 then 'mmsi_not_a_ship'
        when t is null and time_text is null then 'time_missing'
        when t is null then 'time_unparsable'
        when t < $time_before_ais then 'time_before_ais'
        when t > $received_t + $time_in_future then 'time_in_future'
        when not has_position then null
        when lat is null or lon is null then 'position_missing'
        when lat = 91 or lon = 181 then 'position_not_available'
        when abs(lat) > 90 or abs(lon) > 180 then 'position_out_of_range'
        when lat = 0 and lon = 0 then 'position_null_island'
    end as rule,
    (
        case when is_naive then $bit_time_naive else 0 end
        + case when sog_kn = $sog_not_available then $bit_sog_not_available else 0 end
        + case when cog_deg = $cog_not_available then $bit_cog_not_available else 0 end
        + case when heading_deg = $heading_not_available then $bit_heading_not_available else 0 end
        + case when draught_m = $draught_not_available then $bit_draught_not_available else 0 end
        + case
            when sog_kn > $sog_implausible and sog_kn <> $sog_not_available
                then $bit_sog_implausible
            else 0
        end
        + case when is_coarse then $bit_coarse_position else 0 end
    )::bigint as flags,
    -- a value that only says "not available" is kept as missing
    case when sog_kn between 0 and $sog_implausible then sog_kn end as sog_kn,
    case when cog_deg >= 0 and cog_deg < $cog_not_available then cog_deg end as cog_deg,
    case when draught_m > $draught_not_available then draught_m end as draught_m
from shipping.decoded
