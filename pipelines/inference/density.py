"""A model's text, and everything that is derived from it.

The text is a NumPyro function of one argument, a nest of arrays (figures, priors, weights). From it
come the log density and its gradient, draws from the prior, predictions of every figure, and the
log density site by site. Data are arguments, never constants: hiding a figure or moving a prior
compiles nothing anew.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import polars as pl
from numpyro.distributions import MaskedDistribution, Unit, biject_to
from numpyro.handlers import seed, substitute, trace, uncondition

jax.config.update("jax_enable_x64", True)
# checks of arguments cannot raise under tracing; they only lengthen what is compiled
numpyro.enable_validation(is_validate=False)

Data = dict[str, Any]
Sites = dict[str, np.ndarray]
# predictions run in blocks of one shape, since every new shape is compiled
BLOCK = 500


def _is_factor(of: Any) -> bool:
    while hasattr(of, "base_dist"):
        of = of.base_dist
    return isinstance(of, Unit)


def _types(data: Data) -> list[tuple[Any, Any]]:
    """Shape and type of every array: what a program is compiled for."""
    return [(np.shape(leaf), jax.dtypes.result_type(leaf)) for leaf in jax.tree.leaves(data)]


def _log_prob(sites: list[dict[str, Any]]) -> Any:
    """Log density of all sites together.

    Those of one family of location and scale are laid end to end and looked at once: a program of
    a hundred small sums takes much longer to compile than one of a single long sum.
    """
    total = 0.0
    alike: dict[Any, list[tuple[Any, ...]]] = {}
    for site in sites:
        of, value, weight = site["fn"], site["value"], True
        if isinstance(of, MaskedDistribution):
            of, weight = of.base_dist, of._mask
        if getattr(of, "reparametrized_params", None) == ["loc", "scale"]:
            row = jnp.broadcast_arrays(value, of.loc, of.scale, weight)
            alike.setdefault(type(of), []).append(tuple(map(jnp.ravel, row)))
        else:
            total = total + jnp.sum(site["fn"].log_prob(value))
    for family, rows in alike.items():
        value, loc, scale, weight = map(jnp.concatenate, zip(*rows, strict=True))
        total = total + jnp.sum(jnp.where(weight, family(loc, scale).log_prob(value), 0.0))
    return total


def _below(of: Any, value: Any) -> Any:
    """Distribution function of a site at its value, None where it has none."""
    while hasattr(of, "base_dist"):  # masked, expanded
        of = of.base_dist
    if hasattr(of, "component_distribution"):
        inside = of.component_distribution.cdf(value[..., None])
        return jnp.sum(of.mixing_distribution.probs * inside, axis=-1)
    return None if hasattr(of, "probs") else of.cdf(value)


def _valued(sites: dict[str, Any], kinds: str) -> dict[str, Any]:
    """Values of the sites of some kinds."""
    return {name: site["value"] for name, site in sites.items() if site["type"] in kinds.split()}


class Density:
    """One model text with the shapes of its data.

    Args:
        model: a NumPyro function of the data.
        data: nest of arrays; later calls may change values, never shapes.

    Attributes:
        size: length of the unconstrained vector theta.
        latent: name to slice of theta, shape and transform.
        observed: names of the sites that figures enter by.
    """

    def __init__(self, model: Callable[[Data], None], data: Data) -> None:
        self.model = model
        self.data = data
        sites: dict[str, Any] = {}

        def look(data: Data) -> None:
            traced = trace(seed(model, jax.random.PRNGKey(0))).get_trace(data)
            sites.update(traced)

        jax.eval_shape(look, data)
        self.latent: dict[str, tuple[slice, tuple[int, ...], Any]] = {}
        # latents that theta holds as their family has them, unscaled
        self._standard: dict[str, type] = {}
        self.observed = [
            name
            for name, site in sites.items()
            # a bare factor of the density is nobody's figure
            if site["type"] == "sample" and site["is_observed"] and not _is_factor(site["fn"])
        ]
        at = 0
        for name, site in sites.items():
            if site["type"] != "sample" or site["is_observed"]:
                continue
            shape = tuple(site["value"].shape)
            n = int(np.prod(shape))
            transform = biject_to(site["fn"].support)
            self.latent[name] = (slice(at, at + n), shape, transform)
            if site["infer"].get("is_standard"):
                self._standard[name] = type(site["fn"])
            at += n
        self.size = at
        self._runs: dict[str, Any] = {}
        self._looked: tuple[np.ndarray, Data | None, Any] | None = None
        self._thread = ThreadPoolExecutor(1)

    def log_density(self, theta: Any, data: Data) -> Any:
        """Log joint density of one unconstrained vector, in JAX."""
        values, total = self._values(self._parts(theta))
        # one look at the whole vector for all that are standard of a family
        for family in dict.fromkeys(self._standard.values()):
            where = np.zeros(self.size, dtype=bool)
            for name, its_own in self._standard.items():
                where[self.latent[name][0]] |= its_own is family
            total = total + jnp.sum(jnp.where(where, family(0.0, 1.0).log_prob(theta), 0.0))
        traced = trace(substitute(self.model, data=values)).get_trace(data)
        sites = [site for name, site in traced.items() if name not in self._standard]
        return total + _log_prob([site for site in sites if site["type"] == "sample"])

    def plain_log_density(self, theta: Any, data: Data) -> Any:
        """The same, site by site as the text says it; slower to compile, and what `log_density`
        is held to."""
        values, total = self._values(theta[where] for where, _, _ in self.latent.values())
        for site in trace(substitute(self.model, data=values)).get_trace(data).values():
            if site["type"] == "sample":
                total = total + jnp.sum(site["fn"].log_prob(site["value"]))
        return total

    def fingerprint(self) -> str:
        """Hash of the density: the plain program that computes it and its data to seven digits.

        Names, comments, where a line of the text stands and how sums are arranged for speed change
        nothing; a rule, a prior or a figure that is read does.
        """
        program = jax.make_jaxpr(self.plain_log_density)(np.zeros(self.size), self.data)
        digest = hashlib.sha256(re.sub("0x[0-9a-f]+", "", str(program.jaxpr)).encode())
        for leaf in (*program.consts, *jax.tree.leaves(self.data)):
            flat = np.asarray(leaf, dtype=float).ravel()
            digest.update(pl.Series(flat).round_sig_figs(7).to_numpy().tobytes())
        return digest.hexdigest()[:16]

    def _parts(self, theta: Any) -> Sequence[Any]:
        """Every latent's stretch of theta; split, not sliced: its gradient is one concatenation."""
        return jax.lax.split(theta, [at.stop - at.start for at, _, _ in self.latent.values()])

    def _values(self, parts: Iterable[Any]) -> tuple[dict[str, Any], Any]:
        """Constrained values by name and the log Jacobian, of every latent's stretch of theta."""
        values, jacobian = {}, 0.0
        for (name, (_, shape, transform)), part in zip(self.latent.items(), parts, strict=True):
            free = part.reshape(shape)
            values[name] = transform(free)
            jacobian = jacobian + jnp.sum(transform.log_abs_det_jacobian(free, values[name]))
        return values, jacobian

    def unconstrain(self, values: Sites) -> np.ndarray:
        """Vectors (draws, size) of constrained values (draws, *shape) by name."""
        parts = [
            np.asarray(transform.inv(jnp.asarray(values[name]))).reshape(len(values[name]), -1)
            for name, (_, _, transform) in self.latent.items()
        ]
        return np.concatenate(parts, axis=1)

    def named(self, theta: np.ndarray) -> Sites:
        """Constrained latent values (draws, *shape) by name."""
        return {
            name: np.asarray(jax.vmap(transform)(theta[:, where].reshape(-1, *shape)))
            for name, (where, shape, transform) in self.latent.items()
        }

    def outputs(self, theta: np.ndarray, data: Data | None = None) -> Sites:
        """What the model publishes of itself in each world, (draws, *shape)."""
        return self._look(theta, data)["outputs"]

    def log_sites(self, theta: np.ndarray, data: Data | None = None) -> Sites:
        """Log density of every sampled site, element by element, (draws, *shape)."""
        return self._look(theta, data)["log_sites"]

    def below(self, theta: np.ndarray, data: Data | None = None) -> Sites:
        """Chance that such a source would have said less than it did, (draws, rows), by site.

        Sites without a distribution function (floors, ceilings) are left out.
        """
        return self._look(theta, data)["below"]

    def predict(self, theta: np.ndarray, key: int, data: Data | None = None) -> Sites:
        """What figures would say in worlds with these latents, errors and all, (draws, *shape)."""
        return self._over("said", theta, data, key)

    def _look(self, theta: np.ndarray, data: Data | None) -> Any:
        """All that is asked of draws, kept until others are asked about: many ask of the same."""
        looked = self._looked
        if looked is None or looked[0] is not theta or looked[1] is not data:
            self._looked = looked = (theta, data, self._over("seen", theta, data))
        return looked[2]

    def _seen(self, sites: dict[str, Any]) -> dict[str, dict[str, Any]]:
        """Of a traced world, all that needs no random numbers: one program for three questions."""
        sampled = {name: site for name, site in sites.items() if site["type"] == "sample"}
        log_sites = {name: site["fn"].log_prob(site["value"]) for name, site in sampled.items()}
        below = {name: _below(sites[name]["fn"], sites[name]["value"]) for name in self.observed}
        return {
            "outputs": _valued(sites, "deterministic"),
            "log_sites": log_sites,
            "below": {name: chance for name, chance in below.items() if chance is not None},
        }

    def _said(self, sites: dict[str, Any]) -> dict[str, Any]:
        return {name: sites[name]["value"] for name in self.observed}

    def prepare(self, kind: str = "seen") -> None:
        """Begin to compile what looks at draws, in a thread beside whatever comes next."""
        if kind in self._runs:
            return
        handler, pick = {
            "seen": (lambda model: model, self._seen),
            "said": (uncondition, self._said),
            "prior": (uncondition, partial(_valued, kinds="sample deterministic")),
        }[kind]

        def one(theta: Any, key: Any, data: Data) -> dict[str, Any]:
            values = {} if kind == "prior" else self._values(self._parts(theta))[0]
            model = handler(substitute(seed(self.model, key), data=values))
            return pick(trace(model).get_trace(data))

        keys = jax.random.split(jax.random.PRNGKey(0), BLOCK)
        # traced here, since NumPyro's handlers are not safe in threads; compiling is
        run = jax.jit(jax.vmap(one, (0, 0, None)))
        lowered = run.lower(np.zeros((BLOCK, self.size)), keys, self.data)
        # run a few times only: what is compiled in half the time and runs a little slower is better
        quick: dict[str, str | bool] = {"xla_backend_optimization_level": "0"}
        self._runs[kind] = self._thread.submit(lowered.compile, quick), run

    def _over(self, kind: str, theta: np.ndarray, data: Data | None, key: int = 0) -> Any:
        """What a program tells of draws, in blocks of one shape."""
        self.prepare(kind)
        compiled, run = self._runs[kind]
        data = self.data if data is None else data
        if _types(data) == _types(self.data):
            run = compiled.result()
        keys = np.asarray(jax.random.split(jax.random.PRNGKey(key), len(theta)))
        blocks = []
        for start in range(0, len(theta), BLOCK):
            # the last block is filled up with its last world
            at = np.minimum(np.arange(start, start + BLOCK), len(theta) - 1)
            blocks.append(jax.tree.map(np.asarray, run(theta[at], keys[at], data)))
        return jax.tree.map(lambda *parts: np.concatenate(parts)[: len(theta)], *blocks)

    def prior(self, n: int, key: int, data: Data | None = None) -> Sites:
        """Worlds drawn from the prior: every site, figures included, (n, *shape)."""
        return self._over("prior", np.zeros((n, self.size)), data, key)
