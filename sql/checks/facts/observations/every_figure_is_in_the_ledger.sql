-- Every figure of the staged tables is in the ledger.
select observation_id
from staged.figures
except
select observation_id
from facts.observations
