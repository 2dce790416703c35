"""What a fit's tables say, held against figures counted by hand."""

from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from pipelines.fitting.tables import _meant
from pipelines.inference.joint import ROW_SCHEMA


def _fitted(may):
    rows = pl.DataFrame(
        {
            "observation_id": ["told", "unsaid", "elsewhere"],
            "root_id": ["root-a", "root-b", "root-c"],
            "site": ["total", "total", "share"],
            "at": [1, 0, 0],
        },
        schema_overrides={name: ROW_SCHEMA[name] for name in ("at",)},
    )
    one = SimpleNamespace(
        rows=rows,
        data={"total": {"concept": may} if may is not None else {}},
        meanings={"total": ("gross", "remitted")},
    )
    # two worlds; row 0 is the figure that does not say
    reading = np.array([[[0.2, 0.8], [1.0, 0.0]], [[0.6, 0.4], [1.0, 0.0]]])
    joint = SimpleNamespace(
        evidence={"toy": one},
        density=SimpleNamespace(outputs=lambda theta: {"toy/total/reading": reading}),
        sites_of=lambda stream, sites: {"total/reading": sites["toy/total/reading"]},
    )
    return SimpleNamespace(joint=joint, theta=None)


def test_what_a_source_seems_to_mean_is_the_mean_weight_over_worlds():
    found = _meant(_fitted(np.array([[1.0, 1.0], [1.0, 0.0]])), "toy")
    assert found["observation_id"].to_list() == ["unsaid", "unsaid"]
    assert found["root_id"].to_list() == ["root-b", "root-b"]
    assert dict(found.select("concept", "weight").iter_rows()) == pytest.approx(
        {"gross": 0.4, "remitted": 0.6}
    )


def test_every_figure_of_a_site_that_never_says_is_told_back():
    found = _meant(_fitted(None), "toy").sort("observation_id", "concept")
    assert found["observation_id"].to_list() == ["told", "told", "unsaid", "unsaid"]
    assert found["weight"].to_list() == pytest.approx([1.0, 0.0, 0.4, 0.6])
