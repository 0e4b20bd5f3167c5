"""Loads what Keras has written, with Keras alone, and runs it."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from proving import batches_of, prove


def script_of(job: dict[str, Any]) -> ModuleType:
    """The script of the run, which has the model's own classes."""
    if "train" not in sys.modules:
        path = Path(job["script"])
        sys.path.insert(0, str(path.parent))
        spec = importlib.util.spec_from_file_location("train", path)
        module = importlib.util.module_from_spec(spec)
        sys.modules["train"] = module
        spec.loader.exec_module(module)
    return sys.modules["train"]


def tensors(job: dict[str, Any], batch: dict[str, Any]) -> Any:
    """A batch as the model is called on it: a tensor, or several as they come."""
    made = {
        name: tf.RaggedTensor.from_row_splits(*each)
        if isinstance(each, tuple)
        else tf.constant(each)
        for name, each in batch.items()
    }
    structure = job["meta"]["structure"]
    if structure == "dict":
        return made
    return next(iter(made.values())) if structure == "one" else list(made.values())


def loaded(job: dict[str, Any], model: dict[str, Any]) -> keras.Model:
    """The model, from a file of whichever kind."""
    kind, path = model["kind"], model["path"]
    own = {}
    if job["own"] or kind in ("weights", "checkpoint"):
        own = {name: getattr(script_of(job), name) for name in job["own"]}
    if kind in ("keras", "h5"):
        return keras.models.load_model(path, custom_objects=own, compile=False)
    if kind in ("weights", "checkpoint"):
        made = script_of(job).build_model()
    else:
        text = Path(path).read_text(encoding="utf-8")
        if kind == "yaml":
            import yaml

            text = json.dumps(yaml.safe_load(text))
        made = keras.models.model_from_json(text, custom_objects=own)
        config = json.loads(made.to_json())
        config.pop("compile_config", None)
        if config != json.loads(Path(job["architecture"]).read_text(encoding="utf-8")):
            raise ValueError("the architecture read back has another config")
        give_vocabularies(made, job, own)
    if not made.built:  # the variables of a class
        made(tensors(job, next(batches_of(job))))
    if kind == "checkpoint":
        status = tf.train.Checkpoint(model=made).read(f"{path}/weights")
        status.assert_existing_objects_matched().expect_partial()
    else:
        made.load_weights(path if kind == "weights" else job["weights"])
    return made


def give_vocabularies(made: keras.Model, job: dict[str, Any], own: dict[str, Any]) -> None:
    """Gives lookups what they have measured, which is neither architecture nor weight."""
    lookups = (
        keras.layers.StringLookup,
        keras.layers.IntegerLookup,
        keras.layers.TextVectorization,
    )
    if not any(isinstance(layer, lookups) for layer in made.layers):
        return
    saved = keras.models.load_model(job["weights"], custom_objects=own, compile=False)
    for layer, known in zip(made.layers, saved.layers, strict=True):
        if isinstance(layer, lookups):
            layer.set_vocabulary(known.get_vocabulary(include_special_tokens=False))


def load(job: dict[str, Any], model: dict[str, Any]):
    """A function that calls the model on a batch."""
    made = loaded(job, model)
    run = tf.function(lambda x: made(x, training=False), reduce_retracing=True)
    names = job["meta"]["outputs"]

    def call(batch: dict[str, Any]) -> dict[str, np.ndarray]:
        outputs = run(tensors(job, batch))
        if not isinstance(outputs, dict):
            several = outputs if isinstance(outputs, (list, tuple)) else [outputs]
            outputs = dict(zip(names, several, strict=True))
        return {name: np.asarray(each) for name, each in outputs.items()}

    return call


if __name__ == "__main__":
    prove(load)
