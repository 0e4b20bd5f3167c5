"""An output that says which of several classes a sample, or each position of one, is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from studio.engine.evaluation.curves import curves, mean_area
from studio.engine.evaluation.keeping import Misfit, Pairs, Sample
from studio.engine.evaluation.output import LEAST, SHOWN, Output, mean_of, one_or_several
from studio.graph.problems import quoted

TOP = 3
WHOLE = 200
"""Classes up to which the confusion matrix is told as a whole."""

CURVED, POINTED = 1000, 100
"""Classes up to which there are areas of curves, and points of curves."""

CONFUSED = 20
"""Pairs that are told, the most confused first."""


class Classes(Output):
    """Counts who was taken for whom, exactly; curves are of a sample where that gets too much."""

    kind = "classes"

    def __init__(self, about: dict[str, Any]):
        super().__init__(about)
        self._pairs = Pairs(len(self.names))
        self._scores = Sample(len(self.names) + 1)
        self._first = self._counted = 0
        self._last: tuple[np.ndarray, ...] = ()

    def take(self, true: np.ndarray, given: np.ndarray, mask: np.ndarray | None) -> np.ndarray:
        """Takes a batch: (n, classes), or (n, ..., classes) for classes at positions."""
        count = len(self.names)
        if given.ndim < 2 or given.shape[-1] != count:
            raise Misfit(f"{quoted(self.name)} doesn't give a number for each of {count} classes.")
        chances = self.probabilities(given, classes=True).reshape(len(given), -1, count)
        label = self._labels(true, given)
        counts = None if mask is None else mask.reshape(len(given), -1).astype(bool)
        if self.about["ignored"] is not None:
            heeded = label != self.about["ignored"]
            counts = heeded if counts is None else counts & heeded
        wrong = (label < 0) | (label >= count)
        if counts is not None:
            wrong &= counts
        if wrong.any():
            raise Misfit(
                f"{quoted(self.name)} has a label {label[wrong][0]}, but classes 0 to {count - 1}. "
                "Mend the labels, or leave such rows out by a filter."
            )
        safe = label.clip(0, count - 1)
        # What the model gave decides, as Keras' own accuracy: softmax may round two into one.
        chosen = given.reshape(chances.shape).argmax(-1)
        of_true = np.take_along_axis(chances, safe[..., None], -1)[..., 0]
        losses = -np.log(of_true.clip(LEAST, 1))
        kept = np.ones(label.shape, bool) if counts is None else counts
        self._pairs.take(safe[kept], chosen[kept])
        if count <= CURVED:
            self._scores.take(np.column_stack([safe[kept], chances[kept]]))
        shaped = given.reshape(chances.shape)
        above = (shaped > np.take_along_axis(shaped, safe[..., None], -1)).sum(-1)
        self._first += int((above[kept] < TOP).sum())
        self._counted += int(kept.sum())
        self._last = safe, chosen, chances, kept
        return mean_of(losses, counts)

    def _labels(self, true: np.ndarray, given: np.ndarray) -> np.ndarray:
        """The number of the class at each position: (n, positions)."""
        places = int(np.prod(given.shape[1:-1]))
        if self.about["one_hot"]:
            if true.shape != given.shape:
                raise self.misfit(true, given, "a vector for each, as the output is")
            return true.reshape(len(true), places, -1).argmax(-1)
        if true.size != len(given) * places:
            raise self.misfit(true, given, "the number of a class for each")
        return true.reshape(len(given), places).astype("int64")

    def sample(self, at: int) -> dict[str, Any]:
        """Names, and the probability that each had."""
        label, chosen, chances, kept = (each[at] for each in self._last)
        places = np.flatnonzero(kept)[:SHOWN]

        def likely(which: np.ndarray) -> Any:
            return one_or_several([float(chances[p, which[p]]) for p in places])

        return {
            "true": one_or_several([self.names[label[p]] for p in places]),
            "predicted": one_or_several([self.names[chosen[p]] for p in places]),
            "probability": likely(chosen),
            "true_probability": likely(label),
        }

    def cells(self) -> tuple[np.ndarray, np.ndarray]:
        """The true class and the predicted one."""
        label, chosen, _, kept = self._last
        return np.where(kept, label, -1), np.where(kept, chosen, -1)

    def figures(self) -> dict[str, Any]:
        """Accuracies, a row a class, who was taken for whom, and the areas under the curves."""
        from sklearn.metrics import (
            accuracy_score,
            confusion_matrix,
            precision_recall_fscore_support,
        )

        if not self._counted:
            raise Misfit(f"{quoted(self.name)} has no position that counts.")
        true, chosen, times = self._pairs.found()
        count = len(self.names)
        everyone = range(count)
        found: dict[str, Any] = {
            "classes": self.names,
            "positions": self._counted,
            "accuracy": float(accuracy_score(true, chosen, sample_weight=times)),
        }
        if count > TOP:
            found["top_3_accuracy"] = self._first / self._counted
        each = precision_recall_fscore_support(
            true, chosen, labels=everyone, sample_weight=times, zero_division=0
        )
        names = ("precision", "recall", "f1", "support")
        rows = [
            {"class": name} | dict(zip(names, map(float, row), strict=True))
            for name, *row in zip(self.names, *each, strict=True)
        ]
        predicted = np.bincount(chosen, times, count)
        for row, often in zip(rows, predicted, strict=True):
            row |= {"support": int(row["support"]), "predicted": int(often)}
        there = [row for row in rows if row["support"] or row["predicted"]]
        found["macro"] = {name: float(np.mean([row[name] for row in there])) for name in names[:3]}
        found |= self._areas(rows) | {"per_class": rows}
        if count <= WHOLE:
            matrix = confusion_matrix(true, chosen, labels=everyone, sample_weight=times)
            found["confusion"] = matrix.astype(int).tolist()
        found["confused"] = self._confused(true, chosen, times)
        return found

    def _areas(self, rows: list[dict[str, Any]]) -> dict[str, Any]:
        """The areas one class against the rest, into its row; the mean of them."""
        count = len(self.names)
        if count > CURVED:
            return {}
        kept = self._scores.rows()
        drawn = [
            curves(kept[:, 0] == number, kept[:, 1 + number], points=count <= POINTED)
            for number in range(count)
        ]
        for row, one in zip(rows, drawn, strict=True):
            row |= one if one is not None else {"roc_area": None, "average_precision": None}
        areas = {name: mean_area(drawn, name) for name in ("roc_area", "average_precision")}
        return areas | {"curves": self._scores.about()}

    def _confused(self, true: np.ndarray, chosen: np.ndarray, times: np.ndarray) -> list[dict]:
        apart = np.flatnonzero(true != chosen)
        worst = apart[np.argsort(-times[apart], kind="stable")][:CONFUSED]
        return [
            {
                "true": self.names[true[at]],
                "predicted": self.names[chosen[at]],
                "count": int(times[at]),
            }
            for at in worst
        ]

    def draw(self, figures: dict[str, Any], place: Path) -> list[str]:
        """The confusion matrix, and the curves of one class against the rest."""
        from studio.engine.evaluation.pictures import confusion, several_curves

        made = []
        if "confusion" in figures:
            made.append(confusion(figures, self.name, place))
        if any("roc" in row for row in figures["per_class"]):
            named = {row["class"]: row for row in figures["per_class"] if "roc" in row}
            made += several_curves(named, figures, self.name, place)
        return made
