"""Every keras.applications model as a project: all its layers, all its edges.

    python -m tests.conformance.applications [--only PART] [--resume FILE]

compares each with Keras layer by layer, and rebuilds it from the project in every
style that it can have; a line a model, and 1 as exit code where one differs.
"""

from __future__ import annotations

import argparse
import gc
import inspect
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import keras
import numpy as np

from studio.codegen.script import write_script
from studio.graph.chain import chain
from studio.graph.checks import check
from studio.graph.document import Call, Code, DataGraph, Edge, Node, Project, Training
from studio.graph.importer import import_model
from studio.graph.problems import errors
from studio.graph.shapes import Shapes
from studio.graph.summary import summary

# The layers that two families keep to themselves, written anew.
OWN = {
    "LayerScale": Code(
        kind="layer",
        source='''\
class LayerScale(keras.layers.Layer):
    """Multiplies each channel by a weight of its own."""

    def __init__(self, init_values, projection_dim, **kwargs):
        super().__init__(**kwargs)
        self.init_values = init_values
        self.projection_dim = projection_dim

    def build(self, input_shape):
        self.gamma = self.add_weight(
            name="gamma",
            shape=(self.projection_dim,),
            initializer=keras.initializers.Constant(self.init_values),
        )

    def call(self, inputs):
        return inputs * self.gamma

    def get_config(self):
        config = {"init_values": self.init_values, "projection_dim": self.projection_dim}
        return {**super().get_config(), **config}
''',
        output_shape="same",
        weights={"gamma": ({"param": "projection_dim"},)},
    ),
    "CustomScaleLayer": Code(
        kind="layer",
        source='''\
class CustomScaleLayer(keras.layers.Layer):
    """Adds the second of two tensors, scaled, to the first."""

    def __init__(self, scale, **kwargs):
        super().__init__(**kwargs)
        self.scale = scale

    def call(self, inputs):
        first, second = inputs
        return first + second * self.scale

    def get_config(self):
        return {**super().get_config(), "scale": self.scale}
''',
        output_shape="same",
    ),
}

SMALLEST = {"InceptionV3": 75, "InceptionResNetV2": 75, "Xception": 71}
"""Pixels a side; 32 where nothing is said."""


def names() -> list[str]:
    """Every model there is."""
    found = vars(keras.applications).items()
    return sorted(name for name, value in found if inspect.isfunction(value))


def build(name: str, small: bool = False) -> keras.Model:
    """A model as Keras builds it; a small one is for few pixels, and ends in logits."""
    settings: dict[str, Any] = {"weights": None}
    if small:
        side = SMALLEST.get(name, 32)
        settings |= {"input_shape": (side, side, 3), "classifier_activation": None}
    return getattr(keras.applications, name)(**settings)


def project_of(model: keras.Model) -> Project:
    """The project that says the same."""
    return import_model(json.loads(model.to_json())["config"], OWN)


def differences(model: keras.Model, project: Project, shapes: Shapes) -> list[str]:
    """Where a project's shapes, dtypes and weights aren't those of the model's layers."""
    found = []
    for layer, node in zip(model.operations, project.model.nodes, strict=True):
        result = shapes.nodes.get(node)
        if result is None:
            found.append(f"{layer.name} is not inferred")
            continue
        theirs = [(tuple(x.shape), x.dtype) for x in keras.tree.flatten(layer.output)]
        ours = [(spec.shape, spec.dtype) for spec in result.outputs.values()]
        if ours != theirs:
            found.append(f"{layer.name} gives {theirs}, in Studio {ours}")
        weights = getattr(layer, "weights", ())
        theirs = sorted((tuple(w.shape), str(w.dtype), w.trainable) for w in weights)
        ours = sorted((w.shape, w.dtype, w.trainable) for w in result.weights)
        if ours != theirs:
            found.append(f"{layer.name} has the weights {theirs}, in Studio {ours}")
    totals = summary(project, shapes)["totals"]
    trainable = sum(int(np.prod(w.shape)) for w in model.trainable_weights)
    size = sum(w.numpy().nbytes for w in model.weights)
    counts = (model.count_params(), trainable, size)
    ours = tuple(totals[key] for key in ("params", "trainable_params", "weight_bytes"))
    if ours != counts:
        found.append(f"parameters, trainable ones, bytes: {counts}, in Studio {ours}")
    return found


def with_training(project: Project, model: keras.Model, folder: Path) -> Project:
    """The project with data that fit the model and a training: what a script needs."""
    (classes,) = {x.shape[-1] for x in model.outputs}
    x = np.zeros((2, *model.input_shape[1:]), "float32")
    np.savez(folder / "rows.npz", x=x, y=np.zeros((2, classes), "float32"))
    rows = {"path": "rows.npz", "features": "x", "label": "y"}
    nodes = (
        Node("rows", op="studio.data.numpy", params=rows),
        Node("batches", op="tf.data.Dataset.batch", params={"batch_size": 1}),
    )
    (output,) = project.model.outputs
    return Project(
        name=project.name,
        data=DataGraph(
            {node.id: node for node in nodes},
            (Edge("rows", "batches"),),
            outputs={"train": "batches"},
        ),
        model=project.model,
        blocks=project.blocks,
        code=project.code,
        training=Training(
            optimizer=Call("keras.optimizers.SGD"),
            losses={output: Call("keras.losses.MeanSquaredError")},
        ),
    )


def scripts(project: Project, folder: Path) -> dict[str, str]:
    """The script in every style that the model can have."""
    styles = ("sequential", "functional", "subclass")[0 if chain(project.model) else 1 :]
    report = check(project, folder)
    return {style: write_script(project, folder, style, report).text for style in styles}


def stir(model: keras.Model) -> None:
    """Gives every weight values of its own: a fresh model has mostly zeros and ones."""
    rng = np.random.default_rng(3)
    for weight in model.weights:
        if len(weight.shape) == 1:
            weight.assign(weight + rng.uniform(0, 0.1, weight.shape).astype("float32"))


def by_layer(layer: Any, name: str = "") -> dict[str, list[Any]]:
    """The weights of each layer in their order; one in a model or a block is named by both."""
    found = {}
    for inner in layer._flatten_layers(include_self=False, recursive=False):
        key = f"{name}_{inner.name}" if name else inner.name
        keras_own = type(inner).__module__.startswith("keras.")
        holds = isinstance(inner, keras.Model) or not keras_own
        found |= (holds and by_layer(inner, key)) or {key: inner.weights}
    return {key: weights for key, weights in found.items() if weights}


def give(made: keras.Model, model: keras.Model) -> None:
    """Gives a model the weights that the layers of the same names have in another."""
    own, given = by_layer(made), by_layer(model)
    assert own.keys() == given.keys(), sorted(own.keys() ^ given.keys())[:9]
    for layer, weights in own.items():
        for weight, value in zip(weights, given[layer], strict=True):
            weight.assign(value)


def rebuilt(code: str, model: keras.Model, x: Any) -> np.ndarray:
    """What a script's model makes of `x` with the weights of another."""
    module: dict[str, Any] = {"__name__": "script", "__file__": "script.py"}
    exec(compile(code, "script.py", "exec"), module)
    made = module["build_model"]()
    if not made.built:
        made(x, training=False)
    give(made, model)
    return np.asarray(made(x, training=False))


def same_when_rebuilt(name: str) -> list[str]:
    """The styles in which the small model, rebuilt from its project, gives the same bits.

    Raises AssertionError where one doesn't.
    """
    keras.utils.set_random_seed(17)
    model = build(name, small=True)
    stir(model)
    shape = (1, *model.input_shape[1:])
    x = keras.ops.convert_to_tensor(np.random.default_rng(5).normal(size=shape), "float32")
    wanted = np.asarray(model(x, training=False))
    assert np.isfinite(wanted).all()
    assert len(np.unique(wanted)) > wanted.size // 2
    with tempfile.TemporaryDirectory() as folder:
        project = with_training(project_of(model), model, Path(folder))
        found = scripts(project, Path(folder))
    for style, code in found.items():
        np.testing.assert_array_equal(rebuilt(code, model, x), wanted, f"{name}, {style}")
    return list(found)


def _one(name: str) -> str:
    """The line of one model; "FAILED" is in it where it isn't as it should be."""
    began = time.perf_counter()
    model = build(name)
    seconds = time.perf_counter() - began
    project = project_of(model)
    began = time.perf_counter()
    report = check(project)
    milliseconds = (time.perf_counter() - began) * 1000
    wrong = [p.sentence() for p in errors(report.problems)]
    wrong += differences(model, project, report.shapes["model"])
    line = f"{name:18} {len(project.model.nodes):5} nodes {model.count_params():12,} parameters"
    line += f"  Keras {seconds:6.1f} s, Studio {milliseconds:5.0f} ms"
    del model
    _forget()
    try:
        line += f"  same bits: {', '.join(same_when_rebuilt(name))}"
    except AssertionError as error:
        wrong.append(str(error))
    _forget()
    return f"{line}  FAILED: {'; '.join(wrong[:5])}" if wrong else line


def _forget() -> None:
    keras.backend.clear_session()
    gc.collect()


def main() -> int:
    """Compares all models that are asked for."""
    parser = argparse.ArgumentParser(description="keras.applications, held to Keras.")
    parser.add_argument("--only", default="", help="models with this in their name; several by ,")
    parser.add_argument("--resume", type=Path, help="a file that keeps what has been done")
    options = parser.parse_args()
    done = {}
    if options.resume and options.resume.exists():
        done = json.loads(options.resume.read_text())
    wrong = 0
    for name in names():
        if not any(part in name for part in options.only.split(",")):
            continue
        if name not in done:
            done[name] = _one(name)
            if options.resume:
                options.resume.write_text(json.dumps(done, indent=1))
        print(done[name], flush=True)
        wrong += "FAILED" in done[name]
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
