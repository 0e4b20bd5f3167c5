"""Whether a metric is better when it is higher or lower."""

from __future__ import annotations

from functools import cache

HIGHER = (
    "accuracy",
    "acc",
    "auc",
    "precision",
    "recall",
    "f1",
    "f1_score",
    "fbeta_score",
    "iou",
    "mean_io_u",
    "r2",
    "r2_score",
    "cosine_similarity",
    "true_positives",
    "true_negatives",
    "sensitivity_at_specificity",
    "specificity_at_sensitivity",
)
LOWER = (
    "loss",
    "error",
    "mae",
    "mse",
    "rmse",
    "mape",
    "msle",
    "crossentropy",
    "hinge",
    "poisson",
    "divergence",
    "kld",
    "perplexity",
    "false_positives",
    "false_negatives",
    "deviance",
)


@cache
def better(metric: str) -> str | None:
    """ "higher", "lower", or None for a name that says neither (learning_rate, one's own).

    Names are read as Keras makes them: val_digit_sparse_categorical_accuracy, test_loss, auc_1.
    """
    name = metric.rstrip("0123456789").rstrip("_").lower()
    for words, said in ((HIGHER, "higher"), (LOWER, "lower")):
        if any(name == word or name.endswith(f"_{word}") for word in words):
            return said
    return None
