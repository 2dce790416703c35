"""Overseas labor: read top to bottom, this is the model.

By host and half-yearly knot: N persons, w gross USD per person and paid month, s the share the
worker does not keep, k the part of that which reaches the DPRK side; a the share of months paid.

    gross = N w a        take = gross s        remitted = take k          (USD a month)

Lines between knots are straight in persons and money, so a window is a weighted sum of knots.
"""

from typing import Any

import jax.numpy as jnp
import numpyro
from jax.nn import log_sigmoid, sigmoid, softplus

from pipelines.inference.evidence import Rows, Shared, figure, normal, of_prior, part
from pipelines.streams.people import MEASURES, incomes, log_window, money_said

HOSTS = ("CHN", "RUS", "KWT", "QAT", "ARE", "MNG", "POL", "OTH")
TRADES = (
    "garment",
    "manufacturing",
    "seafood_processing",
    "restaurants",
    "construction",
    "logging",
    "medical",
)
# regimes of half-yearly steps
FREE, LEAVING, SHUT, REOPENED, RECRUITING = range(5)


def by_host(priors: dict[str, Any], name: str) -> Any:
    """(hosts, 2): a host's own prior where there is one."""
    return jnp.array([priors.get(f"{name}_{host}", priors[name]) for host in HOSTS])


def persons(grid: dict[str, Any], priors: dict[str, Any]) -> Any:
    """N, (hosts, knots)."""
    regime = grid["regime"]
    # all hosts share part of a change; what Russia recruits for its war is its own
    common = jnp.where(regime < RECRUITING, priors["host_correlation"][0], 0.0)
    own = grid["own_scale"] * normal("step", grid["own_scale"].shape)
    together = grid["common_scale"] * normal("common_step", grid["common_scale"].shape)
    step = jnp.sqrt(1 - common) * own[grid["own"]] + jnp.sqrt(common) * together[grid["common"]]
    names = ("free", "leaving", "shut", "reopened", "recruiting")
    step *= jnp.array([priors[f"step_sd.{name}"][0] for name in names])[regime]
    # nobody enters through a closed border: behind it a stock can only fall
    mean, sd = priors["fall_log"]
    fall = jnp.exp(mean + sd * normal("fall", grid["fall_each"].shape))
    step = jnp.where(regime == SHUT, -fall[grid["fall"]], step)
    # the way home is walked in persons, by a deadline: little left, and logarithms plunge
    kept = sigmoid(of_prior("kept", by_host(priors, "kept")))
    haste = jnp.exp(priors["haste_log_sd"][0] * normal("haste", (len(HOSTS),)))
    elapsed = grid["elapsed"]
    gone = jnp.where(elapsed > 0, jnp.maximum(elapsed, 1e-9) ** haste[:, None], 0.0)
    level = of_prior("level", by_host(priors, "level"))
    return jnp.exp(level[:, None] + step @ grid["since"]) * (1 - (1 - kept)[:, None] * gone)


def pay(grid: dict[str, Any], priors: dict[str, Any]) -> Any:
    """w, (hosts, knots); in China agreed in yuan."""
    moves = grid["pay_line"].shape[0]
    # China, Russia, and all others alike move on their own
    own = normal("pay_step", (3, moves))[jnp.minimum(jnp.arange(len(HOSTS)), 2)]
    common = normal("common_pay_step", (moves,))
    step = priors["pay_stride_sd"][0] * own + priors["common_pay_stride_sd"][0] * common
    level = of_prior("pay_level", by_host(priors, "pay_level"))
    return jnp.exp(level[:, None] + step @ grid["pay_line"]).at[0].multiply(jnp.exp(grid["yuan"]))


def share(grid: dict[str, Any], priors: dict[str, Any]) -> Any:
    """s, (hosts, knots)."""
    step = priors["share_stride_sd"][0] * normal("share_step", (grid["pay_line"].shape[0],))
    own = priors["host_share_sd"][0] * normal("host_share", (len(HOSTS), 1))
    return sigmoid(of_prior("share_level", priors["share_logit"]) + own + step @ grid["pay_line"])


def model(figures: dict[str, Any], priors: dict[str, Any], shared: Shared) -> None:
    people, wage, not_kept = persons(figures, priors), pay(figures, priors), share(figures, priors)
    own = priors["host_reach_sd"][0] * normal("host_reach", (len(HOSTS), 1))
    reach = sigmoid(of_prior("reach", priors["reach_logit"]) + own)
    paid = sigmoid(of_prior("paid_part", priors["paid_logit"]))
    gross, money = incomes(people, wage, not_kept, reach)

    # persons: what is counted and who is paid differ by one factor for all counts
    who = priors["who_counts_sd"][0] * normal("who_counts")
    # China tells no numbers: what is said of its workers is hearsay, all of it off alike
    hearsay = priors["hearsay_sd"][0] * normal("hearsay")
    told = people.at[0].multiply(jnp.exp(hearsay))

    def counted(rows: Rows) -> Any:
        return who + log_window(told, rows)

    lean = shared.leaning("headcount")
    rows = figures["headcount"]
    figure("headcount", counted(rows), rows, lean)
    rows = figures["part"]
    part("part", counted(rows) + lean(rows), rows)
    rows = figures["place"]
    town = of_prior("town", priors["town_share_logit"])
    town += figures["reopened"] * of_prior("town_shift", priors["town_shift_logit"])
    in_town = log_sigmoid(rows["time"] @ town)
    figure("place", counted(rows) + in_town, rows, lean)
    rows = figures["ratio"]
    before = jnp.log(rows["before"] @ jnp.ravel(people))
    change = log_window(people, rows) - before
    figure("ratio", change, rows, shared.leaning("headcount", is_ratio=True))

    # flows, persons a year
    rows = figures["crossings"]
    crossings = of_prior("crossings_each", priors["crossings_log"])
    figure("crossings", who + log_window(people, rows) + crossings, rows, lean)
    rows = figures["arrivals"]
    stay = jnp.exp(of_prior("stay", priors["stay_log_years"]))
    inflow = jnp.exp(log_window(people, rows)) / stay + rows["change"] @ jnp.ravel(people)
    work = log_sigmoid(of_prior("work_share", priors["work_share_logit"]))
    # a stock known to some thousands cannot resolve a smaller flow
    figure("arrivals", who + soft_log(inflow, rows, 2_000.0) - work, rows, lean)
    rows = figures["sent_home"]
    outflow = -(rows["change"] @ jnp.ravel(people))
    figure("sent_home", who + soft_log(outflow, rows, 1.0), rows, lean)

    # pay and shares: quotes pick the trades that talk, all by one factor
    mix = priors["sector_mix_sd"][0] * normal("sector_mix")
    trade = priors["trade_sd"][0] * normal("trade", (len(TRADES),))
    rows = figures["per_worker"]
    each = log_window(money, rows) - jnp.log(rows["over"] @ jnp.ravel(people))
    each += mix + rows["trade"] @ trade
    figure("per_worker", each, rows, shared.leaning("pay"))
    money_said(figures, priors, shared, gross, money, paid)

    numpyro.deterministic("people", people)
    numpyro.deterministic("paid", paid)
    for of, amount in zip(MEASURES, money, strict=False):
        numpyro.deterministic(of, paid * amount)


def soft_log(flow: Any, rows: Rows, finest: float) -> Any:
    """Log of a flow that may come out negative: a soft floor at ``finest`` or a tenth stated."""
    soft = jnp.maximum(0.1 * jnp.exp(rows["value"]), finest)
    return jnp.log(soft * softplus(flow / soft))
