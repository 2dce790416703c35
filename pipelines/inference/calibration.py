"""Simulation-based calibration: is the truth of made-up worlds where their posteriors put it?

Worlds and what their figures say are drawn from the model's own text (Talts et al. 2018); the
density, conditioned on what was said, is sampled as for the real figures. Ranks of the truth must
then be uniform. Two empirical distribution functions are held against simultaneous bands (Säilynoja
et al. 2022): of the ranks, which tells lean, and of their distance from the middle, which tells
width. A control draws the same worlds and fits them without errors common to classes of source:
it must fail, or the test could not have told.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
from numpyro.handlers import condition

from pipelines.draws import named_generator
from pipelines.inference.density import Data, Density
from pipelines.inference.folds import Fold, Progress, run_resumable
from pipelines.inference.joint import Evidence, Joint
from pipelines.inference.sampler import Effort, Sampler, Samples
from pipelines.inference.scores import AS_PUBLISHED, ERAS, era_of, middle_of

# enough to catch an interval 30% too narrow four times in five, among four quantities
WORLDS = 80
CONTROLS = 20
EFFORT = Effort(warmup=300, draws=40)
CHAINS = 16
# worlds drawn for one that is used, where factors of the density turn some away
SPARE = 8
WITHOUT_CLASSES = "without class errors"


class MadeUp:
    """A stream's density with what is said in a made-up world in place of its figures.

    Args:
        evidence: of one stream; its values are not looked at.
        effort: how long each world is sampled, with how many ``chains``.

    Attributes:
        joint: the stream's own density.
    """

    def __init__(self, evidence: Evidence, effort: Effort = EFFORT, chains: int = CHAINS) -> None:
        self.joint = Joint([evidence])
        self.evidence = evidence
        model = self.joint.density.model
        data: Data = self.joint.data | {"said": {}}
        # conditioning changes no latent, so vectors of one density are vectors of the other
        figures = self.joint.data[evidence.stream]["figures"]
        data["said"] = {
            name: np.zeros_like(figures[name.split("/")[-1]]["value"])
            for name in self.joint.density.observed
        }

        def conditioned(data: Data) -> None:
            condition(model, data["said"])({k: v for k, v in data.items() if k != "said"})

        self.density = Density(conditioned, data)
        self.sampler = Sampler(self.density, chains)
        self.effort = effort

    def worlds(self, n: int, seed: int) -> dict[str, np.ndarray]:
        """Every site of ``n`` worlds drawn from the prior, figures and floors included.

        Bare factors of the density are part of its prior: worlds are let through by them.

        Raises:
            ValueError: the factors let too few worlds through.
        """
        density = self.joint.density
        drawn = density.prior(SPARE * n, seed)
        factors = [
            log.reshape(SPARE * n, -1).sum(axis=1)
            for name, log in density.log_sites(density.unconstrain(drawn)).items()
            if name not in density.latent and name not in density.observed
        ]
        total = np.sum(factors, axis=0) if factors else np.zeros(SPARE * n)
        chance = np.exp(total - max(0.0, total.max()))
        passes = named_generator(seed, "calibration.factors").uniform(size=SPARE * n) < chance
        chosen = np.flatnonzero(passes)[:n]
        if len(chosen) < n:
            raise ValueError(
                f"{self.evidence.stream}: the density's factors let {passes.mean():.1%} of the "
                "prior's worlds through, too few to calibrate on"
            )
        return {name: values[chosen] for name, values in drawn.items()}

    def fit(self, world: dict[str, np.ndarray], at: int, seed: int, *, is_control: bool) -> Samples:
        """The posterior of world ``at``; a control knows no error common to a class of source."""
        data = self.joint.data | {
            "said": {name: world[name][at].astype(float) for name in self.joint.density.observed}
        }
        if is_control:
            shared = data["shared"]
            groups = {
                name: {**group, "class_sd": np.zeros_like(group["class_sd"])}
                for name, group in shared["groups"].items()
            }
            data = data | {"shared": {**shared, "groups": groups}}
        return self.sampler.sample(seed=seed, effort=self.effort, data=data)

    def incomes(self, theta: np.ndarray, seed: int) -> dict[str, np.ndarray]:
        """Logs of what is ranked: the first measure in dollars, by each era that figures speak of.

        The others are its multiples by shares of which few figures speak; ranking them too would
        spend the test's power on their priors.
        """
        sites = self.joint.sites_of(self.evidence.stream, self.joint.density.outputs(theta))
        measures = self.evidence.finish(sites, seed).measures
        era = np.array(_eras(pl.DataFrame({"middle": self.evidence.months})))
        read = self.evidence.rows.filter(pl.col("site").is_not_null())
        spoken = set(_eras(read.select(middle=middle_of())))
        name = next(name for name in measures if name.endswith("_usd"))
        return {
            f"{name} {one}": np.log(measures[name][:, era == one].sum(axis=1))
            for one in ERAS
            if one in spoken
        }


def _eras(days: pl.DataFrame) -> list[str]:
    return days.select(era_of(pl.col("middle")))["era"].to_list()


def calibrate(
    made: MadeUp,
    *,
    seed: int,
    key: str,
    worlds: int = WORLDS,
    controls: int = CONTROLS,
    store: Path | None = None,
    progress: Progress | None = None,
) -> pl.DataFrame:
    """Rank the truth of made-up worlds in their posteriors, keeping each so that a stop resumes.

    Returns:
        ``fit`` (as published, or without class errors: the control), ``world``, ``quantity``,
        ``rank``: the share of posterior draws below the truth.
    """

    @cache
    def real() -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        drawn = made.worlds(worlds, seed)
        return drawn, made.incomes(made.joint.density.unconstrain(drawn), seed)

    def rank(fold: Fold) -> pl.DataFrame:
        drawn, truth = real()
        at = int(fold.name.removeprefix("world "))
        samples = made.fit(drawn, at, seed + at, is_control=fold.test == WITHOUT_CLASSES)
        chains, each, size = samples.theta.shape
        incomes = made.incomes(samples.theta.reshape(chains * each, size), seed)
        return pl.DataFrame(
            {
                "fit": fold.test,
                "world": at,
                "quantity": list(incomes),
                "rank": [float((incomes[name] < truth[name][at]).mean()) for name in incomes],
            }
        )

    folds = [
        Fold(fit, f"world {at}", frozenset(), ())
        for fit, n in ((AS_PUBLISHED, worlds), (WITHOUT_CLASSES, min(controls, worlds)))
        for at in range(n)
    ]
    name = f"{made.evidence.stream}-ranks"
    return run_resumable(folds, rank, key=key, prefix=name, store=store, progress=progress)
