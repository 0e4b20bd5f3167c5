"""A loss or metric between data and model, held to a step of training: `python -m
tests.conformance.joined [--cases N]`.

The same label and output stand in a project, which is checked as `studio validate` does it, and
in a Keras model that is compiled with the loss or metric and trained on one batch.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from studio.graph.catalogue.registry import of_kind
from studio.graph.checks import check
from studio.graph.document import Call, DataGraph, Edge, ModelGraph, Node, Project, Training
from studio.graph.problems import errors
from tests.conformance.case import Case
from tests.conformance.recipes_objects import labels

OURS = frozenset({"label-loss", "label-metric"})


def draw(number: int, seed: int = 0) -> Case | None:
    """The case of this number; None where the draw is none that a batch of samples can be."""
    ops = [op.path for op in of_kind("loss", "metric") if op.rule is not None]
    case = labels.draw_labels(ops[number % len(ops)], number, seed)
    target, output = case.inputs["label"].shape, case.inputs["output"].shape
    return case if target[:1] == output[:1] == (None,) else None


def compare(case: Case) -> tuple[str, str]:
    """(what both say, empty where they disagree; the disagreement in words)."""
    from tests.conformance.recipes_objects.made import make, reason

    if reason(lambda: make(case.op, case.params)):
        return "not made", ""
    x, y = _arrays(case)
    mine = refusal(case, x, y)
    theirs = reason(lambda: train(case, x, y))
    if bool(mine) == bool(theirs):
        return ("refused" if mine else "taken"), ""
    if mine and labels.stricter(case):
        return "stricter", ""
    sizes = (*case.inputs["label"].shape[1:], *case.inputs["output"].shape[1:])
    if None in sizes and (mine or theirs.startswith("InvalidArgumentError")):
        return "hangs on sizes", ""  # of a model for any size; those that the data brings would do
    return "", f"{case}\n    keras:  {theirs or 'takes it'}\n    studio: {mine or 'takes it'}"


def refusal(case: Case, x: np.ndarray, y: np.ndarray) -> str:
    """What Studio has against a project with that label and output; empty where nothing."""
    with tempfile.TemporaryDirectory() as folder:
        np.savez(Path(folder, "arrays.npz"), x=x, y=y)
        report = check(project(case), Path(folder))
    others = {each.code for each in errors(report.problems)} - OURS
    assert not others, (str(case), [each.sentence() for each in report.problems])
    said = [each for each in errors(report.problems) if each.code in OURS]
    for each in said:  # both ends by their names
        assert '"batch" gives the label' in each.message, each
        assert '"out" the output' in each.message, each
        assert each.place.startswith("training."), each
    return said[0].message if said else ""


def project(case: Case) -> Project:
    """Arrays in batches, a model of one layer that keeps its input's shape, the loss or metric."""
    output, call = case.inputs["output"], Call(case.op, case.params)
    numpy = {"path": "arrays.npz", "features": "x", "label": "y"}
    data = DataGraph(
        {
            "source": Node("source", op="studio.data.numpy", params=numpy),
            "batch": Node("batch", op="tf.data.Dataset.batch", params={"batch_size": labels.BATCH}),
        },
        (Edge("source", "batch"),),
        outputs={"train": "batch"},
    )
    given = {"shape": list(output.shape[1:]), "dtype": output.dtype}
    model = ModelGraph(
        {
            "x": Node("x", op="keras.Input", params=given),
            "out": Node("out", op="keras.layers.Identity", params={"dtype": output.dtype}),
        },
        (Edge("x", "out"),),
        outputs=("out",),
    )
    if case.op.startswith("keras.losses."):
        told = Training(losses={"out": call}, optimizer=Call("keras.optimizers.Adam"))
    else:
        told = Training(metrics={"out": (call,)}, optimizer=Call("keras.optimizers.Adam"))
    return Project(data=data, model=model, training=told)


def train(case: Case, x: np.ndarray, y: np.ndarray) -> None:
    """Compiles the same model, and takes one step with the batch; raises what Keras raises."""
    import keras
    import tensorflow as tf

    from tests.conformance.recipes_objects.made import make

    output, made = case.inputs["output"], make(case.op, case.params)
    given = keras.Input(output.shape[1:], dtype=output.dtype)
    model = keras.Model(given, keras.layers.Identity(dtype=output.dtype)(given))
    told: dict[str, Any] = {"loss": made}
    if not case.op.startswith("keras.losses."):
        # Without a loss there is no training step: one that any label goes with.
        told = {"loss": lambda label, scores: keras.ops.mean(scores), "metrics": [made]}
    model.compile("sgd", jit_compile=False, **told)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pairs = tf.data.Dataset.from_tensor_slices((x, y)).batch(labels.BATCH)
        model.fit(pairs, verbose=0)


def _arrays(case: Case) -> tuple[np.ndarray, np.ndarray]:
    target, output = case.inputs["label"], case.inputs["output"]
    sizes = labels.sizes_of(target.shape, output.shape)
    return labels.array_of(output, sizes[1]), labels.array_of(
        target, sizes[0], sizes[1][-1:] != (1,)
    )


def main() -> int:
    """Compares all cases that are asked for."""
    parser = argparse.ArgumentParser(description="Losses and metrics against a step of training.")
    parser.add_argument("--cases", type=int, default=600)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    total: Counter[str] = Counter()
    for number in range(options.cases):
        case = draw(number, options.seed)
        if case is not None:
            verdict, said = compare(case)
            total[verdict or "disagreements"] += 1
            print(said, end="\n" if said else "", flush=True)
    words = ", ".join(f"{count} {word}" for word, count in sorted(total.items()))
    print(f"{total.total()} cases: {words}")
    return 1 if total["disagreements"] else 0


if __name__ == "__main__":
    sys.exit(main())
