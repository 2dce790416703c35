"""Statues: a level, a walk by year, and a share spent on stone."""

import jax.numpy as jnp
import numpyro
import numpyro.distributions as dist
from jax.nn import sigmoid

from pipelines.inference.evidence import figure

YEARS = 30


def model(figures, priors, shared):
    def normal(name, shape=()):
        return numpyro.sample(name, dist.Normal(jnp.zeros(shape), 1.0))

    walk = priors["walk"][0] * jnp.cumsum(normal("step", (YEARS,)))
    log_year = priors["level"][0] + priors["level"][1] * normal("level") + walk
    paid = jnp.exp(log_year)[figures["year"]] / 12
    stone = sigmoid(priors["stone_logit"][0] + priors["stone_logit"][1] * normal("stone"))
    rows = figures["amount"]
    said = jnp.log(rows["window"] @ paid)
    figure("amount", said, rows, shared.leaning("amount"))
    numpyro.deterministic("months/paid_usd", paid)
    numpyro.deterministic("months/kept_usd", paid * (1 - stone))
