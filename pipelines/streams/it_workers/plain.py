"""The plain estimate of IT workers, kept as comparator; only backtests read it."""

from functools import partial

from pipelines.streams import people_plain
from pipelines.streams.it_workers.figures import FIRST_MONTH, WORLD, placed

estimate = partial(people_plain.estimate, placed, FIRST_MONTH, WORLD)
