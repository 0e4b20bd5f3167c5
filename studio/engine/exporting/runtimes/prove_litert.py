"""Loads a LiteRT model by its interpreter, and runs its signature."""

from __future__ import annotations

from typing import Any

import numpy as np
from proving import fitted, prove

try:
    from ai_edge_litert.interpreter import Interpreter
except ImportError:
    from tensorflow.lite import Interpreter


def load(job: dict[str, Any], model: dict[str, Any]):
    """A function that calls the model on a batch, by as many rows at once as it takes."""
    interpreter = Interpreter(model_path=model["path"])
    run = interpreter.get_signature_runner()
    details = run.get_input_details()
    names = job["meta"]["outputs"]
    sizes = {detail["shape_signature"][0] for detail in details.values()}
    size = None if -1 in sizes else int(next(iter(sizes)))

    def whole(given: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        outputs = run(**given)
        return {name: np.array(outputs[name]) for name in names}

    def call(batch: dict[str, Any]) -> dict[str, np.ndarray]:
        given = {}
        for name, each in batch.items():
            parts = each if isinstance(each, tuple) else (each,)
            for part, key in zip(parts, (name, f"{name}_1"), strict=False):
                detail = details[key]
                rank = len(detail["shape_signature"])
                string = part.dtype.kind in "SU"
                given[key] = fitted(part, rank, None if string else detail["dtype"])
        if size is None:
            return whole(given)
        rows = len(next(iter(given.values())))
        made = []
        for start in range(0, rows, size):
            part = {name: each[start : start + size] for name, each in given.items()}
            short = size - min(size, rows - start)
            if short:
                part = {
                    name: np.concatenate([each, np.repeat(each[-1:], short, 0)])
                    for name, each in part.items()
                }
            made.append(whole(part))
        return {name: np.concatenate([each[name] for each in made])[:rows] for name in names}

    return call


if __name__ == "__main__":
    prove(load)
