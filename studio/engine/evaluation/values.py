"""An output that gives numbers which are held against measured ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from studio.engine.evaluation.keeping import Misfit, Sample
from studio.engine.evaluation.output import Output, mean_of, one_or_several, rounded
from studio.engine.tensors import is_picture
from studio.graph.problems import quoted

SCATTERED = 2000
"""Points of predicted against true that are told."""

SIDES = ("true", "predicted")
"""Pictures of a worst sample, where the output is one."""

BINS = 40
UNITS = 20
"""Numbers of a sample up to which each has figures of its own."""


class Values(Output):
    """Keeps true and predicted numbers, each position of a sample for itself."""

    kind = "values"

    def __init__(self, about: dict[str, Any]):
        super().__init__(about)
        self._kept: Sample | None = None
        self._units = 1
        self._last: tuple[np.ndarray, ...] = ()
        self._shape: tuple[int, ...] = ()

    def take(self, true: np.ndarray, given: np.ndarray, mask: np.ndarray | None) -> np.ndarray:
        """Takes a batch; labels have the output's shape, but for axes of size 1."""
        if [n for n in true.shape[1:] if n != 1] != [n for n in given.shape[1:] if n != 1]:
            raise self.misfit(true, given, "the same shape")
        label = self.finite(true, "the labels").reshape(len(given), -1)
        value = self.finite(given, "what it gives").reshape(len(given), -1)
        counts = None
        if mask is not None and label.shape[1] % max(1, mask[0].size) == 0:
            counts = np.repeat(mask.reshape(len(given), -1), label.shape[1] // mask[0].size, 1)
        if self._kept is None:
            self._units = given.shape[-1] if given.ndim == 2 and given.shape[-1] <= UNITS else 1
            self._kept = Sample(2 * self._units, "float64")
        kept = np.ones(label.shape, bool) if counts is None else counts.astype(bool)
        pairs = [each[kept].reshape(-1, self._units) for each in (label, value)]
        self._kept.take(np.concatenate(pairs, 1))
        self._last = label, value, kept
        self._shape = given.shape[1:]
        return mean_of(np.abs(value - label), counts)

    def sample(self, at: int) -> dict[str, Any]:
        """The numbers, and the residual: predicted less true."""
        label, value, kept = (each[at] for each in self._last)
        found: dict[str, Any] = {}
        if is_picture(list(self._shape), "float64"):
            both = zip(SIDES, (label, value), strict=True)
            found["pictures"] = {name: each.reshape(self._shape) for name, each in both}
        label, value = label[kept], value[kept]
        return found | {
            "true": one_or_several([rounded(each) for each in label]),
            "predicted": one_or_several([rounded(each) for each in value]),
            "residual": one_or_several([rounded(each) for each in value - label]),
        }

    def figures(self) -> dict[str, Any]:
        """Errors, the histogram of the residuals, and points of predicted against true."""
        rows = self._kept.rows() if self._kept is not None else np.empty((0, 2))
        label, value = rows[:, : self._units], rows[:, self._units :]
        if not label.size:
            raise Misfit(f"{quoted(self.name)} has no position that counts.")
        found: dict[str, Any] = {"positions": int(label.size)}
        found |= _errors(label.reshape(-1), value.reshape(-1))
        if self._units > 1:
            found["per_unit"] = [_errors(label[:, at], value[:, at]) for at in range(self._units)]
        residuals = (value - label).reshape(-1)
        counts, edges = np.histogram(residuals, bins_for(residuals.size))
        found["residuals"] = {
            "edges": [rounded(each) for each in edges],
            "counts": counts.tolist(),
        }
        return found | {"scatter": _scatter(label, value)} | (self._kept.about())

    def draw(self, figures: dict[str, Any], place: Path) -> list[str]:
        """The residuals, and predicted against true."""
        from studio.engine.evaluation.pictures import predicted_true, residuals

        return [
            residuals(figures, self.name, place),
            predicted_true(figures, self.name, place),
        ]


def bins_for(count: int) -> int:
    """How many bins a histogram of so many numbers has: by Rice's rule, at most 40."""
    return max(1, min(BINS, round(2 * count ** (1 / 3))))


def _errors(label: np.ndarray, value: np.ndarray) -> dict[str, float | None]:
    from sklearn.metrics import (
        mean_absolute_error,
        mean_squared_error,
        median_absolute_error,
        r2_score,
    )

    residual = value - label
    spread = len(label) > 1 and label.min() < label.max()
    return {
        "mae": float(mean_absolute_error(label, value)),
        "rmse": float(mean_squared_error(label, value)) ** 0.5,
        # Without any spread there is nothing that could be explained.
        "r2": float(r2_score(label, value)) if spread else None,
        "median_error": float(median_absolute_error(label, value)),
        "largest_error": float(np.abs(residual).max()),
        "bias": float(residual.mean()),
    }


def _scatter(label: np.ndarray, value: np.ndarray) -> dict[str, list[float | None]]:
    """At most 2,000 points, the same ones each time."""
    label, value = label.reshape(-1), value.reshape(-1)
    if label.size > SCATTERED:
        at = np.sort(np.random.default_rng(0).choice(label.size, SCATTERED, replace=False))
        label, value = label[at], value[at]
    return {
        "true": [rounded(each) for each in label],
        "predicted": [rounded(each) for each in value],
    }
