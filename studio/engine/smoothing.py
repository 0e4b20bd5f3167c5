"""Exponential smoothing of a curve, corrected for its beginning.

NumPy is imported with this module: import it late.
"""

from __future__ import annotations

import numpy as np


def smooth(y: np.ndarray, weight: float) -> np.ndarray:
    """A curve smoothed exponentially; with weight 0 it is as it was. Gaps stay gaps."""
    y = np.asarray(y, float)
    finite = np.isfinite(y)
    found, values = y.copy(), y[finite]
    if not weight or not len(values):
        return found
    sums, reach = (1 - weight) * values, 1
    while reach < len(values) and weight**reach > 1e-12:
        # Each value and those before it: twice as many of them in each turn.
        sums[reach:] += weight**reach * sums[:-reach]
        reach *= 2
    found[finite] = sums / (1 - weight ** np.arange(1.0, len(values) + 1))
    return found
