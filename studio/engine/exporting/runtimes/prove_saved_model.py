"""Loads a SavedModel with TensorFlow alone, and runs its signature `serving_default`."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf
from proving import fitted, prove


def load(job: dict[str, Any], model: dict[str, Any]):
    """A function that calls the signature on a batch."""
    saved = tf.saved_model.load(model["path"])
    run = saved.signatures["serving_default"]
    specs = run.structured_input_signature[1]

    def call(batch: dict[str, Any]) -> dict[str, np.ndarray]:
        given = {}
        for name, each in batch.items():
            parts = each if isinstance(each, tuple) else (each,)
            for part, key in zip(parts, (name, f"{name}_1"), strict=False):
                spec = specs[key]
                dtype = None if spec.dtype == tf.string else spec.dtype.as_numpy_dtype
                given[key] = tf.constant(fitted(part, spec.shape.rank, dtype))
        outputs = run(**given)
        assert saved is not None  # its variables live as long as it does
        return {name: outputs[name].numpy() for name in job["meta"]["outputs"]}

    return call


if __name__ == "__main__":
    prove(load)
