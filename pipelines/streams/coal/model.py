"""Coal after the record ends: the density, written once.

Half-years k, months t, windows w. Logs throughout; all scales and means are priors of priors.csv.

    V_t    tonnes a month     log V_t = log V_0 + start + events_t + walk_t + month_t
    P_t    FOB, USD a tonne   log P_t = log P_0 - log f + beta (r_t - r_0) + c_t + d_t
    d_t    discount           a step at the ban, then a walk
    R_t    Chinese price      log R_t = a + beta (r_t - r_0) + c_t
    f      CIF over FOB, one a world; F delivered over FOB once trade hides = f plus its own excess
    cost   share of FOB that stays abroad

V_0 and P_0 are the last recorded year's tonnes a month and CIF unit value: no level jumps where the
record ends but by an event of the cited table of halts. walk, c, discount are random walks at
half-yearly knots, straight between.
"""

from typing import Any

import jax.numpy as jnp
import numpyro
import numpyro.distributions as dist
from jax.nn import log_sigmoid
from jax.scipy.special import log_ndtr

from pipelines.inference.evidence import Rows, Shared, ceiling, figure, mixture, normal, part

Figures = dict[str, Any]


def model(figures: Figures, priors: dict[str, Any], shared: Shared) -> None:
    """Latents, incomes and every coal figure after the record."""

    def prior(name: str, shape: tuple[int, ...] = ()) -> Any:
        mean, sd = priors[name]
        return mean + sd * normal(name, shape)

    def walk(name: str, scale: Any) -> Any:
        steps = normal(name, figures["line"].shape[1:])
        return figures["line"] @ (scale * jnp.cumsum(steps))

    # -- tonnes ------------------------------------------------------------------------------
    tonnage_scale = priors["tonnage_walk"][0] * jnp.exp(prior("tonnage_walk_log"))
    mean, sd = figures["step_mean"], figures["step_sd"]
    steps = mean + sd * normal("steps", mean.shape)
    halts = priors["halt_depth"][0] * numpyro.sample(
        "halts", dist.HalfNormal(jnp.ones(figures["halt"].shape[1]))
    )
    events = figures["step"] @ steps - figures["halt"] @ halts
    monthly = priors["within_half_year"][0] * normal("monthly", figures["line"].shape[:1])
    slow = figures["log_last_t"] + prior("start") + events + walk("tonnage", tonnage_scale)
    log_v = slow + monthly
    tonnes = jnp.exp(log_v)

    # -- prices ------------------------------------------------------------------------------
    freight = prior("freight")
    delivered = freight + prior("freight_hidden")
    chinese_level, pass_through = prior("chinese_level"), prior("pass_through")
    world = pass_through * figures["world"]
    chinese_walk = walk("chinese_walk", priors["chinese_walk"][0])
    chinese = chinese_level + world + chinese_walk
    discount = figures["ban"] * prior("ban_discount")
    discount += walk("discount_walk", priors["discount_walk"][0])
    start_price = figures["log_last_price"] - freight + prior("start_price")
    log_p = start_price + world + chinese_walk + discount
    income = tonnes * jnp.exp(log_p)
    cost = 1.0 / (1.0 + jnp.exp(-prior("cost_logit")))

    numpyro.deterministic("months/tonnes", tonnes)
    numpyro.deterministic("months/price_usd_per_t", jnp.exp(log_p))
    numpyro.deterministic("months/cif_usd", income * jnp.exp(delivered))
    numpyro.deterministic("months/gross_fob_usd", income)
    numpyro.deterministic("months/net_usd", income * (1 - cost))
    numpyro.deterministic("log_freight", freight)
    numpyro.deterministic("cost_share", cost)

    # -- what figures say ----------------------------------------------------------------------
    def over(rows: Rows, months: Any) -> Any:
        return jnp.log(rows["window"] @ months)

    amounts = shared.leaning("amount")
    at = figures["tonnes"]
    figure("tonnes", over(at, tonnes), at, amounts)
    at = figures["tonnes_part"]
    part("tonnes_part", over(at, tonnes), at)
    # a dollar total that names no price: sold at this world's price, or at one its author assumed
    at = figures["money"]
    assumed = prior("assumed_price", at["value"].shape)
    readings = jnp.stack([over(at, income), over(at, tonnes) + assumed], axis=1)
    own = priors["own_price_weight"][0]
    mixture("money", readings, jnp.array([own, 1 - own]), at, amounts)
    at = figures["money_part"]
    part("money_part", over(at, income), at)
    at = figures["money_ceiling"]
    lean = amounts(at)
    ceiling("money_ceiling", over(at, income * jnp.exp(delivered)) + lean, at)

    # -- ships counted: one share seen per observer and way of counting ------------------------
    mean_lot = prior("mean_lot")
    z = normal("seen", figures["seen_is_list"].shape)
    listed, watched = priors["listed_share_logit"], priors["watched_share_log"]
    seen = jnp.where(
        figures["seen_is_list"] > 0,
        log_sigmoid(listed[0] + listed[1] * z),
        watched[0] + watched[1] * z,
    )
    at = figures["count"]
    counted = over(at, tonnes) - mean_lot + seen[at["observer"]]
    figure("count", counted, at, shared.leaning("count"))
    at = figures["count_part"]
    part("count_part", over(at, tonnes) - mean_lot, at, priors["count_part_sd"][0])
    at = figures["lot"]
    lot = mean_lot + jnp.zeros(at["value"].shape)
    figure("lot", lot, at, shared.leaning("lot"))

    # -- prices quoted: where handed over, in what sense, by whom -------------------------------
    prices = shared.leaning("price")
    asked = prior("asked")
    at = figures["price"]
    quoted = (at["window"] @ log_p) + at["is_delivered"] * delivered + at["is_asked"] * asked
    figure("price", quoted, at, prices)
    at = figures["discount"]
    against = jnp.where(at["is_chinese"] > 0, at["window"] @ chinese, at["base"])
    figure("discount", at["window"] @ log_p + 0.5 * delivered - against, at, prices)
    at = figures["chinese"]
    figure("chinese", at["window"] @ chinese, at, prices)

    # -- capacity: no year exports more than its mines give ----------------------------------------
    room = (figures["most_log"] - jnp.log(figures["year"] @ tonnes)) / figures["most_error"]
    numpyro.factor("capacity", jnp.sum(log_ndtr(room)))
