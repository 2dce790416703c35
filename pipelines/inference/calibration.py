"""Simulation-based calibration: is the truth of made-up worlds where their posteriors put it?

Worlds and what their figures say are drawn from the model's own text (Talts et al. 2018); the
density, conditioned on what was said, is sampled as for the real figures. Ranks of the truth must
then be uniform. Two empirical distribution functions are held against simultaneous bands (Säilynoja
et al. 2022): of the ranks, which tells lean, and of their distance from the middle, which tells
width. A control draws the same worlds and fits them without errors common to classes of source:
it must fail, or the test could not have told.
"""

import dataclasses
import datetime as dt
from collections import Counter
from functools import cache, cached_property
from pathlib import Path

import numpy as np
import polars as pl
from numpyro.handlers import condition, seed, trace

from pipelines.draws import named_generator
from pipelines.inference.density import Data, Density
from pipelines.inference.folds import Fold, Progress, run_resumable
from pipelines.inference.joint import Evidence, Joint
from pipelines.inference.sampler import Effort, Sampler, Samples
from pipelines.inference.scores import AS_PUBLISHED, ERAS, FEWEST_WORLDS, era_of
from pipelines.inference.windows import middle_of

WORLDS = FEWEST_WORLDS
# of a world a fifth of the warm-up: chains start where they should end
EFFORT = Effort(warmup=300, draws=40)
CHAINS = 8
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
        said = trace(seed(model, 0)).get_trace(self.joint.data)
        data: Data = self.joint.data | {
            "said": {
                name: np.asarray(said[name]["value"], dtype=float)
                for name in self.joint.density.observed
            }
        }

        # conditioning changes no latent, so vectors of one density are vectors of the other
        def conditioned(data: Data) -> None:
            condition(model, data["said"])({k: v for k, v in data.items() if k != "said"})

        self.density = Density(conditioned, data)
        self.sampler = Sampler(self.density, chains)
        self.effort = effort

    @cached_property
    def shape(self) -> Samples:
        """A sampling given the real figures: how wide, and how it is stepped through, is taken."""
        return self.sampler.sample(seed=1, effort=self.effort)

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
        """The posterior of world ``at``; a control knows no error common to a class of source.

        Chains start at the truth: given what was said there it is one exact draw of the posterior,
        so the warm-up has only to forget it and to fit the shape.
        """
        truth = {name: values[at : at + 1] for name, values in world.items()}
        theta = self.joint.density.unconstrain(truth)
        start = dataclasses.replace(
            self.shape, theta=np.repeat(theta[None], self.sampler.chains, axis=0)
        )
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
        return self.sampler.sample(seed=seed, effort=self.effort, data=data, start=start)

    def incomes(self, theta: np.ndarray, seed: int) -> dict[str, np.ndarray]:
        """Logs of what is ranked: the first measure in dollars by era, and `levelled`'s concept.

        Eras are those that figures speak of, without months on record. Other measures are multiples
        of the first by shares of which few figures speak; ranking them too would spend the test's
        power on their priors.
        """
        sites = self.joint.sites_of(self.evidence.stream, self.joint.density.outputs(theta))
        measures = self.evidence.finish(sites, seed).measures
        rows, months = self.evidence.rows, pl.DataFrame({"month": self.evidence.months})
        record = rows.filter(pl.col("role") == "record", pl.col("reason_not_used").is_null())
        last = record["window_start_on"].max() or dt.date.min
        spoken = rows.filter(pl.col("site").is_not_null()).select(era_of(middle_of()))["era"]
        of_month = pl.when(pl.col("month") > last).then(era_of(pl.col("month")))
        era = months.select(of_month)["era"].to_numpy()
        name = next(name for name in measures if name.endswith("_usd"))
        site, at = levelled(self.evidence)
        return {
            f"{name} {one}": np.log(measures[name][:, era == one].sum(axis=1))
            for one in ERAS
            if one in spoken.to_list() and (era == one).any()
        } | {f"{site} figures": sites[f"{site}/concept"][:, at].mean(axis=1)}


def levelled(evidence: Evidence) -> tuple[str, list[int]]:
    """The site whose figures tell most of errors common to classes, and its rows of wholes.

    Were a class the only one to speak, of n roots, leaving its error of scale tau out would narrow
    the level of what it speaks of by the root of 1 + n tau^2 / var(root); the site with the largest
    sum of n tau^2 over its classes is taken.
    """
    whole = evidence.rows.filter(pl.col("site").is_not_null(), pl.col("role") == "whole")
    sums: Counter[str] = Counter()
    spoken = whole.group_by("site", "group", "class").agg(pl.col("root_id").n_unique())
    for site, group, name, roots in spoken.sort("site", "class").rows():
        sums[site] += roots * evidence.priors[f"class_sd.{group}.{name}"][0] ** 2
    site = max(sums, key=sums.__getitem__)
    return site, whole.filter(pl.col("site") == site)["at"].sort().to_list()


def calibrate(
    made: MadeUp,
    *,
    seed: int,
    key: str,
    worlds: int = WORLDS,
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
        for fit in (AS_PUBLISHED, WITHOUT_CLASSES)
        for at in range(worlds)
    ]
    name = f"{made.evidence.stream}-ranks"
    return run_resumable(folds, rank, key=key, prefix=name, store=store, progress=progress)
