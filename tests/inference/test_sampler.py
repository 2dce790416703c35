"""Draws against a posterior worked out on paper, and what may not decide a draw."""

import numpy as np
import numpyro
import numpyro.distributions as dist
import pytest

from pipelines.inference.density import Density
from pipelines.inference.evidence import normal
from pipelines.inference.sampler import Effort, Sampler, _coarse


def _two_means(data):
    # two normal means, told apart by their difference alone but for the prior
    a, b = normal("a"), normal("b")
    numpyro.sample("difference", dist.Normal(a - b, 0.1), obs=data["difference"])


@pytest.fixture(scope="module")
def samples():
    density = Density(_two_means, {"difference": np.float64(1.0)})
    return Sampler(density, chains=8).sample(seed=3, effort=Effort(warmup=200, draws=500))


def test_draws_are_those_of_the_posterior_on_paper(samples):
    # precision [[1 + k, -k], [-k, 1 + k]] with k = 1 / 0.1²: variances (1 + k) / (1 + 2k),
    # covariance k / (1 + 2k), means ± k / (1 + 2k)
    k = 100.0
    theta = samples.theta.reshape(-1, 2)
    assert theta.mean(axis=0) == pytest.approx([k / (1 + 2 * k), -k / (1 + 2 * k)], abs=0.06)
    variance, covariance = (1 + k) / (1 + 2 * k), k / (1 + 2 * k)
    cov = np.cov(theta.T)
    assert np.diag(cov) == pytest.approx([variance, variance], rel=0.12)
    assert cov[0, 1] == pytest.approx(covariance, rel=0.12)
    # the narrow way across, which a wrong mass matrix would miss
    assert (theta[:, 0] - theta[:, 1]).std() == pytest.approx((2 / (1 + 2 * k)) ** 0.5, rel=0.05)


def test_no_transition_goes_astray(samples):
    assert samples.n_divergent == 0
    assert 0.7 < samples.acceptance < 0.97


def test_last_digits_of_a_figure_decide_no_draw():
    stated = np.log(np.array([3.0e6, 1.7e-3, 800.0]))
    beside = np.nextafter(stated, np.inf)
    assert (stated != beside).all()
    assert (_coarse(stated) == _coarse(beside)).all()
    assert _coarse(stated) == pytest.approx(stated, rel=1e-9)
    # nine digits, no fewer
    assert (_coarse(stated * (1 + 1e-8)) != _coarse(stated)).all()


def test_whole_numbers_and_nothing_stay_what_they_are():
    assert _coarse(np.array([7, -2])).tolist() == [7, -2]
    assert _coarse(np.array([0.0, -np.inf])).tolist() == [0.0, -np.inf]
