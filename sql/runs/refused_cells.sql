-- the first refused cells of a hand-kept table, but for rows that a correction replaced or withdrew
-- grain   file, line, column
-- params  $source, $corrected: the rule of replaced rows

select
    file,
    line,
    reason
from staged.quarantine
where source = $source and rule not in ('withdrawn', $corrected)
order by file, line
limit 20
