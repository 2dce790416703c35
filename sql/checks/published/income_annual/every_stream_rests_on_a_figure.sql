-- No stream is published that no figure speaks of.
select distinct stream
from published.income_annual
where stream != 'total'
except
select stream
from published.figures
where is_used
