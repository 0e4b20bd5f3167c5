"""ROC and precision-recall curves of a score for a yes or no."""

from __future__ import annotations

from typing import Any

import numpy as np

from studio.engine.evaluation.output import rounded, thin


def curves(yes: np.ndarray, score: np.ndarray, points: bool) -> dict[str, Any] | None:
    """The areas under both curves, and with `points` about a hundred points of each.

    `yes` is of bool, (n,). None where all samples are alike: then there is nothing to tell apart.
    """
    from sklearn.metrics import auc, average_precision_score, precision_recall_curve, roc_curve

    if not yes.any() or yes.all():
        return None
    false, true, above = roc_curve(yes, score)
    found: dict[str, Any] = {
        "roc_area": float(auc(false, true)),
        "average_precision": float(average_precision_score(yes, score)),
    }
    if points:
        precision, recall, steps = precision_recall_curve(yes, score)
        at, of = thin(len(false)), thin(len(recall))
        steps = np.append(steps, np.inf)  # of the point at which nothing is taken for it
        found["roc"] = {
            "false_positives": _some(false, at),
            "true_positives": _some(true, at),
            "thresholds": _some(above, at),
        }
        found["pr"] = {
            "recall": _some(recall, of),
            "precision": _some(precision, of),
            "thresholds": _some(steps, of),
        }
    return found


def mean_area(each: list[dict[str, Any] | None], name: str) -> float | None:
    """The mean over those that have one; None where none has."""
    areas = [one[name] for one in each if one is not None]
    return float(np.mean(areas)) if areas else None


def _some(values: np.ndarray, at: np.ndarray) -> list[float | None]:
    return [rounded(each) for each in values[at]]
