"""An output of the model, whatever it stands for: what it is asked during and after the pass."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from studio.engine.evaluation.keeping import Misfit
from studio.graph.problems import quoted

SHOWN = 16
"""Positions of a sample, or numbers, that are told of a worst one."""

LEAST = 1e-7
"""What a probability is taken to be at least when its logarithm is: as Keras does."""


class Output:
    """What an output gave, and what its labels said; each kind is a class of its own.

    `about` has `output`, `names`, `logits`, `one_hot` as studio.graph.targets.Target says them,
    and `ignored`, the class that counts for nothing, or None.
    """

    kind = ""

    def __init__(self, about: dict[str, Any]):
        self.about = about
        self.name: str = about["output"]
        self.names: list[str] = list(about["names"])

    def take(self, true: np.ndarray, given: np.ndarray, mask: np.ndarray | None) -> np.ndarray:
        """Takes a batch, and gives the loss of each of its samples: (n,).

        `mask` is true where a position counts; Misfit where labels and output don't fit.
        """
        raise NotImplementedError

    def sample(self, at: int) -> dict[str, Any]:
        """What was true and what was predicted of a sample of the last batch."""
        raise NotImplementedError

    def cells(self) -> tuple[np.ndarray, np.ndarray] | None:
        """The cell of each position of the last batch's samples, -1 where it doesn't count.

        Two numbers, in two arrays of the shape (n, positions): the class that is true, and what
        was predicted. None where the output has no such cells.
        """
        return None

    def right(self, true: int, other: int) -> bool:
        """Whether a cell has what was predicted as it is."""
        return true == other

    def figures(self) -> dict[str, Any]:
        """What is told of the output, once all is taken: JSON values."""
        raise NotImplementedError

    def draw(self, figures: dict[str, Any], place: Path) -> list[str]:
        """Draws what the figures say into a folder; the names of the files."""
        raise NotImplementedError

    def finite(self, array: np.ndarray, what: str) -> np.ndarray:
        """The array as float64; Misfit where a number in it isn't finite."""
        array = np.asarray(array, "float64")
        if not np.isfinite(array).all():
            raise Misfit(f"{quoted(self.name)}: among {what} are numbers that aren't finite.")
        return array

    def probabilities(self, given: np.ndarray, classes: bool) -> np.ndarray:
        """What the output gave, as probabilities; Misfit where it can't be taken for such.

        Of `classes` those of the last axis sum to 1, and their softmax is what logits mean.
        """
        given = self.finite(given, "what it gives")
        if self.about["logits"]:
            if not classes:
                half = np.exp(-np.abs(given))  # which never overflows
                return np.where(given >= 0, 1, half) / (1 + half)
            powers = np.exp(given - given.max(-1, keepdims=True))
            return powers / powers.sum(-1, keepdims=True)
        if given.size and (given.min() < -1e-3 or given.max() > 1 + 1e-3):
            activation = "softmax" if classes else "sigmoid"
            raise Misfit(
                f"{quoted(self.name)} gives numbers from {given.min():.3g} to {given.max():.3g}, "
                f"which are no probabilities. Give its layer the activation {activation}, or its "
                "loss from_logits, and train again."
            )
        return given

    def misfit(self, true: np.ndarray, given: np.ndarray, wanted: str) -> Misfit:
        """What is said where the shape of the labels isn't that of the output."""
        found, gives = tuple(true.shape[1:]), tuple(given.shape[1:])
        return Misfit(
            f"{quoted(self.name)} gives the shape {gives} for a sample, and its labels have the "
            f"shape {found}: expected {wanted}."
        )


def mean_of(losses: np.ndarray, counts: np.ndarray | None) -> np.ndarray:
    """The mean loss of each sample over its positions that count: (n, positions) -> (n,)."""
    if counts is None:
        return losses.mean(1) if losses.shape[1] else np.zeros(len(losses))
    return (losses * counts).sum(1) / np.maximum(counts.sum(1), 1)


def one_or_several(values: list[Any]) -> Any:
    """A value, or the first of several where there is more than one."""
    return values[0] if len(values) == 1 else values[:SHOWN]


def rounded(value: float, digits: int = 6) -> float | None:
    """A number as JSON has it: so many figures that count, None where it isn't finite."""
    return float(f"{value:.{digits}g}") if np.isfinite(value) else None


def thin(points: int, most: int = 101) -> np.ndarray:
    """Places of so many points of a curve, spread over all of it."""
    return np.unique(np.linspace(0, points - 1, min(points, most)).round().astype(int))
