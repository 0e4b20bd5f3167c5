"""What forks of a process with TensorFlow do for the tests of evaluations."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import sklearn.metrics  # noqa: F401  once, for all lives

import studio.engine.evaluation.pictures
import studio.engine.evaluation.writing  # noqa: F401
from studio.engine.evaluation.__main__ import answer as answered
from studio.engine.work import load_script


def answer(asked: dict[str, Any], told: str) -> int:
    """What the process of an evaluation does; what it tells goes into a file."""
    with Path(told).open("w") as file:
        return answered(asked, lambda **words: print(json.dumps(words), file=file, flush=True))


def predict(folder: str, path: str, outputs: list[str]) -> int:
    """Writes the test of a run, and what its model predicts, by plain Keras."""
    script = load_script(Path(folder) / "train.py")
    keras.utils.set_random_seed(script.SEED)
    dataset = script.make_datasets()["test"]
    model = keras.models.load_model(Path(folder) / "artifacts" / "model.keras")
    parts: dict[str, list[np.ndarray]] = {}
    for x, y in dataset:
        given = model.predict_on_batch(x)
        named = {
            "given": given if isinstance(given, dict) else {outputs[0]: given},
            "true": y if isinstance(y, dict) else {outputs[0]: y},
            "x": x if isinstance(x, dict) else {"": x},
        }
        for kind, arrays in named.items():
            for name, array in arrays.items():
                if hasattr(array, "to_tensor"):
                    continue  # ragged texts
                array = np.asarray(array)
                array = array.astype(str) if array.dtype == object else array
                parts.setdefault(f"{kind} {name}".strip(), []).append(array)
    np.savez(path, **{name: np.concatenate(each) for name, each in parts.items()})
    return 0
