"""Draws add inside a world and are summarised once."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines import draws


def test_long_layout_keeps_each_value_with_its_draw_and_month():
    frame = draws.to_long(["jan", "feb"], tonnes=np.array([[1.0, 2.0], [3.0, 4.0]]))
    assert frame.rows() == [(0, "jan", 1.0), (0, "feb", 2.0), (1, "jan", 3.0), (1, "feb", 4.0)]
    assert frame.schema["draw"] == pl.Int64


def test_shapes_must_agree():
    with pytest.raises(ValueError, match="shape"):
        draws.to_long(["jan"], tonnes=np.ones((2, 2)))


def test_named_generators_repeat_and_differ():
    one = draws.named_generator(5, "price").normal(size=3)
    assert one == pytest.approx(draws.named_generator(5, "price").normal(size=3))
    assert one != pytest.approx(draws.named_generator(5, "freight").normal(size=3))


@given(st.floats(1, 1e6), st.floats(1.01, 50))
def test_range_reader_puts_a_tenth_on_each_side(low, ratio):
    mean, sd = draws.lognormal_of_range(low, low * ratio)
    assert mean - 1.2815515655446004 * sd == pytest.approx(np.log(low))
    assert mean + 1.2815515655446004 * sd == pytest.approx(np.log(low * ratio))


def test_reversed_range_is_refused():
    with pytest.raises(ValueError, match="low < high"):
        draws.lognormal_of_range(2, 1)
