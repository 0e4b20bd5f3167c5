"""Loads an ONNX model by ONNX Runtime, and runs it."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import onnxruntime
from proving import fitted, prove

DTYPES = {"float": "float32", "double": "float64", "bool": "bool"}


def load(job: dict[str, Any], model: dict[str, Any]):
    """A function that calls the model on a batch."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(
        model["path"], options, providers=["CPUExecutionProvider"]
    )
    inputs = {each.name.removesuffix(":0"): each for each in session.get_inputs()}
    names = job["meta"]["outputs"]
    outputs = {each.name.removesuffix(":0"): each.name for each in session.get_outputs()}

    def call(batch: dict[str, Any]) -> dict[str, np.ndarray]:
        given = {}
        for name, each in batch.items():
            parts = each if isinstance(each, tuple) else (each,)
            for part, key in zip(parts, (name, f"{name}_1"), strict=False):
                declared = inputs[key]
                kind = re.fullmatch(r"tensor\((\w+)\)", declared.type)[1]
                if kind == "string":
                    given[declared.name] = fitted(part, len(declared.shape), None).astype(object)
                else:
                    dtype = DTYPES.get(kind, kind)
                    given[declared.name] = fitted(part, len(declared.shape), dtype)
        made = session.run([outputs[name] for name in names], given)
        return dict(zip(names, made, strict=True))

    return call


if __name__ == "__main__":
    prove(load)
