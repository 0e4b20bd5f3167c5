"""Which way a metric is better, by the names that Keras gives."""

from __future__ import annotations

import pytest

from studio.graph.directions import better


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("loss", "lower"),
        ("val_loss", "lower"),
        ("test_species_loss", "lower"),
        ("val_digit_sparse_categorical_accuracy", "higher"),
        ("accuracy", "higher"),
        ("auc_1", "higher"),
        ("val_precision_12", "higher"),
        ("mean_absolute_error", "lower"),
        ("mae", "lower"),
        ("mean_io_u", "higher"),
        ("sparse_categorical_crossentropy", "lower"),
        ("learning_rate", None),
        ("pacc", None),
        ("gloss", None),
        ("", None),
    ],
)
def test_a_metric_is_better_as_its_name_says(name, said) -> None:
    assert better(name) == said
