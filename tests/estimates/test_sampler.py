"""The sampler finds moments that are known in closed form, and its diagnostics notice trouble."""

import numpy as np
import pytest

from pipelines.estimates import sampler


def correlated(size=20, rho=0.95):
    index = np.arange(size)
    precision = np.linalg.inv(rho ** np.abs(index[:, None] - index) * 4.0)

    def target(theta):
        pull = (theta - 3.0) @ precision
        return -0.5 * ((theta - 3.0) * pull).sum(axis=1), -pull

    return target


def run(target, size, *, chains=8, warmup=200, draws=500, seed=1):
    start = np.zeros(size)
    mode = sampler.find_mode(target, start, np.ones(size, dtype=bool))
    return sampler.sample(
        target,
        sampler.whiten(target, mode),
        chains=chains,
        warmup=warmup,
        draws=draws,
        generator=np.random.default_rng(seed),
    )


def test_correlated_normal_has_its_mean_and_covariance():
    flat = run(correlated(), 20).flat(4000)
    assert flat.mean(axis=0) == pytest.approx(np.full(20, 3.0), abs=0.12)
    covariance = np.cov(flat.T)
    assert np.diag(covariance) == pytest.approx(np.full(20, 4.0), rel=0.1)
    assert covariance[0, 1] == pytest.approx(3.8, rel=0.1)


def test_heavy_tails_are_reached():
    # Student t with 5 degrees of freedom: variance 5/3, 97.5% quantile 2.571
    def target(theta):
        return -3 * np.log1p(theta**2 / 5).sum(axis=1), -6 * theta / (5 + theta**2)

    flat = run(target, 3, draws=2000).flat(16_000)
    assert np.quantile(flat, 0.975) == pytest.approx(2.571, abs=0.12)


def test_same_seed_same_draws():
    one, two = run(correlated(), 20, draws=20), run(correlated(), 20, draws=20)
    assert np.array_equal(one.draws, two.draws)


def test_diagnostics_accept_independent_draws():
    noise = np.random.default_rng(0).normal(size=(4, 1000, 2))
    table = sampler.diagnose(noise, ["a", "b"])
    assert table["rhat"].max() < 1.01
    assert table["ess_bulk"].min() > 3000
    assert table["ess_tail"].min() > 2500


def test_diagnostics_catch_a_stuck_chain_and_slow_mixing():
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(4, 1000, 1))
    noise[0] += 2
    assert sampler.diagnose(noise, ["a"])["rhat"][0] > 1.1
    slow = np.zeros((4, 1000, 1))
    for t in range(1, 1000):
        slow[:, t] = 0.95 * slow[:, t - 1] + rng.normal(size=(4, 1))
    # AR(1) with 0.95 leaves (1 - .95) / (1 + .95) of 4,000 draws, about 100
    assert 50 < sampler.diagnose(slow, ["a"])["ess_bulk"][0] < 200


def test_a_target_that_is_not_finite_is_refused():
    def target(theta):
        return np.full(theta.shape[0], np.nan), np.zeros_like(theta)

    with pytest.raises(ValueError, match="not finite"):
        sampler.sample(
            target,
            sampler.Whitening(np.zeros(2), np.eye(2)),
            chains=2,
            warmup=1,
            draws=1,
            generator=np.random.default_rng(0),
        )


def test_sampling_goes_on_until_the_judge_is_satisfied_or_rounds_run_out():
    def rounds(is_enough, most):
        return sampler.sample(
            correlated(),
            sampler.Whitening(np.full(20, 3.0), np.eye(20)),
            chains=4,
            warmup=20,
            draws=10,
            generator=np.random.default_rng(1),
            is_enough=is_enough,
            most_rounds=most,
        ).draws

    once = rounds(None, 4)
    more = rounds(lambda kept: kept.shape[1] >= 30, 4)
    assert once.shape == (4, 10, 20)
    assert more.shape == (4, 30, 20)
    assert np.array_equal(more[:, :10], once)
    assert rounds(lambda kept: False, 2).shape[1] == 20
