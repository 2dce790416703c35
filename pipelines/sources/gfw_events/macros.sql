-- how a cell of an event is read: by the path to it, null where it is not of its form

create temp macro gfw_number(event, path) as
case when isfinite(try_cast(event ->> path as double)) then try_cast(event ->> path as double) end;

create temp macro gfw_boolean(event, path) as try_cast(event ->> path as boolean);

create temp macro gfw_instant(event, path) as
case
    when regexp_matches(event ->> path, '^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}')
        then try_cast(event ->> path as timestamptz)::timestamp
end;

create temp macro gfw_mmsi(event, path) as
case when regexp_full_match(event ->> path, '\d{9}') then try_cast(event ->> path as bigint) end;

create temp macro gfw_iso3(event, path) as
case when regexp_full_match(event ->> path, '[A-Z]{3}') then event ->> path end;
