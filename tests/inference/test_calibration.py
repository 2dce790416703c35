"""Ranks of made-up worlds, and the proof that they would tell."""

import dataclasses

import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
import polars as pl
import pytest

from pipelines.inference import calibration, scores
from pipelines.inference.sampler import Effort
from tests.inference import toy


@pytest.fixture(scope="module")
def ranks():
    made = calibration.MadeUp(
        toy.evidence(toy.ledger()), effort=Effort(warmup=150, draws=40), chains=12
    )
    return calibration.calibrate(made, seed=1, key="", worlds=20)


def test_worlds_fitted_with_their_own_errors_rank_evenly(ranks):
    table = scores.uniformity(ranks).filter(pl.col("fit") == scores.AS_PUBLISHED)
    assert table["quantity"].to_list() == sorted(
        table["quantity"].to_list(),
        key=lambda name: dict(table.select("quantity", "p_value").rows())[name],
    )
    assert table["n_worlds"].to_list() == [20] * table.height
    assert table["is_even"].all()


def test_worlds_fitted_without_class_errors_fail(ranks):
    table = scores.uniformity(ranks).filter(pl.col("fit") == calibration.WITHOUT_CLASSES)
    assert not table["is_even"].any()
    # too narrow: the truth lies at the ends
    control = ranks.filter(pl.col("fit") == calibration.WITHOUT_CLASSES)["rank"].to_numpy()
    assert (np.abs(control - 0.5) > 0.4).mean() > 0.5


def test_what_is_said_in_a_world_is_what_its_posterior_is_given():
    made = calibration.MadeUp(toy.evidence(toy.ledger()), chains=4)
    worlds = made.worlds(2, 1)
    theta = made.joint.density.unconstrain(worlds)[:1]
    data = made.joint.data | {
        "said": {name: worlds[name][0] for name in made.joint.density.observed}
    }
    told = made.density.log_sites(theta, data)
    real = made.joint.density.log_sites(theta)
    assert told["toy/amount"] != pytest.approx(real["toy/amount"])
    # latents are untouched by what is said, and so is the order of their vector
    assert told["toy/z"] == pytest.approx(real["toy/z"])
    assert made.density.latent.keys() == made.joint.density.latent.keys()
    # a floor that nobody told in this world is one minus the chance that somebody would
    chance = np.exp(real["toy/floor"][0, 0])
    expected = chance if worlds["toy/floor"][0, 0] else 1 - chance
    assert np.exp(told["toy/floor"][0, 0]) == pytest.approx(expected)


def test_worlds_obey_the_bare_factors_of_a_density():
    def upwards(figures, priors, shared):
        toy.model(figures, priors, shared)
        numpyro.factor(
            "upwards", jnp.where(jnp.asarray(numpyro.sample("u", dist.Normal())) > 0, 0.0, -50.0)
        )

    plain = toy.evidence(toy.ledger())
    made = calibration.MadeUp(dataclasses.replace(plain, model=upwards), chains=4)
    worlds = made.worlds(20, 1)
    assert len(worlds["toy/u"]) == 20
    # half of all worlds, and none of these
    assert (worlds["toy/u"] > 0).all()
