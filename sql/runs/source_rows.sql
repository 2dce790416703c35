-- rows that a source says it read, kept and refused, and its lines in quarantine
-- grain   one row, none for a source that has not run
-- params  $source

select
    runs.rows_in,
    runs.rows_kept,
    runs.rows_quarantined,
    (
        select count(*)
        from (
            select distinct
                refused.file,
                refused.line
            from staged.quarantine as refused
            where refused.source = runs.source
        ) as places
    ) as n_lines
from staged.source_runs as runs
where runs.source = $source
