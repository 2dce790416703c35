"""Hamiltonian Monte Carlo over a batch of chains, whitened by the chains' own covariance.

Thirty-two chains move as one batch. They start around the mode, as wide as the curvature there
says; twice in warm-up the space is whitened anew by where the chains have been, since curvature at
the mode of a hierarchy says little of where its mass lies. Step size by dual averaging towards 0.85
acceptance, path length jittered (Neal 2011; Hoffman & Gelman 2014, JMLR 15). How well chains mix
depends on rounding and so on the machine: sampling goes on, round by round, until it is enough.
"""

import itertools
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import jax
import jax.numpy as jnp
import numpy as np
from scipy.linalg import cholesky, eigh, inv
from scipy.optimize import minimize

from pipelines.inference.density import Data, Density

_DIVERGENT = 1_000.0
_ACCEPTANCE = 0.85
_MOST_LEAPS = 48
# draws per dimension at which the chains' own covariance has as much say as the shape before it
_TRUST = 8
# share of the warm-up after which space is whitened anew
_WHITEN_AT = (0.15, 0.3, 0.6)


@dataclass(frozen=True)
class Effort:
    """How long to sample.

    Attributes:
        warmup: transitions spent on step size and whitening.
        draws: transitions kept a chain in a round.
        rounds: rounds after which sampling ends even if it is not enough.
    """

    warmup: int = 150
    draws: int = 80
    rounds: int = 12


@dataclass(frozen=True)
class Samples:
    """Posterior draws and how they were got.

    Attributes:
        theta: (chains, draws, size), unconstrained.
        n_divergent: transitions after warm-up whose energy error passed 1,000.
        acceptance: mean acceptance after warm-up.
        factor: factor @ factor.T is nearly the covariance of theta.
        step: step size, in standard deviations.
    """

    theta: np.ndarray
    n_divergent: int
    acceptance: float
    factor: np.ndarray
    step: float

    def thinned(self, draws: int) -> np.ndarray:
        """``draws`` rows spread evenly over all chains and transitions, (draws, size).

        Raises:
            ValueError: more rows are asked for than were drawn.
        """
        chains, each, size = self.theta.shape
        if draws > chains * each:
            raise ValueError(f"{draws} draws asked for, {chains * each} were made")
        every = self.theta.transpose(1, 0, 2).reshape(chains * each, size)
        return every[np.linspace(0, len(every) - 1, draws).round().astype(int)]


class Sampler:
    """The transitions of one density, compiled once for all its data.

    Args:
        chains: run side by side, in two halves, each on a core of its own; even.
    """

    def __init__(self, density: Density, chains: int = 32) -> None:
        self.density = density
        self.chains = chains
        self._program: Future[Any] | None = None
        self._threads = ThreadPoolExecutor(2)

    def prepare(self) -> None:
        """Begin to compile the transitions, in a thread beside whatever comes next."""
        if self._program is None:
            size, still = self.density.size, np.zeros((self.chains // 2, self.density.size))
            # traced here, since NumPyro's handlers are not safe in threads; compiling is
            lowered = jax.jit(self._leap).lower(
                still, still, still, 0.0, 1, np.eye(size), self.density.data
            )
            self._program = self._threads.submit(lowered.compile)

    def _compiled(self) -> Any:
        self.prepare()
        return cast("Future[Any]", self._program).result()

    def _leap(
        self,
        theta: Any,
        momentum: Any,
        gradient: Any,
        step: Any,
        n_leaps: Any,
        covariance: Any,
        data: Data,
    ) -> tuple[Any, Any, Any, Any]:
        """Leapfrog steps from theta: theta, momentum, log density and gradient where they end.

        The mass matrix is the inverse of the covariance, so that a step takes one product with it.
        The one function that is compiled: a step of length 0 evaluates the density where it is.
        """
        both = jax.vmap(partial(jax.value_and_grad(self.density.log_density), data=data))

        def body(_: Any, state: tuple[Any, Any, Any, Any]) -> tuple[Any, Any, Any, Any]:
            theta, momentum, _, gradient = state
            momentum = momentum + 0.5 * step * gradient
            theta = theta + step * (momentum @ covariance)
            value, gradient = both(theta)
            return theta, momentum + 0.5 * step * gradient, value, gradient

        state = (theta, momentum, jnp.zeros(theta.shape[0]), gradient)
        return jax.lax.fori_loop(0, n_leaps, body, state)

    def _run(self, *batch: np.ndarray, rest: tuple[Any, ...]) -> tuple[np.ndarray, ...]:
        """``_leap`` for all chains, in two halves on two cores."""
        half = self.chains // 2
        first, second = (
            (*(one[some] for one in batch), *rest) for some in (slice(half), slice(half, None))
        )
        program = self._compiled()
        parts = [self._threads.submit(program, *some) for some in (first, second)]
        ended = [[np.asarray(part) for part in one.result()] for one in parts]
        return tuple(np.concatenate(pair) for pair in zip(*ended, strict=True))

    def target(self, theta: np.ndarray, data: Data) -> tuple[np.ndarray, np.ndarray]:
        """Log density and gradient at as many points as there are chains."""
        still, covariance = np.zeros_like(theta), np.eye(theta.shape[1])
        _, _, value, gradient = self._run(theta, still, still, rest=(0.0, 1, covariance, data))
        return value, gradient

    def mode(self, start: np.ndarray, data: Data) -> np.ndarray:
        """Climb from ``start``, (size,)."""

        size, half = len(start), self.chains // 2
        still, rest = np.zeros((half, size)), (0.0, 1, np.eye(size), data)
        program = self._compiled()

        def negative(theta: np.ndarray) -> tuple[float, np.ndarray]:
            # one half of the chains is told the same point; the other core is left to others
            _, _, value, gradient = program(np.tile(theta, (half, 1)), still, still, *rest)
            return -float(value[0]), -np.asarray(gradient[0])

        options = {"maxiter": 400, "maxfun": 800, "maxcor": 30, "ftol": 1e-8}
        return minimize(negative, start, jac=True, method="L-BFGS-B", options=options).x

    def curvature(self, centre: np.ndarray, data: Data, *, weakest: float = 0.5) -> np.ndarray:
        """Factor of the inverse Hessian at ``centre``, by central differences, (size, size)."""
        size, chains, width = centre.size, self.chains, 1e-4
        shifts = np.concatenate([np.eye(size), -np.eye(size)]) * width
        pad = -len(shifts) % chains
        shifts = np.concatenate([shifts, np.zeros((pad, size))])
        gradient = np.concatenate(
            [
                self.target(centre + shifts[at : at + chains], data)[1]
                for at in range(0, len(shifts), chains)
            ]
        )
        hessian = -(gradient[:size] - gradient[size : 2 * size]) / (2 * width)
        values, vectors = eigh((hessian + hessian.T) / 2)
        return vectors / np.sqrt(np.maximum(np.abs(values), weakest))

    def sample(
        self,
        *,
        seed: int,
        effort: Effort | None = None,
        data: Data | None = None,
        start: Samples | None = None,
        is_enough: Callable[[np.ndarray], bool] | None = None,
    ) -> Samples:
        """Draw from the density.

        Args:
            seed: same seed, same draws on one machine.
            effort: how long to sample.
            data: other values of the data, same shapes.
            start: an earlier sampling of nearly the same density: its place, shape and step are
                taken over and the warm-up is a fifth as long.
            is_enough: judges what was kept, (chains, kept, size); while it says no, another round
                is added.

        Raises:
            ValueError: the density is not finite where the chains start.
        """
        # on the device once: every transition is told all of it
        data = self.density.data if data is None else data
        data = jax.device_put(jax.tree.map(_coarse, data))
        effort, generator = effort or Effort(), np.random.default_rng(seed)
        chains, size = self.chains, self.density.size
        warmup = effort.warmup
        if start is None:
            centre = self.mode(np.zeros(size), data)
            factor = self.curvature(centre, data)
            theta = centre + generator.normal(size=(chains, size)) @ factor.T
            log_step = np.log(0.5 * size**-0.25)
            whiten_at = [int(warmup * share) for share in _WHITEN_AT]
        else:
            warmup //= 5
            theta, factor, log_step = start.theta[:, -1], start.factor, np.log(start.step)
            centre = theta.mean(axis=0)
            whiten_at = [int(warmup * 0.5)]
        value, gradient = self.target(theta, data)
        while not np.isfinite(value).all():
            if np.abs(theta - centre).max() < 1e-6:
                raise ValueError("the log density is not finite where the chains start")
            theta = np.where(np.isfinite(value)[:, None], theta, 0.5 * (theta + centre))
            value, gradient = self.target(theta, data)
        inverse, covariance = inv(factor), jax.device_put(factor @ factor.T)
        average = _AdaptiveStep(log_step)
        rounds: list[np.ndarray] = []
        recent: list[np.ndarray] = []
        n_divergent, accepted = 0, 0.0
        total = warmup + effort.draws
        for iteration in itertools.count():
            if iteration == total:
                kept = np.concatenate(rounds, axis=1)
                if is_enough is None or is_enough(kept) or len(rounds) == effort.rounds:
                    break
                total += effort.draws
            if iteration in whiten_at:
                factor = _whiten(np.concatenate(recent[len(recent) // 3 :]), factor)
                inverse, covariance = inv(factor), jax.device_put(factor @ factor.T)
                recent, average = [], _AdaptiveStep(average.log_step)
            log_step = average.log_step if iteration < warmup else average.log_mean
            step = float(_coarse(np.exp(log_step)))
            path = 0.5 * np.pi * generator.uniform(0.5, 1.5)
            n_leaps = int(np.clip(np.ceil(path / step), 1, _MOST_LEAPS))
            speed = generator.normal(size=(chains, size))
            moved = self._run(
                theta, speed @ inverse, gradient, rest=(step, n_leaps, covariance, data)
            )
            new_theta, new_momentum, new_value, new_gradient = moved
            new_speed = new_momentum @ factor
            error = 0.5 * ((new_speed**2).sum(axis=1) - (speed**2).sum(axis=1))
            error = error - new_value + value
            error = np.where(np.isfinite(error), error, np.inf)
            acceptance = np.exp(-np.maximum(error, 0.0))
            is_moved = generator.uniform(size=chains) < acceptance
            theta = np.where(is_moved[:, None], new_theta, theta)
            value = np.where(is_moved, new_value, value)
            gradient = np.where(is_moved[:, None], new_gradient, gradient)
            if iteration < warmup:
                average.update(float(acceptance.mean()))
                recent.append(theta)
            else:
                if (iteration - warmup) % effort.draws == 0:
                    rounds.append(np.empty((chains, effort.draws, size)))
                n_divergent += int((error > _DIVERGENT).sum())
                accepted += float(acceptance.mean())
                rounds[-1][:, (iteration - warmup) % effort.draws] = theta
        acceptance = accepted / kept.shape[1]
        return Samples(kept, n_divergent, acceptance, factor, step)


def _coarse(values: Any) -> np.ndarray:
    """Nine digits of what is no whole number.

    The last digits of a logarithm differ from one kind of processor to another, and after some
    hundred steps every draw would.
    """
    values = np.asarray(values)
    if values.dtype.kind != "f":
        return values
    mantissa, exponent = np.frexp(values)
    return np.ldexp(np.round(mantissa * 2.0**30), exponent - 30)


def _whiten(seen: np.ndarray, factor: np.ndarray) -> np.ndarray:
    """A factor of the chains' covariance, shrunk towards the shape before.

    Every scale of its own is soon known: heavy tails, to which curvature at the mode is blind, show
    first there. Chains that have moved less than a few times their dimensions know other directions
    by chance only; in the space that the factor before made round, those stay round.
    """
    factor = factor * (seen.std(axis=0) / np.sqrt((factor**2).sum(axis=1)))[:, None]
    z = np.linalg.solve(factor, seen.T)
    size = len(factor)
    weight = len(seen) / (len(seen) + _TRUST * size)
    covariance = weight * np.cov(z) + (1 - weight) * np.eye(size)
    return factor @ cholesky(covariance, lower=True)


class _AdaptiveStep:
    """Dual averaging of the log step (Hoffman & Gelman 2014, section 3.2)."""

    def __init__(self, log_step: float) -> None:
        self.anchor = log_step + np.log(1.5)
        self.log_step = log_step
        self.log_mean = log_step
        self.deficit = 0.0
        self.count = 0

    def update(self, acceptance: float) -> None:
        self.count += 1
        rate = 1.0 / (self.count + 10)
        self.deficit = (1 - rate) * self.deficit + rate * (_ACCEPTANCE - acceptance)
        self.log_step = self.anchor - np.sqrt(self.count) / 0.1 * self.deficit
        weight = self.count**-0.75
        self.log_mean = weight * self.log_step + (1 - weight) * self.log_mean
