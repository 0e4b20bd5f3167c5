"""The six models of benchmarks/training.py, as projects with random rows."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import keras
import numpy as np
from msgspec import Struct, field
from msgspec.structs import replace

EPOCHS = 1000
"""So many that it is worth to compile; the benchmark stops before."""

Json = dict[str, Any]


class Case(Struct, frozen=True):
    """A model: its layers in a chain, and so many batches of random rows."""

    name: str
    shape: tuple[int, ...]
    batch: int
    steps: int
    layers: tuple[Json, ...]
    classes: int = 10
    words: int = 0
    """Of how many words the rows are made; 0 for rows of numbers."""
    edges: tuple[tuple[str, str], ...] = ()
    folder: Path = field(default_factory=Path)
    epochs: int = EPOCHS

    def at(self, folder: Path) -> Case:
        """The same, with its rows in a folder."""
        made = replace(self, folder=folder)
        x, y = rows(made)
        np.savez(folder / "rows.npz", x=x, y=y)
        return made

    def loss(self) -> keras.losses.Loss:
        """What all of them are trained on."""
        return keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def layer(id: str, op: str, **params: Any) -> Json:
    """A node of the model."""
    return {"id": id, "op": f"keras.layers.{op}", "params": params}


def dense(id: str, units: int, activation: str | None = "relu") -> Json:
    """A Dense layer."""
    return layer(id, "Dense", units=units, activation=activation)


def conv(id: str, filters: int) -> Json:
    """A convolution of 3 x 3."""
    return layer(id, "Conv2D", filters=filters, kernel_size=3, activation="relu")


def rows(case: Case) -> tuple[np.ndarray, np.ndarray]:
    """Random features and labels."""
    rng = np.random.default_rng(7)
    count = case.batch * case.steps
    if case.words:
        x = rng.integers(0, case.words, (count, *case.shape)).astype("int32")
    else:
        x = rng.normal(size=(count, *case.shape)).astype("float32")
    return x, rng.integers(0, case.classes, count).astype("int32")


def project(case: Case, loop: str, speed: str | None = None) -> Json:
    """The project of a case; with a `speed` of "auto" it measures its own."""
    given = {"dtype": "int32"} if case.words else {}
    inputs = {"id": "x", "op": "keras.Input", "params": {"shape": list(case.shape), **given}}
    nodes = [inputs, *case.layers, dense("answer", case.classes, None)]
    chain = case.edges or tuple(pairwise(node["id"] for node in nodes))
    data = [
        {"id": "rows", "op": "studio.data.numpy", "params": {"path": "rows.npz", "label": "y"}},
        {
            "id": "mixed",
            "op": "tf.data.Dataset.shuffle",
            "params": {"buffer_size": case.batch * case.steps},
        },
        {"id": "train", "op": "tf.data.Dataset.batch", "params": {"batch_size": case.batch}},
    ]
    training: Json = {
        "loop": loop,
        "epochs": case.epochs,
        "seed": 7,
        "optimizer": {"op": "keras.optimizers.Adam"},
        "losses": {
            "answer": {
                "op": "keras.losses.SparseCategoricalCrossentropy",
                "params": {"from_logits": True},
            }
        },
        "metrics": {
            "answer": [
                {"op": "keras.metrics.SparseCategoricalAccuracy", "params": {"name": "accuracy"}}
            ]
        },
    }
    if speed is not None:
        training |= {"steps_per_execution": speed, "jit_compile": speed}
    return {
        "studio": 1,
        "data": {
            "nodes": data,
            "edges": [["rows", "mixed"], ["mixed", "train"]],
            "outputs": {"train": "train"},
        },
        "model": {"nodes": nodes, "edges": [list(e) for e in chain], "outputs": ["answer"]},
        "training": training,
    }


ENCODER = (
    layer("words", "Embedding", input_dim=1000, output_dim=64),
    layer("looks", "MultiHeadAttention", num_heads=4, key_dim=16),
    layer("both", "Add"),
    layer("norm", "LayerNormalization"),
    dense("wide", 128),
    dense("narrow", 64, None),
    layer("sum", "Add"),
    layer("again", "LayerNormalization"),
    layer("mean", "GlobalAveragePooling1D"),
)
ENCODER_EDGES = (
    ("x", "words"),
    ("words", "looks.query"),
    ("words", "looks.value"),
    ("words", "both"),
    ("looks", "both"),
    ("both", "norm"),
    ("norm", "wide"),
    ("wide", "narrow"),
    ("norm", "sum"),
    ("narrow", "sum"),
    ("sum", "again"),
    ("again", "mean"),
    ("mean", "answer"),
)

CASES = (
    Case("tiny", (4,), 16, 1024, (dense("one", 16), dense("two", 16)), classes=3),
    Case("mnist", (784,), 128, 128, (dense("hidden", 512),)),
    Case(
        "cnn",
        (28, 28, 1),
        64,
        64,
        (
            conv("first", 16),
            layer("half", "MaxPooling2D"),
            conv("second", 32),
            layer("quarter", "MaxPooling2D"),
            layer("flat", "Flatten"),
        ),
    ),
    Case("lstm", (32, 16), 32, 64, (layer("memory", "LSTM", units=64),)),
    Case("transformer", (32,), 32, 64, ENCODER, words=1000, edges=ENCODER_EDGES),
    Case("tabular", (200,), 256, 64, (dense("first", 1024), dense("second", 512)), classes=2),
)
