"""What the tests of evaluations have done by forks of a process with TensorFlow."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from msgspec import Struct

from studio.engine.evaluating import evaluate, raise_told
from studio.engine.run import prepare
from studio.engine.trained import Trained, trained
from studio.graph.file import loads, plain
from studio.graph.text import dump
from tests.engine.nursery import Nursery
from tests.templates import template_folder


class Case(Struct):
    """A run, its evaluation, and what its model gave and its data said, found without Studio.

    `arrays` has "given NAME" and "true NAME" by output, and "x" or "x NAME".
    """

    run: Trained
    found: dict[str, Any]
    arrays: dict[str, np.ndarray]

    @property
    def place(self) -> Path:
        """The folder of the evaluation."""
        return self.run.folder / "artifacts" / "evaluation" / "test"


def train(nursery: Nursery, runs: Path, folder: Path, **training: Any) -> Trained:
    """A run of the project in a folder, with other values of its training."""
    value = plain(loads((folder / "project.json").read_bytes())[0])
    value["training"] |= training
    project, problems = loads(dump(value))
    assert not problems
    place = prepare(project, folder, runs)
    assert nursery.live(place, resume=False) == 0, (place / "log.txt").read_text()
    return trained(place)


def template(nursery: Nursery, runs: Path, name: str, epochs: int) -> Trained:
    """A run of a template."""
    return train(nursery, runs, template_folder(name), epochs=epochs)


def case(nursery: Nursery, run: Trained) -> Case:
    """Evaluates a run on its test, and has its model predict without Studio."""
    found = evaluated(nursery, run)
    path = run.folder / "predicted.npz"
    called = "tests.engine.evaluation_lives:predict"
    fields = {"folder": str(run.folder), "path": str(path), "outputs": list(found["outputs"])}
    assert nursery.call(called, run.folder, **fields) == 0, (run.folder / "log.txt").read_text()
    with np.load(path) as arrays:
        return Case(run, found, dict(arrays))


def evaluated(nursery: Nursery, run: Trained, *rest: Any) -> dict[str, Any]:
    """Evaluates in a fork; `rest` are split and target."""

    def ask(asked: dict[str, Any], tell: Any) -> None:
        told = run.folder / "told.jsonl"
        called = "tests.engine.evaluation_lives:answer"
        nursery.call(called, run.folder, asked=asked, told=str(told))
        words = [json.loads(line) for line in told.read_text().splitlines()]
        for each in words[:-1]:
            tell(each)
        raise_told(words[-1])
        assert words[-1] == {"done": True}, (run.folder / "log.txt").read_text()

    return evaluate(run, *rest, ask=ask)


def many(folder: Path) -> Path:
    """A project with an output of each kind: labels, a one-hot class, a class at each position
    that a mask leaves, two values, and a picture.
    """
    rows = np.random.default_rng(5)
    x = rows.normal(size=(300, 6)).astype("float32")
    tokens = rows.integers(1, 9, (300, 4)).astype("int32")
    tokens[rows.uniform(size=300) < 0.5, 2:] = 0
    tags = (x[:, :4] + rows.normal(size=(300, 4)) > 0).astype("int32")
    kind = np.eye(5, dtype="int32")[(2 * x[:, 4]).astype(int).clip(-2, 2) + 2]
    where = np.stack([x[:, 0] * 3, x[:, 1] * 40 + 7], 1).astype("float32")
    steps = np.where(rows.uniform(size=tokens.shape) < 0.2, 0, tokens % 3)
    folder.mkdir()
    arrays = {"x": x, "tokens": tokens, "tags": tags, "kind": kind, "steps": steps, "where": where}
    arrays["picture"] = np.abs(np.sin(x[:, :1, None] + np.arange(80).reshape(1, 8, 10))) / 2
    np.savez(folder / "rows.npz", **arrays)
    names = ["tags", "kind", "steps", "where", "picture"]
    labels = {name: [name] for name in names}
    mask = {"mask_zero": True}
    itself = {name: name for name in arrays}
    arrange = {"features": {"x": ["x"], "tokens": ["tokens"]}, "labels": labels}
    value = {
        "studio": 1,
        "name": "many",
        "data": {
            "nodes": [
                _node("rows", "studio.data.numpy", path="rows.npz", features=itself),
                _node(
                    "named",
                    "tf.data.Dataset.map",
                    function=_call("studio.map.arrange", **arrange),
                ),
                _node("split", "studio.data.split", validation=0.2, test=0.4),
                _node("train", "tf.data.Dataset.batch", batch_size=32),
                _node("validation", "tf.data.Dataset.batch", batch_size=50),
                _node("test", "tf.data.Dataset.batch", batch_size=50),
            ],
            "edges": [
                ["rows", "named"],
                ["named", "split"],
                *([f"split.{name}", name] for name in ("train", "validation", "test")),
            ],
            "outputs": {name: name for name in ("train", "validation", "test")},
        },
        "model": {
            "nodes": [
                _node("x", "keras.Input", shape=[6]),
                _node("tokens", "keras.Input", shape=[4], dtype="int32"),
                _node("masked", "keras.layers.Embedding", input_dim=9, output_dim=6, **mask),
                _node("tags", "keras.layers.Dense", units=4),
                _node("kind", "keras.layers.Dense", units=5, activation="softmax"),
                _node("where", "keras.layers.Dense", units=2),
                _node("steps", "keras.layers.Dense", units=3),
                _node("pixels", "keras.layers.Dense", units=80),
                _node("picture", "keras.layers.Reshape", target_shape=[8, 10]),
            ],
            "edges": [
                ["x", "tags"],
                ["x", "kind"],
                ["x", "where"],
                ["x", "pixels"],
                ["pixels", "picture"],
                ["tokens", "masked"],
                ["masked", "steps"],
            ],
            "outputs": names,
        },
        "training": {
            "epochs": 2,
            "seed": 3,
            "optimizer": _call("keras.optimizers.Adam", learning_rate=0.03),
            "losses": {
                "tags": _call("keras.losses.BinaryCrossentropy", from_logits=True),
                "kind": _call("keras.losses.CategoricalCrossentropy"),
                "steps": _call("keras.losses.SparseCategoricalCrossentropy", from_logits=True),
                "where": _call("keras.losses.MeanSquaredError"),
                "picture": _call("keras.losses.MeanSquaredError"),
            },
            "metrics": {
                "tags": [_call("keras.metrics.BinaryAccuracy", name="accuracy", threshold=0)],
                "kind": [_call("keras.metrics.CategoricalAccuracy", name="accuracy")],
                "steps": [_call("keras.metrics.SparseCategoricalAccuracy", name="accuracy")],
                "where": [_call("keras.metrics.MeanAbsoluteError", name="mae")],
            },
        },
    }
    (folder / "project.json").write_text(json.dumps(value))
    return folder


def _call(op: str, **params: Any) -> dict[str, Any]:
    return {"op": op, "params": params}


def _node(name: str, op: str, **params: Any) -> dict[str, Any]:
    return {"id": name, "op": op, "params": params}
