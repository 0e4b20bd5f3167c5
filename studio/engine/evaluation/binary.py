"""An output that says how likely a sample is the second of two classes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from studio.engine.evaluation.curves import curves
from studio.engine.evaluation.keeping import Misfit, Sample
from studio.engine.evaluation.output import LEAST, Output, rounded
from studio.graph.problems import quoted

BINS = 10
"""Of equal width, in which probabilities are held against how often it was so."""

STEPS = 1000
"""From 0 to 1, the thresholds for which it is told what comes of them."""


class Binary(Output):
    """Keeps the label and the probability of each sample."""

    kind = "binary"

    def __init__(self, about: dict[str, Any]):
        super().__init__(about)
        self._kept = Sample(2, "float64")
        self._last: tuple[np.ndarray, np.ndarray] = (np.empty(0), np.empty(0))

    def take(self, true: np.ndarray, given: np.ndarray, mask: np.ndarray | None) -> np.ndarray:
        """Takes a batch: (n, 1), with labels (n,) or (n, 1)."""
        if true.size != len(given) or given.size != len(given):
            raise self.misfit(true, given, "one number for each")
        likely = self.probabilities(given, classes=False).reshape(-1)
        label = yes_or_no(self, true).reshape(-1)
        self._kept.take(np.column_stack([label, likely]))
        self._last = label, likely
        return log_loss(label, likely)

    def sample(self, at: int) -> dict[str, Any]:
        """The two names, and the probability of the predicted one."""
        label, likely = int(self._last[0][at]), float(self._last[1][at])
        chosen = int(likely > 0.5)
        return {
            "true": self.names[label],
            "predicted": self.names[chosen],
            "probability": likely if chosen else 1 - likely,
            "true_probability": likely if label else 1 - likely,
        }

    def cells(self) -> tuple[np.ndarray, np.ndarray]:
        """The label, and the tenth in which the probability lies, so that there are samples for
        whatever threshold.
        """
        label, likely = self._last
        return label[:, None], tenths(likely)[:, None]

    def right(self, true: int, other: int) -> bool:
        """Whether it is so at the threshold of one half."""
        return (other >= BINS // 2) == bool(true)

    def figures(self) -> dict[str, Any]:
        """What comes of 0.5 and of the best threshold, the areas, and the calibration."""
        from sklearn.metrics import (
            accuracy_score,
            brier_score_loss,
            confusion_matrix,
            precision_recall_fscore_support,
        )

        rows = self._kept.rows()
        label, likely = rows[:, 0].astype(int), rows[:, 1]
        chosen = (likely > 0.5).astype(int)
        precision, recall, f1, _ = precision_recall_fscore_support(
            label, chosen, labels=[1], zero_division=0
        )
        found: dict[str, Any] = {
            "classes": self.names,
            "positive": self.names[1],
            "support": {name: int((label == at).sum()) for at, name in enumerate(self.names)},
            "threshold": 0.5,
            "accuracy": float(accuracy_score(label, chosen)),
            "precision": float(precision[0]),
            "recall": float(recall[0]),
            "f1": float(f1[0]),
            "brier_score": float(brier_score_loss(label, likely, labels=[0, 1])),
            "confusion": confusion_matrix(label, chosen, labels=[0, 1]).tolist(),
        }
        drawn = curves(label == 1, likely, points=True)
        found |= drawn if drawn is not None else {"roc_area": None, "average_precision": None}
        found["thresholds"] = _at_thresholds(label, likely)
        found["best_f1"] = _best_f1(label, likely)
        found["calibration"] = _calibration(label, likely)
        return found | self._kept.about()

    def draw(self, figures: dict[str, Any], place: Path) -> list[str]:
        """The confusion matrix, both curves, and the calibration."""
        from studio.engine.evaluation.pictures import calibration, confusion, several_curves

        made = [confusion(figures, self.name, place)]
        if "roc" in figures:
            made += several_curves({figures["positive"]: figures}, figures, self.name, place)
        return [*made, calibration(figures, self.name, place)]


def yes_or_no(output: Output, true: np.ndarray) -> np.ndarray:
    """Labels as 0 or 1; Misfit where one is something else."""
    label = output.finite(true, "the labels")
    if not np.isin(label, (0, 1)).all():
        odd = label[~np.isin(label, (0, 1))].flat[0]
        raise Misfit(f"{quoted(output.name)} has a label {odd:g}, where only 0 and 1 are expected.")
    return label.astype(int)


def log_loss(label: np.ndarray, likely: np.ndarray) -> np.ndarray:
    """The logarithmic loss of each number."""
    of_true = np.where(label == 1, likely, 1 - likely)
    return -np.log(of_true.clip(LEAST, 1))


def tenths(likely: np.ndarray) -> np.ndarray:
    """The bin of each probability."""
    return np.minimum((likely * BINS).astype(int), BINS - 1)


def _at_thresholds(label: np.ndarray, likely: np.ndarray) -> dict[str, Any]:
    """How many are taken for the second class at each of 1,001 thresholds, from 0 to 1.

    Those whose probability is above it, as `accuracy` and `confusion` count them at 0.5.
    """
    steps = np.arange(STEPS + 1) / STEPS
    found: dict[str, Any] = {"steps": STEPS}
    for name, which in (("true_positives", label == 1), ("false_positives", label == 0)):
        ordered = np.sort(likely[which])
        found[name] = (len(ordered) - np.searchsorted(ordered, steps, "right")).tolist()
    return found


def _best_f1(label: np.ndarray, likely: np.ndarray) -> dict[str, float] | None:
    """The threshold, counted as yes from it on, that gives the best F1."""
    from sklearn.metrics import precision_recall_curve

    if not label.any():
        return None
    precision, recall, thresholds = precision_recall_curve(label, likely)
    precision, recall = precision[:-1], recall[:-1]  # of no threshold at all
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-12)
    at = int(f1.argmax())
    names = ("threshold", "f1", "precision", "recall")
    values = (thresholds[at], f1[at], precision[at], recall[at])
    return dict(zip(names, map(float, values), strict=True))


def _calibration(label: np.ndarray, likely: np.ndarray) -> list[dict[str, Any]]:
    """Of each bin that has samples: the mean probability, and how often it was so."""
    bins = tenths(likely)
    found = []
    for number in range(BINS):
        inside = bins == number
        if inside.any():
            found.append(
                {
                    "from": number / BINS,
                    "to": (number + 1) / BINS,
                    "count": int(inside.sum()),
                    "predicted": rounded(likely[inside].mean()),
                    "observed": rounded(label[inside].mean()),
                }
            )
    return found
