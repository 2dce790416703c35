"""Streams under one density: the same draw is the same world in all of them.

What streams share are the errors of those who speak: one outlet, one desk, one way of counting
stands behind figures of several streams, so their incomes move together.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
from numpyro.handlers import scope

from pipelines.inference.density import Data, Density
from pipelines.inference.evidence import Shared, sample_shared
from pipelines.inference.windows import year_sums

# whose word it is; the error of a class is common to all its figures of a group of quantities
CLASSES = ("customs", "official", "observer", "press", "desk", "interested")
ROW_SCHEMA = pl.Schema(
    {
        "observation_id": pl.String,
        "site": pl.String,
        "at": pl.Int64,
        "group": pl.String,
        "root_id": pl.String,
        "class": pl.String,
        "quantity": pl.String,
        "component": pl.String,
        "measure": pl.String,
        "window_start_on": pl.Date,
        "window_end_on": pl.Date,
        "value_log": pl.Float64,
        "error_log": pl.Float64,
        "role": pl.String,
        "reason_not_used": pl.String,
    }
)


@dataclass(frozen=True)
class Outcome:
    """What draws say of a stream.

    Attributes:
        measures: monthly USD of the whole stream by name, (draws, months).
        further: makes ``series``, the other monthly series that figures are held against, by name,
            (draws, months), when asked for.
        flows: series that add up over months; the others (prices, stocks) are averaged.
        tables: further long tables of draws by name, made when asked for.
        components: factors of yearly income by name, logs, (draws, years).
    """

    measures: dict[str, np.ndarray]
    further: Callable[[], dict[str, np.ndarray]] = dict
    flows: frozenset[str] = frozenset()
    tables: dict[str, Callable[[], pl.DataFrame]] = field(default_factory=dict)
    components: dict[str, np.ndarray] = field(default_factory=dict)

    @cached_property
    def series(self) -> dict[str, np.ndarray]:
        """What ``further`` makes, once."""
        return self.further()

    def annual(self, measure: str, months: Sequence[dt.date]) -> np.ndarray:
        """A measure by calendar year of its months, (draws, years)."""
        return self.measures[measure] @ year_sums(months)

    def over(self, name: str, windows: np.ndarray) -> np.ndarray:
        """A measure or series over windows (rows, months), flows summed; (draws, rows)."""
        values = self.measures[name] if name in self.measures else self.series[name]
        if name in self.measures or name in self.flows:
            return values @ windows.T
        return values @ (windows / np.maximum(windows.sum(axis=1, keepdims=True), 1e-12)).T


@dataclass(frozen=True)
class Evidence:
    """One stream's figures as its model reads them.

    Attributes:
        stream: its name.
        months: first days of all months estimated.
        model: NumPyro function of (figures, priors, shared).
        data: nest of arrays; a dict with ``value`` is a site's rows, to which ``root``, ``class``
            and ``is_read`` are added here.
        priors: parameter to its arguments.
        rows: columns of ``ROW_SCHEMA``, one a figure. ``site`` and ``at`` say where a figure enters
            (null: unread, or the record); ``group`` which errors it shares; ``component`` which
            factor of income it speaks of; ``measure`` the monthly series it is held against.
        finish: (sites, seed) to what the draws say: see ``Outcome``.
        meanings: sites of figures that do not say which money they mean, to the concepts that
            ``<site>/reading`` weighs.
    """

    stream: str
    months: list[dt.date]
    model: Callable[[dict[str, Any], dict[str, Any], Shared], None]
    data: dict[str, Any]
    priors: Mapping[str, Sequence[float]]
    rows: pl.DataFrame
    finish: Callable[[dict[str, np.ndarray], int], Outcome]
    meanings: Mapping[str, Sequence[str]] = field(default_factory=dict)


class Joint:
    """The joint density of some streams.

    Args:
        evidence: of each stream; their names differ.

    Attributes:
        roots: every root origin that is read, sorted.
        density: of all streams together.
    """

    def __init__(self, evidence: Sequence[Evidence]) -> None:
        self.evidence = {one.stream: one for one in evidence}
        read = [
            one.rows.filter(pl.col("site").is_not_null()).with_columns(stream=pl.lit(one.stream))
            for one in evidence
        ]
        self.read = pl.concat(read).with_columns(key=pl.format("{}.{}", "stream", "group"))
        self.roots = sorted(self.read["root_id"].unique())
        groups: dict[str, Any] = {}
        for (key,), rows in self.read.sort("key").group_by(["key"], maintain_order=True):
            one, group = self.evidence[str(rows["stream"][0])], str(rows["group"][0])
            present = rows["class"].unique().to_list()
            groups[str(key)] = {
                "roots": np.searchsorted(self.roots, rows["root_id"].unique().sort()),
                "class_sd": np.array([_class_sd(one, group, name, present) for name in CLASSES]),
            }
        wide = self.read.group_by("root_id").agg(pl.col("key").n_unique() > 1).sort("root_id")
        data: Data = {
            "shared": {
                "root_is_wide": wide["key"].to_numpy().astype(float),
                "root_sd": np.float64(evidence[0].priors["root_sd"][0]),
                "groups": groups,
            }
        }
        for one in evidence:
            figures = {
                name: self._owned(one, name, value) if isinstance(value, dict) else value
                for name, value in one.data.items()
            }
            data[one.stream] = {
                "figures": figures,
                "priors": {name: np.array(args, dtype=float) for name, args in one.priors.items()},
            }
        self.data = data
        self.density = Density(self._model, data)

    def _owned(self, one: Evidence, name: str, site: dict[str, Any]) -> dict[str, Any]:
        """A site's rows with who speaks in each, and whether it is read."""
        rows = one.rows.filter(pl.col("site") == name).sort("at")
        n, at = len(site["value"]), rows["at"].to_numpy()
        root, klass, is_read = np.zeros(n, dtype=int), np.zeros(n, dtype=int), np.zeros(n)
        root[at] = np.searchsorted(self.roots, rows["root_id"])
        klass[at] = [CLASSES.index(name) for name in rows["class"]]
        is_read[at] = 1.0
        return site | {"root": root, "class": klass, "is_read": is_read}

    def _model(self, data: Data) -> None:
        roots, classes = sample_shared(data["shared"])
        for name, one in self.evidence.items():
            with scope(prefix=name, divider="/"):
                one.model(data[name]["figures"], data[name]["priors"], Shared(name, roots, classes))

    def hidden(self, ids: Iterable[str]) -> Data:
        """The data with these figures hidden: their rows weigh nothing."""
        chosen = self.read.filter(pl.col("observation_id").is_in(list(ids)))
        data = {
            name: part if name == "shared" else {**part, "figures": dict(part["figures"])}
            for name, part in self.data.items()
        }
        for (stream, name), rows in chosen.group_by(["stream", "site"]):
            figures = data[str(stream)]["figures"]
            site = dict(figures[str(name)])
            is_read = site["is_read"].copy()
            is_read[rows["at"].to_numpy()] = 0.0
            figures[str(name)] = {**site, "is_read": is_read}
        return data

    def years(self, stream: str) -> np.ndarray:
        """Calendar years of a stream's months, sorted."""
        return np.unique([month.year for month in self.evidence[stream].months])

    def sites_of(self, stream: str, sites: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """One stream's sites under their own names."""
        prefix = f"{stream}/"
        return {
            name.removeprefix(prefix): value
            for name, value in sites.items()
            if name.startswith(prefix)
        }


def _class_sd(one: Evidence, group: str, name: str, present: list[str]) -> float:
    """Scale of the error common to a class in a group of quantities; 0 for a class that is silent.

    Raises:
        ValueError: a class speaks and the stream's priors do not say how far it may be off.
    """
    if name not in present:
        return 0.0
    key = f"class_sd.{group}.{name}"
    if key not in one.priors:
        raise ValueError(
            f"{one.stream}: priors.csv has no row {key}; say how far {name} figures of {group} may "
            "be off together, in logs, with a source or an argument"
        )
    return float(one.priors[key][0])
