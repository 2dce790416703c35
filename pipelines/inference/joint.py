"""Streams under one density: the same draw is the same world in all of them.

What streams share are the errors of those who speak: one outlet, one desk, one way of counting
stands behind figures of several streams, so their incomes move together.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl
from numpyro.handlers import scope

from pipelines.inference.density import Data, Density
from pipelines.inference.evidence import Shared, sample_shared

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


@dataclass(frozen=True)
class Outcome:
    """What draws say of a stream.

    Attributes:
        measures: monthly USD of the whole stream by name, (draws, months).
        series: other monthly series figures are held against, by name, (draws, months).
        flows: series that add up over months; the others (prices, stocks) are averaged.
        tables: further long tables of draws by name, made when asked for.
        components: factors of yearly income by name, logs, (draws, years).
    """

    measures: dict[str, np.ndarray]
    series: dict[str, np.ndarray] = field(default_factory=dict)
    flows: frozenset[str] = frozenset()
    tables: dict[str, Callable[[], pl.DataFrame]] = field(default_factory=dict)
    components: dict[str, np.ndarray] = field(default_factory=dict)

    def annual(self, measure: str, months: Sequence[dt.date]) -> np.ndarray:
        """A measure by calendar year of its months, (draws, years)."""
        year = np.array([month.year for month in months])
        return self.measures[measure] @ (year[:, None] == np.unique(year)[None, :])

    def over(self, name: str, windows: np.ndarray) -> np.ndarray:
        """A measure or series over windows (rows, months), flows summed; (draws, rows)."""
        values = self.measures[name] if name in self.measures else self.series[name]
        if name in self.measures or name in self.flows:
            return values @ windows.T
        return values @ (windows / np.maximum(windows.sum(axis=1, keepdims=True), 1e-12)).T


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
        read = pl.concat(
            [
                one.rows.filter(pl.col("site").is_not_null()).with_columns(
                    stream=pl.lit(one.stream)
                )
                for one in evidence
            ]
        )
        self.read = read.with_columns(key=pl.format("{}.{}", "stream", "group"))
        self.roots = sorted(self.read["root_id"].unique())
        position = {root: at for at, root in enumerate(self.roots)}
        klass = {name: at for at, name in enumerate(CLASSES)}
        groups: dict[str, Any] = {}
        for (key,), rows in self.read.sort("key").group_by(["key"], maintain_order=True):
            one = self.evidence[str(rows["stream"][0])]
            present = rows["class"].unique().to_list()
            groups[str(key)] = {
                "roots": np.array(sorted({position[root] for root in rows["root_id"]})),
                "class_sd": np.array(
                    [_class_sd(one, str(rows["group"][0]), name, present) for name in CLASSES]
                ),
            }
        n_groups = self.read.group_by("root_id").agg(pl.col("key").n_unique())
        wide = dict(n_groups.iter_rows())
        data: Data = {
            "shared": {
                "root_is_wide": np.array([float(wide[root] > 1) for root in self.roots]),
                "root_sd": np.float64(evidence[0].priors["root_sd"][0]),
                "groups": groups,
            }
        }
        for one in evidence:
            figures = {
                name: dict(value) if isinstance(value, dict) else value
                for name, value in one.data.items()
            }
            for name, site in figures.items():
                if not isinstance(site, dict):
                    continue
                rows = one.rows.filter(pl.col("site") == name).sort("at")
                n = len(site["value"])
                site["root"], site["class"] = np.zeros(n, dtype=int), np.zeros(n, dtype=int)
                site["is_read"] = np.zeros(n)
                at = rows["at"].to_numpy()
                site["root"][at] = [position[root] for root in rows["root_id"]]
                site["class"][at] = [klass[name] for name in rows["class"]]
                site["is_read"][at] = 1.0
            data[one.stream] = {
                "figures": figures,
                "priors": {name: np.array(args, dtype=float) for name, args in one.priors.items()},
            }
        self.data = data
        self.density = Density(self._model, data)

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
