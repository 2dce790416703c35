"""How a figure enters a density: the only place where an error is written down.

    a figure   log y = log C(window) + c_class + b_root + t4 error
    a part     P(somebody would say "at least y") = e + (1 - e) Phi((log C - log y) / s)
    a mixture  one of several readings, the first the one it is held against

Errors common to a class of source never average away over its figures; a root origin has one bias
in all it says of a group of quantities, half of whose variance it shares over all groups and
streams. Rows with ``is_read`` 0 weigh nothing and are still predicted.
"""

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpyro
import numpyro.distributions as dist
from jax.scipy.special import log_ndtr
from numpyro.handlers import mask

Rows = dict[str, Any]
# what class and root add to each row, logs
Lean = Callable[[Rows], Any]
# degrees of freedom of a figure's own error and of a root's bias: now and then one is far out
TAILS = 4.0
_LOG_3_8 = -0.9808292530117262
# share of floors that speak of something else than they seem to: a floor costs a world at most this
ASTRAY = 0.05
# of a site whose values are, unscaled, as its family has them: a density may look at all at once
STANDARD = {"is_standard": True}
# half of the variance of a bias is common to everything the same root, or class, says
COMMON = 0.5


def normal(name: str, shape: tuple[int, ...] = ()) -> Any:
    """Standard normals of one site."""
    return numpyro.sample(name, dist.Normal(jnp.zeros(shape), 1.0), infer=STANDARD)


def of_prior(name: str, mean_sd: Any) -> Any:
    """Normals with the means and standard deviations of a prior, (..., 2)."""
    mean, sd = jnp.moveaxis(jnp.asarray(mean_sd), -1, 0)
    return mean + sd * normal(name, mean.shape)


class T4(dist.StudentT):
    """Student's t with four degrees of freedom, whose distribution function needs no series."""

    reparametrized_params = ["loc", "scale"]

    def __init__(self, loc: Any = 0.0, scale: Any = 1.0, **more: Any) -> None:
        super().__init__(TAILS, loc, scale, **more)

    def log_prob(self, value: Any, intermediates: Any = None) -> Any:
        """Log density, its gamma functions worked out: they alone make half of what is compiled."""
        t = (value - self.loc) / self.scale
        return _LOG_3_8 - jnp.log(self.scale) - 2.5 * jnp.log1p(t**2 / 4)

    def cdf(self, value: Any) -> Any:
        """Chance of less than ``value``."""
        t = (value - self.loc) / self.scale
        s = 1 + t**2 / 4
        return 0.5 + 0.375 * t / jnp.sqrt(s) * (1 - t**2 / s / 12)


class Shared:
    """Errors that streams have in common, for one stream.

    Args:
        stream: whose groups ``root`` and ``klass`` look up.
        roots: "stream.group" to bias by root, (roots,).
        classes: "stream.group" to error by class of source, (classes,).
    """

    def __init__(self, stream: str, roots: dict[str, Any], classes: dict[str, Any]) -> None:
        self.stream, self.roots, self.classes = stream, roots, classes

    def leaning(self, group: str, *, is_ratio: bool = False) -> Lean:
        """What class and root add to figures of this group; both parts of a ratio share a class."""
        key = f"{self.stream}.{group}"
        klass, root = _of(self.classes, key), _of(self.roots, key)
        klass = klass * 0 if is_ratio else klass
        return lambda rows: klass[rows["class"]] + root[rows["root"]]


def _of(errors: dict[str, Any], key: str) -> Any:
    """Errors of a group, none where no figure speaks of it."""
    return errors[key] if key in errors else 0.0 * next(iter(errors.values()))


def sample_shared(shared: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Draw the errors common to streams.

    Args:
        shared: ``root_sd`` scale of a root's bias; ``n_roots``-long ``root_is_wide`` (1: speaks in
            several groups); ``groups``: name to ``roots`` (positions), ``class_sd`` (classes,).

    Returns:
        Bias by group and root; error by group and class.
    """
    many = shared["root_is_wide"]
    common = numpyro.sample("root/common", T4(0.0, jnp.ones_like(many)), infer=STANDARD)
    n_classes = next(iter(shared["groups"].values()))["class_sd"].shape[0]
    wide_class = normal("class/common", (n_classes,))
    roots, classes = {}, {}
    for group, of in shared["groups"].items():
        at = of["roots"]
        own = numpyro.sample(f"root/{group}", T4(0.0, jnp.ones(at.shape[0])), infer=STANDARD)
        own = jnp.zeros_like(many).at[at].set(own)
        share = COMMON * many
        roots[group] = shared["root_sd"] * (jnp.sqrt(1 - share) * own + jnp.sqrt(share) * common)
        mine = normal(f"class/{group}", (n_classes,))
        classes[group] = of["class_sd"] * (
            jnp.sqrt(1 - COMMON) * mine + jnp.sqrt(COMMON) * wide_class
        )
    return roots, classes


def figure(name: str, log_concept: Any, rows: Rows, lean: Lean) -> None:
    """A figure that speaks of the whole of what ``log_concept`` is, row by row.

    Args:
        name: of the site.
        log_concept: log of the concept over each row's window, (rows,).
        rows: ``value`` (log), ``error`` (log), ``class``, ``root``, ``is_read``.
        lean: `Shared.leaning` of the group the figure speaks in.
    """
    numpyro.deterministic(f"{name}/concept", log_concept)
    where = log_concept + lean(rows)
    with mask(mask=rows["is_read"] > 0):
        numpyro.sample(name, T4(where, rows["error"]), obs=rows["value"])


def part(name: str, log_concept: Any, rows: Rows, spread: Any = 0.2) -> None:
    """A figure of a part of the concept: it can push the concept up to itself and no further.

    One-sided and soft. A floor may be astray, so one far above all else costs every world the
    same and lifts nothing; it stands among the conflicts.
    """
    _bound(name, log_concept, log_concept - rows["value"], rows, spread)


def ceiling(name: str, log_concept: Any, rows: Rows, spread: Any = 0.2) -> None:
    """A figure of more than the concept (other goods too): it can push it down to itself."""
    _bound(name, log_concept, rows["value"] - log_concept, rows, spread)


def _bound(name: str, log_concept: Any, room: Any, rows: Rows, spread: Any) -> None:
    """Would somebody have said so? Surely where there is room, seldom where there is none."""
    numpyro.deterministic(f"{name}/concept", log_concept)
    chance = ASTRAY + (1 - ASTRAY) * jnp.clip(jnp.exp(log_ndtr(room / spread)), 0.0, 1 - 1e-12)
    with mask(mask=rows["is_read"] > 0):
        numpyro.sample(name, dist.Bernoulli(probs=chance), obs=jnp.ones_like(rows["value"]))


def mixture(
    name: str, readings: Any, weights: Any, rows: Rows, lean: Lean, held: Any = None
) -> None:
    """A figure whose concept its source does not say.

    Args:
        readings: log of each concept it may mean, (rows, concepts).
        weights: of the concepts, (concepts,) or (rows, concepts).
        held: the reading that each row is held against, (rows,); the first if none is told.

    The weight of each reading given the figure is published under ``<name>/reading``.
    """
    numpyro.deterministic(
        f"{name}/concept",
        readings[:, 0]
        if held is None
        else jnp.take_along_axis(readings, held[:, None], axis=1)[:, 0],
    )
    where = readings + lean(rows)[:, None]
    weights = jnp.broadcast_to(weights, where.shape)
    parts = T4(where, rows["error"][:, None])
    log_odds = jnp.log(weights) + parts.log_prob(rows["value"][:, None])
    odds = jnp.exp(log_odds - jnp.max(log_odds, axis=1, keepdims=True))
    numpyro.deterministic(f"{name}/reading", odds / odds.sum(axis=1, keepdims=True))
    with mask(mask=rows["is_read"] > 0):
        numpyro.sample(
            name,
            dist.MixtureSameFamily(dist.Categorical(probs=weights), parts),
            obs=rows["value"],
        )
