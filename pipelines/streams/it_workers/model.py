"""IT workers: read top to bottom, this is the model.

All of them together, wherever they sit, by half-yearly knot: N persons, w earned by one in a paid
month, s the share the worker does not keep, k the part of that which reaches the DPRK side, a the
share of months paid.

    gross = N w a  ("generated")       take = gross s       remitted = take k       (USD a month)

No border shuts this work in: it is done from inside as well as abroad, so N may rise at any time.
"""

from typing import Any

import jax.numpy as jnp
import numpyro
from jax.nn import sigmoid

from pipelines.inference.evidence import Rows, Shared, ceiling, figure, normal, of_prior, part
from pipelines.streams.people import MEASURES, incomes, log_window, money_said


def model(figures: dict[str, Any], priors: dict[str, Any], shared: Shared) -> None:
    since, pay_line = figures["since"], figures["pay_line"]
    step = priors["step_sd"][0] * normal("step", since.shape[:1])
    people = jnp.exp(of_prior("level", priors["level"]) + step @ since)
    step = priors["pay_stride_sd"][0] * normal("pay_step", pay_line.shape[:1])
    wage = jnp.exp(of_prior("pay_level", priors["pay_level"]) + step @ pay_line)
    step = priors["share_stride_sd"][0] * normal("share_step", pay_line.shape[:1])
    not_kept = sigmoid(of_prior("share_level", priors["share_logit"]) + step @ pay_line)
    reach = sigmoid(of_prior("reach", priors["reach_logit"]))
    paid = sigmoid(of_prior("paid_part", priors["paid_logit"]))
    gross, money = incomes(people, wage, not_kept, reach)

    # persons: who counts as one of them is common to all counts
    who = priors["who_counts_sd"][0] * normal("who_counts")
    counts = shared.leaning("headcount")
    rows = figures["headcount"]
    figure("headcount", who + log_window(people, rows), rows, counts)
    rows = figures["part"]
    part("part", who + log_window(people, rows) + counts(rows), rows)

    # pay: quotes tell of those who talk, and of those caught, whose groups are the busy ones
    mix = priors["sector_mix_sd"][0] * normal("sector_mix")
    lean = jnp.exp(of_prior("lean", priors["group_lean_log"]))

    def each(rows: Rows) -> Any:
        return mix + log_window(money, rows) - jnp.log(rows["over"] @ people)

    quotes = shared.leaning("pay")
    rows = figures["per_worker"]
    figure("per_worker", each(rows), rows, quotes)
    # the best paid bound the mean from above and say no more of it
    rows = figures["most"]
    ceiling("most", each(rows) + quotes(rows), rows)
    rows = figures["group"]
    figure("group", each(rows) + lean, rows, quotes)
    money_said(figures, priors, shared, gross, money, paid)

    numpyro.deterministic("people", people[None])
    numpyro.deterministic("paid", paid)
    for of, amount in zip(MEASURES, money, strict=False):
        numpyro.deterministic(of, paid * amount[None])
