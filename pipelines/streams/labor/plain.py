"""The plain estimate of overseas labor, kept as comparator; only backtests read it."""

from functools import partial

from pipelines.streams import people_plain
from pipelines.streams.labor.figures import FIRST_MONTH, placed
from pipelines.streams.labor.model import HOSTS

estimate = partial(people_plain.estimate, placed, FIRST_MONTH, HOSTS)
