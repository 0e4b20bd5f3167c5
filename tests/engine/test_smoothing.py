"""Smoothing is TensorBoard's, value by value, also where it goes on in parts."""

from __future__ import annotations

import math

import numpy as np
import pytest

from studio.engine.smoothing import Smoother, smooth


def one_by_one(values: list[float], weight: float) -> list[float]:
    """As TensorBoard does it: tf_line_chart_data_utils, `classicSmoothing`."""
    last, count, found = 0.0, 0, []
    for value in values:
        if not math.isfinite(value):
            found.append(value)
            continue
        last = last * weight + (1 - weight) * value
        count += 1
        found.append(last / (1 - weight**count) if weight < 1 else value)
    return found


@pytest.mark.parametrize("weight", [0.0, 0.3, 0.6, 0.9, 0.99, 0.999])
@pytest.mark.parametrize("gaps", [(), (0,), (3, 4, 5), (299,), tuple(range(300))])
def test_smoothing_is_that_of_tensorboard_also_in_parts(weight, gaps) -> None:
    y = np.random.default_rng(7).normal(5.0, 2.0, 300)
    y[list(gaps)] = np.nan
    expected = one_by_one(list(y), weight)
    np.testing.assert_allclose(smooth(y, weight), expected, rtol=1e-9)
    smoother = Smoother(weight)
    parts = [smoother.go_on(part) for part in np.split(y, [1, 1, 2, 17, 250])]
    np.testing.assert_allclose(np.concatenate(parts), expected, rtol=1e-9)


def test_a_curve_that_never_changes_is_the_same_smoothed() -> None:
    np.testing.assert_allclose(smooth(np.full(1000, 3.0), 0.9), 3.0)
    assert smooth(np.array([]), 0.9).size == 0


@pytest.mark.parametrize("weight", [-0.1, 1.0, 2.0])
def test_a_weight_out_of_range_is_refused(weight) -> None:
    with pytest.raises(ValueError, match="from 0 to below 1"):
        smooth(np.ones(3), weight)
