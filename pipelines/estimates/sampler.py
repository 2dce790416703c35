"""Hamiltonian Monte Carlo in numpy: many chains at once, whitened by the curvature at the mode.

Any target is a function of a batch, ``theta (chains, size) -> log density (chains,), gradient
(chains, size)``. The Hessian at the mode is one batched call of the gradient; its eigenvectors
make the posterior nearly round, so a handful of leapfrog steps crosses it. Step size by dual
averaging, path length jittered (Neal 2011; Hoffman & Gelman 2014, JMLR 15). Convergence by
rank-normalised split R-hat and bulk and tail effective sample size (Vehtari et al. 2021, Bayesian
Analysis 16).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.fft import irfft, next_fast_len, rfft
from scipy.linalg import eigh
from scipy.optimize import minimize
from scipy.special import ndtri
from scipy.stats import rankdata

Target = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
_DIVERGENT = 1_000.0
_TARGET_ACCEPTANCE = 0.8
MOST_ROUNDS = 5
# effective draws of a published year: fewer forbid publishing, and sampling goes on for more
LEAST_ESS = 200
WANTED_ESS = 400


@dataclass(frozen=True)
class Whitening:
    """theta = centre + z @ factor.T, with z nearly standard normal."""

    centre: np.ndarray
    factor: np.ndarray

    def apply(self, z: np.ndarray) -> np.ndarray:
        return self.centre + z @ self.factor.T


@dataclass(frozen=True)
class Samples:
    """Posterior draws and how they were got.

    Attributes:
        draws: (chains, draws per chain, size).
        n_divergent: transitions after warm-up whose energy error passed 1,000.
        acceptance: mean acceptance after warm-up.
        step: step size used, in whitened units.
    """

    draws: np.ndarray
    n_divergent: int
    acceptance: float
    step: float

    def flat(self, draws: int) -> np.ndarray:
        """``draws`` rows, interleaving the chains so that any prefix uses them all.

        Raises:
            ValueError: more rows are asked for than were drawn.
        """
        chains, each, size = self.draws.shape
        if draws > chains * each:
            raise ValueError(f"{draws} draws asked for, {chains * each} were made")
        return self.draws.transpose(1, 0, 2).reshape(chains * each, size)[:draws]


def find_mode(target: Target, start: np.ndarray, is_free: np.ndarray) -> np.ndarray:
    """Climb from ``start`` over the free coordinates; the others stay.

    Scale parameters are best held: the joint density of a hierarchy peaks at zero scale, far
    from where its mass lies.
    """

    def negative(free: np.ndarray) -> tuple[float, np.ndarray]:
        theta = start.copy()
        theta[is_free] = free
        value, gradient = target(theta[None, :])
        return -float(value[0]), -gradient[0, is_free]

    mode = start.copy()
    mode[is_free] = _climb(negative, start[is_free], 250)
    # on round ground the rest of the way is short
    for _ in range(3):
        axes = whiten(target, mode).factor[is_free]
        centre = mode[is_free]

        def negative_round(
            z: np.ndarray, centre: np.ndarray = centre, axes: np.ndarray = axes
        ) -> tuple[float, np.ndarray]:
            value, gradient = negative(centre + axes @ z)
            return value, gradient @ axes

        z = _climb(negative_round, np.zeros(axes.shape[1]), 150)
        mode[is_free] = centre + axes @ z
    return mode


def _climb(
    function: Callable[[np.ndarray], tuple[float, np.ndarray]], start: np.ndarray, n: int
) -> np.ndarray:
    return minimize(
        function,
        start,
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": n, "maxfun": 2 * n, "maxcor": 20, "ftol": 1e-9},
    ).x


def whiten(
    target: Target,
    centre: np.ndarray,
    *,
    around: np.ndarray | None = None,
    step: float = 1e-4,
    weakest: float = 0.25,
) -> Whitening:
    """Whitening from the Hessian, by central differences of the gradient.

    Negative curvature is turned over and no direction is taken as wider than
    ``1 / sqrt(weakest)``.

    Args:
        centre: what z = 0 stands for, (size,).
        around: points to average the Hessian over, (points, size); None takes the centre. The
            average over draws describes a heavy-tailed posterior better than its mode does.
    """
    size = centre.size
    shift = step * np.eye(size)
    hessian = np.zeros((size, size))
    points = centre[None, :] if around is None else around
    for point in points:
        _, up = target(point + shift)
        _, down = target(point - shift)
        hessian -= (up - down) / (2 * step * len(points))
    values, vectors = eigh((hessian + hessian.T) / 2)
    return Whitening(centre, vectors / np.sqrt(np.maximum(np.abs(values), weakest)))


def sample(
    target: Target,
    whitening: Whitening,
    *,
    chains: int,
    warmup: int,
    draws: int,
    generator: np.random.Generator,
    progress: Callable[[float], None] | None = None,
    is_enough: Callable[[np.ndarray], bool] | None = None,
    most_rounds: int = MOST_ROUNDS,
) -> Samples:
    """Draw from ``target``.

    Args:
        chains: run side by side in one batch.
        warmup: transitions spent on the step size and on whitening anew.
        draws: transitions kept, per chain, in a round.
        progress: told the share done now and then.
        is_enough: judges what was kept, (chains, kept, size); while it says no, another round of
            ``draws`` transitions is added. How well chains mix depends on rounding, so on the
            machine: a fixed number that suffices here need not suffice there.
        most_rounds: rounds after which sampling ends all the same.

    Raises:
        ValueError: the target is not finite where the chains start.
    """
    centre, factor = whitening.centre, whitening.factor
    size = centre.size

    def density(z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        value, gradient = target(centre + z @ factor.T)
        return value, gradient @ factor

    z = generator.normal(size=(chains, size))
    value, gradient = density(z)
    if not np.isfinite(value).all():
        raise ValueError("the log density is not finite where the chains start")
    log_step = np.log(0.9 * size**-0.25)
    average = AdaptiveStep(log_step)
    total = warmup + draws
    rounds = [np.empty((chains, draws, size))]
    recent: list[np.ndarray] = []
    n_divergent = 0
    accepted = 0.0
    whiten_at = {int(warmup * 0.25), int(warmup * 0.6)}
    iteration = -1
    while True:
        iteration += 1
        if iteration == total:
            kept = np.concatenate(rounds, axis=1)
            if is_enough is None or len(rounds) == most_rounds or is_enough(kept):
                break
            rounds.append(np.empty((chains, draws, size)))
            total += draws
        if iteration in whiten_at:
            # the curvature where the chains are now, which the mode need not share
            here = centre + z @ factor.T
            chosen = here[generator.permutation(chains)[: min(chains, 12)]]
            factor = whiten(target, centre, around=chosen).factor
            if len(recent) > 10:
                factor = _widened(factor, np.concatenate(recent[len(recent) // 3 :]))
            recent = []
            z = np.linalg.solve(factor, (here - centre).T).T
            value, gradient = density(z)
            average = AdaptiveStep(average.log_step)
        step = np.exp(average.log_step if iteration < warmup else average.log_mean)
        path = 0.5 * np.pi * generator.uniform(0.7, 1.3)
        n_steps = int(np.clip(np.ceil(path / step), 1, 24))
        momentum = generator.normal(size=(chains, size))
        energy = -value + 0.5 * (momentum**2).sum(axis=1)
        new_z, new_value, new_gradient = z, value, gradient
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            new_momentum = momentum + 0.5 * step * new_gradient
            for leap in range(n_steps):
                new_z = new_z + step * new_momentum
                new_value, new_gradient = density(new_z)
                size_of = step if leap < n_steps - 1 else 0.5 * step
                new_momentum = new_momentum + size_of * new_gradient
            error = -new_value + 0.5 * (new_momentum**2).sum(axis=1) - energy
        error = np.where(np.isfinite(error), error, np.inf)
        acceptance = np.exp(-np.maximum(error, 0.0))
        is_moved = generator.uniform(size=chains) < acceptance
        z = np.where(is_moved[:, None], new_z, z)
        value = np.where(is_moved, new_value, value)
        gradient = np.where(is_moved[:, None], new_gradient, gradient)
        if iteration < warmup:
            average.update(float(acceptance.mean()))
            recent.append(centre + z @ factor.T)
        else:
            n_divergent += int((error > _DIVERGENT).sum())
            accepted += float(acceptance.mean())
            rounds[-1][:, (iteration - warmup) % draws] = centre + z @ factor.T
        if progress is not None and iteration % 20 == 0:
            progress(iteration / total)
    return Samples(kept, n_divergent, accepted / kept.shape[1], float(np.exp(average.log_mean)))


def _widened(factor: np.ndarray, seen: np.ndarray, *, most: int = 24) -> np.ndarray:
    """Widen the coordinates whose draws spread more than the curvature says.

    Scales of a hierarchy are pinned given the states they govern, and roam once those move too.
    Raising the variance of one coordinate while keeping what others are given it is a rank-one
    update of the covariance.
    """
    covariance = factor @ factor.T
    ratio = seen.var(axis=0) / np.diag(covariance)
    for at in np.argsort(-ratio)[:most]:
        excess = seen[:, at].var() / covariance[at, at] - 1.0
        if excess > 0.5:
            column = covariance[:, at].copy()
            covariance += excess * np.outer(column, column) / column[at]
    values, vectors = eigh((covariance + covariance.T) / 2)
    return vectors * np.sqrt(np.maximum(values, 1e-14))


class AdaptiveStep:
    """Dual averaging of the log step towards 80% acceptance (Hoffman & Gelman 2014)."""

    def __init__(self, log_step: float) -> None:
        self.anchor = log_step + np.log(1.5)
        self.log_step = log_step
        self.log_mean = log_step
        self.deficit = 0.0
        self.count = 0

    def update(self, acceptance: float) -> None:
        self.count += 1
        rate = 1.0 / (self.count + 10)
        self.deficit = (1 - rate) * self.deficit + rate * (_TARGET_ACCEPTANCE - acceptance)
        self.log_step = self.anchor - np.sqrt(self.count) / 0.1 * self.deficit
        weight = self.count**-0.75
        self.log_mean = weight * self.log_step + (1 - weight) * self.log_mean


def _split(values: np.ndarray) -> np.ndarray:
    """(chains, n, k) to (2 * chains, n // 2, k)."""
    half = values.shape[1] // 2
    return np.concatenate([values[:, :half], values[:, -half:]])


def _rank_normal(values: np.ndarray) -> np.ndarray:
    chains, n, k = values.shape
    ranks = rankdata(values.reshape(-1, k), axis=0)
    return ndtri((ranks - 0.375) / (chains * n + 0.25)).reshape(values.shape)


def _rhat(values: np.ndarray) -> np.ndarray:
    n = values.shape[1]
    between = n * values.mean(axis=1).var(axis=0, ddof=1)
    within = values.var(axis=1, ddof=1).mean(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.sqrt(((n - 1) / n * within + between / n) / within)


def _ess(values: np.ndarray) -> np.ndarray:
    """Effective sample size by Geyer's initial monotone sequence, (k,)."""
    chains, n, _ = values.shape
    centred = values - values.mean(axis=1, keepdims=True)
    length = next_fast_len(2 * n)
    spectrum = rfft(centred, length, axis=1)
    covariance = irfft(spectrum * spectrum.conj(), length, axis=1)[:, :n].real / n
    within = covariance[:, 0].mean(axis=0) * n / (n - 1)
    pooled = (n - 1) / n * within
    if chains > 1:
        pooled = pooled + values.mean(axis=1).var(axis=0, ddof=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        rho = 1 - (within - covariance.mean(axis=0)) / pooled
    rho[0] = 1.0
    pairs = rho[: n - n % 2].reshape(-1, 2, rho.shape[1]).sum(axis=1)
    is_live = np.cumprod(pairs > 0, axis=0).astype(bool)
    monotone = np.minimum.accumulate(np.where(is_live, pairs, 0.0), axis=0)
    tau = -1 + 2 * monotone.sum(axis=0)
    return chains * n / np.maximum(tau, 1 / np.log10(chains * n))


def diagnose(values: np.ndarray, names: list[str]) -> pl.DataFrame:
    """Convergence of each quantity.

    Args:
        values: (chains, draws, quantities).
        names: one per quantity.

    Returns:
        ``name, rhat, ess_bulk, ess_tail``; rhat is the worse of bulk and folded.
    """
    halves = _split(values)
    folded = np.abs(halves - np.median(halves, axis=(0, 1)))
    ranked = _rank_normal(halves)
    rhat = np.fmax(_rhat(ranked), _rhat(_rank_normal(folded)))
    low, high = np.quantile(halves, [0.05, 0.95], axis=(0, 1))
    tail = np.fmin(_ess((halves <= low).astype(float)), _ess((halves <= high).astype(float)))
    return pl.DataFrame({"name": names, "rhat": rhat, "ess_bulk": _ess(ranked), "ess_tail": tail})


def troubles(diagnostics: pl.DataFrame, n_divergent: int, *, least: int = LEAST_ESS) -> list[str]:
    """What, if anything, forbids publishing the draws; one sentence a trouble.

    Years carry the published numbers, so they are held to split R-hat 1.05 and ``least`` effective
    draws; a month may reach 1.2 before the sampler is plainly stuck there.
    """
    is_year = pl.col("name").str.contains(r" \d{4}$")
    worst = [
        (is_year & (pl.col("rhat") > 1.05), "split R-hat above 1.05"),
        (
            is_year & (pl.min_horizontal("ess_bulk", "ess_tail") < least),
            f"under {least} effective draws",
        ),
        (~is_year & (pl.col("rhat") > 1.2), "split R-hat above 1.2"),
        (pl.col("rhat").is_nan() | pl.col("rhat").is_null(), "no spread at all"),
    ]
    told = [
        f"{what}: {', '.join(names[:6])}"
        for rule, what in worst
        if (names := diagnostics.filter(rule)["name"].to_list())
    ]
    if n_divergent > 40:
        told.append(f"{n_divergent} divergent transitions: the sampler met ground it cannot follow")
    return told
