"""An output that says of each of several labels whether a sample has it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from studio.engine.evaluation.binary import log_loss, yes_or_no
from studio.engine.evaluation.classes import CURVED, POINTED
from studio.engine.evaluation.curves import curves, mean_area
from studio.engine.evaluation.keeping import Sample
from studio.engine.evaluation.output import SHOWN, Output


class Labels(Output):
    """Keeps what was true, and how likely each label was taken to be."""

    kind = "labels"

    def __init__(self, about: dict[str, Any]):
        super().__init__(about)
        self._kept = Sample(2 * len(self.names), "float64")
        self._last: tuple[np.ndarray, np.ndarray] = (np.empty((0, 0)), np.empty((0, 0)))

    def take(self, true: np.ndarray, given: np.ndarray, mask: np.ndarray | None) -> np.ndarray:
        """Takes a batch: (n, labels)."""
        if true.shape != given.shape or given.shape[1:] != (len(self.names),):
            raise self.misfit(true, given, "a 0 or 1 for each label")
        likely = self.probabilities(given, classes=False)
        label = yes_or_no(self, true)
        self._kept.take(np.column_stack([label, likely]))
        self._last = label, likely
        return log_loss(label, likely).mean(1)

    def sample(self, at: int) -> dict[str, Any]:
        """The labels that it has, and those predicted, with the probability of those at odds."""
        label, likely = (each[at] for each in self._last)
        odd = np.flatnonzero((likely > 0.5) != label)[:SHOWN]
        return {
            "true": [self.names[i] for i in np.flatnonzero(label)[:SHOWN]],
            "predicted": [self.names[i] for i in np.flatnonzero(likely > 0.5)[:SHOWN]],
            "probability": {self.names[i]: float(likely[i]) for i in odd},
        }

    def figures(self) -> dict[str, Any]:
        """A row a label, and what they come to over all of them."""
        from sklearn.metrics import accuracy_score, precision_recall_fscore_support

        rows = self._kept.rows()
        count = len(self.names)
        label, likely = rows[:, :count].astype(int), rows[:, count:]
        chosen = (likely > 0.5).astype(int)
        each = precision_recall_fscore_support(label, chosen, zero_division=0)
        names = ("precision", "recall", "f1", "support")
        told = [
            {"class": name} | dict(zip(names, map(float, row), strict=True))
            for name, *row in zip(self.names, *each, strict=True)
        ]
        drawn = [
            curves(label[:, at] == 1, likely[:, at], points=count <= POINTED)
            if count <= CURVED
            else None
            for at in range(count)
        ]
        for row, one, often in zip(told, drawn, chosen.sum(0), strict=True):
            row |= {"support": int(row["support"]), "predicted": int(often)}
            row |= one if one is not None else {"roc_area": None, "average_precision": None}
        mean = {}
        for kind in ("micro", "macro"):
            figures = precision_recall_fscore_support(label, chosen, average=kind, zero_division=0)
            mean[kind] = dict(zip(names[:3], map(float, figures[:3]), strict=True))
        return {
            "classes": self.names,
            "threshold": 0.5,
            "accuracy": float((label == chosen).mean()),
            "exact_match": float(accuracy_score(label, chosen)),
            **mean,
            "roc_area": mean_area(drawn, "roc_area"),
            "average_precision": mean_area(drawn, "average_precision"),
            "per_class": told,
        } | self._kept.about()

    def draw(self, figures: dict[str, Any], place: Path) -> list[str]:
        """The curves of each label."""
        from studio.engine.evaluation.pictures import several_curves

        named = {row["class"]: row for row in figures["per_class"] if "roc" in row}
        return several_curves(named, figures, self.name, place) if named else []
