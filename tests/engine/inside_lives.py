"""What the tests of engine/inside do where TensorFlow is: functions that a Nursery calls.

Each returns an exit code, or raises what its assertion says, which stands in log.txt.
"""

from __future__ import annotations

import math
import random
import sys
import traceback
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from types import ModuleType
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from msgspec.structs import replace

from studio.codegen.script import write_script
from studio.engine.events import EventWriter
from studio.engine.files import place_files
from studio.engine.inside import kept_batch, watching
from studio.engine.inside.calls import Script, unmoved
from studio.engine.inside.figures import dead_units, figures, histogram, norm
from studio.engine.inside.measured import Measuring
from studio.engine.inside.passing import Failed, Made, Passing, first_batch
from studio.engine.inside.pictures import picture, sample_of
from studio.engine.work import load_script
from studio.graph.document import Project
from studio.graph.file import load, loads


def told(function: Callable[..., int]) -> Callable[..., int]:
    """Says in the log what a life fails with: it ends without a word otherwise."""

    @wraps(function)
    def telling(**fields: Any) -> int:
        try:
            return function(**fields)
        except Exception:
            traceback.print_exc()
            return 1

    return telling


class Written:
    """A project as a script, its model and a batch, and the pass that is made of it."""

    def __init__(self, project: Project, folder: Path, style: str, place: Path):
        self.project = replace(project, model=replace(project.model, style=style))
        place.mkdir()
        script = write_script(self.project, folder)
        place_files(self.project, folder, place)
        (place / "train.py").write_text(script.text, encoding="utf-8")
        self.module = load_script(place / "train.py", f"train_{style}")
        lines = {f"{graph}:{node}": spans for (graph, node), spans in script.nodes.items()}
        self.script = Script(self.module, lines)
        keras.utils.set_random_seed(7)
        self.batch = first_batch(self.module.make_datasets()["train"])
        self.x, self.y, _ = keras.utils.unpack_x_y_sample_weight(self.batch)
        self.tensors: dict[str, Any] = {}
        self.model = self._built()
        if not self.model.built:
            self.model(self.x)

    def _built(self) -> Any:
        """The model, and the local names that the script's own function had for its tensors."""

        def profile(frame: Any, event: str, _: object) -> None:
            if event == "return" and frame.f_code.co_name == "build_model":
                self.tensors = dict(frame.f_locals)

        sys.setprofile(profile)
        try:
            return self.module.build_model()
        finally:
            sys.setprofile(None)

    def run(self) -> dict[tuple[str, str], list[Made]]:
        return Passing(self.project, self.model, self.script).run(self.x)[1]

    def nodes(self) -> set[tuple[str, str]]:
        return {
            (name, node)
            for name, graph in self.project.graphs().items()
            if name != "data"
            for node in graph.nodes
        }


@told
def every_node(home: str, life: str) -> int:
    """In both forms of a model the same tensors: those that the functional one names itself."""
    project, folder = load(home), Path(home)
    functional = Written(project, folder, "functional", Path(life) / "functional")
    found = functional.run()
    assert found.keys() == functional.nodes()
    named = {
        name: tensor
        for name, tensor in functional.tensors.items()
        if keras.backend.is_keras_tensor(tensor) and ("model", name) in found
    }
    # A variable that a loop writes again holds the last repeat.
    wanted = keras.Model(functional.model.inputs, named)(functional.x, training=False)
    assert named
    for name, value in wanted.items():
        _same(found["model", name][-1].outputs[0], value, name)
    subclass = Written(project, folder, "subclass", Path(life) / "subclass")
    again = subclass.run()
    assert again.keys() == subclass.nodes()
    _give(functional.model, subclass.model, functional.x)
    again = subclass.run()
    for key, calls in found.items():
        others = again[key]
        assert [call.call for call in calls] == [call.call for call in others], key
        for one, other in zip(calls, others, strict=True):
            assert len(one.outputs) == len(other.outputs), key
            for a, b in zip(one.outputs, other.outputs, strict=True):
                _same(a, b, f"{key} {one.call}")
            # What a class is given may still lack the axis that it adds itself.
            assert len(one.inputs) == len(other.inputs), (key, one.inputs, other.inputs)
    return 0


def _give(one: Any, other: Any, x: Any) -> None:
    """The weights of one form for the other, whose order may differ: by what they are called."""
    other(x)
    named = {_plain(each.path, one): each for each in one.variables}
    for variable in other.variables:
        if "seed" not in variable.path:
            variable.assign(named[_plain(variable.path, other)])


def _plain(path: str, model: Any) -> str:
    """conv1 of a block by a function is stage1_1_conv1/kernel, by a class stage1_1/conv1/kernel."""
    *layers, name = path.removeprefix(f"{model.name}/").split("/")
    return f"{'_'.join(layers)}/{name}"


def _same(one: Any, other: Any, what: str) -> None:
    if isinstance(one, tf.RaggedTensor):
        one, other = one.to_tensor(), other.to_tensor()
    if one.dtype == tf.string:
        assert (one.numpy() == other.numpy()).all(), what
        return
    np.testing.assert_allclose(one.numpy().reshape(-1), other.numpy().reshape(-1), 1e-5, 1e-6, what)


@told
def chain(text: str, life: str) -> int:
    """Functions one behind the other, Keras' and the project's own, in both forms."""
    project, _ = loads(text)
    for style in ("functional", "subclass"):
        written = Written(project, Path(life), style, Path(life) / style)
        found = written.run()
        at = {node: calls[0].outputs[0].numpy() for (_, node), calls in found.items()}
        np.testing.assert_allclose(at["squares"], at["rows"] ** 2, 1e-6)
        np.testing.assert_allclose(at["roots"], np.sqrt(at["squares"]), 1e-6)
        np.testing.assert_allclose(at["twice"], at["roots"] * 2, 1e-6)
        np.testing.assert_allclose(found["model", "sum"][0].inputs[0].numpy(), at["twice"], 1e-6)
        try:
            _broken(written).run(written.x)
        except Failed as failed:
            assert failed.place == ("model", "sum"), failed.place
            assert "no numbers" in str(failed.error)
        else:
            raise AssertionError("the pass didn't fail")
    return 0


def _broken(written: Written) -> Passing:
    """The same, with a layer that takes no numbers."""

    def call(*_: Any, **__: Any) -> None:
        raise ValueError("no numbers, please")

    written.model.get_layer("sum").call = call
    return Passing(written.project, written.model, written.script)


@told
def nothing_moves(life: str) -> int:
    """What is done under `unmoved` leaves no trace in what is drawn and counted later."""
    layer, normal = keras.layers.Dropout(0.5, seed=3), keras.layers.BatchNormalization()
    x = tf.random.normal((8, 4))
    layer(x, training=True)
    normal(x, training=True)
    drawn = []
    for look in (False, True):
        keras.utils.set_random_seed(5)
        layer.seed_generator.state.assign([3, 0])
        if look:
            with unmoved():
                layer(x, training=True)
                normal(x, training=True)
                for draw in _draws():
                    draw()
        drawn.append(
            [np.asarray(layer(x, training=True)), np.asarray(normal.moving_mean.value)]
            + [np.asarray(draw()) for draw in _draws()]
        )
    for one, other in zip(*drawn, strict=True):
        np.testing.assert_array_equal(one, other)
    return 0


def _draws() -> list[Any]:
    return [
        lambda: keras.random.normal((3,)),
        lambda: tf.random.normal((3,)),
        lambda: np.random.normal(size=3),
        random.random,
        lambda: next(iter(tf.data.Dataset.range(9).shuffle(9).batch(9))),
    ]


@told
def tells_figures(life: str) -> int:
    """The figures are NumPy's own; a picture has what there is to see."""
    draw = np.random.default_rng(3)
    array = draw.normal(size=(64, 8, 8, 12)).astype("float32")
    array[array < 0] = 0
    array[..., 3] = 0
    told = figures(array)
    assert told["min"] == 0 and told["bad"] == 0
    for name, wanted in (("mean", array.mean()), ("std", array.std()), ("max", array.max())):
        assert math.isclose(told[name], wanted, rel_tol=1e-3), name
    assert math.isclose(told["zeros"], (array == 0).mean(), rel_tol=1e-3)
    assert math.isclose(dead_units(array), 1 / 12, rel_tol=1e-3)
    bars = histogram(array[0], bins=10)
    counts, edges = np.histogram(array[0], 10)
    assert bars["counts"] == counts.tolist()
    assert math.isclose(bars["high"], edges[-1], rel_tol=1e-4)
    assert math.isclose(norm(array), np.linalg.norm(array.reshape(-1)), rel_tol=1e-5)
    array[0, 0, 0, 0] = np.nan
    assert figures(array)["bad"] == float(f"{1 / array.size:.4g}")
    nothing = figures(np.full((2, 2), np.inf, "float32"))
    assert nothing["bad"] == 1 and nothing["min"] is None

    maps = picture(sample_of(tf.constant(array), 1))
    assert (len(maps["maps"]), maps["of"], maps["axis"]) == (12, 12, "channels")
    assert picture(sample_of(tf.ones((4, 100, 7)), 0))["axis"] == "rows"
    assert picture(sample_of(tf.range(20.0)[None], 0))["bars"] == list(np.arange(20.0))
    words = tf.ragged.constant([["a", "b"], ["c"]])
    assert picture(sample_of(words, 0))["values"] == ["a", "b"]
    return 0


@told
def gradients(home: str, life: str) -> int:
    """The norms are those of TensorFlow's own gradients; what a step changes is what it did."""
    written = Written(load(home), Path(home), "functional", Path(life) / "run")
    model, (x, y) = written.model, (written.x, written.y)
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    measuring = Measuring(written.project, model, written.batch, True, written.script)
    model.get_layer("dropout").rate = 0.0
    found = measuring.measure()
    with tf.GradientTape() as tape:
        loss = model.compute_loss(x, y, model(x, training=True))
    own = dict(
        zip(
            [each.path for each in model.trainable_variables],
            tape.gradient(loss, model.trainable_variables),
            strict=True,
        )
    )
    for layer in model.layers:
        each = [own[variable.path] for variable in layer.trainable_variables]
        if each:
            wanted = float(tf.linalg.global_norm(each))
            told = found.gradients["nodes"][layer.name]
            assert math.isclose(told, wanted, rel_tol=1e-2), (layer.name, told, wanted)
    wanted = float(tf.linalg.global_norm(list(own.values())))
    assert math.isclose(found.gradients["norm"], wanted, rel_tol=1e-2)
    assert measuring.hold()
    kernel = model.get_layer("digit").kernel
    before = model.get_layer("digit").get_weights()
    kernel.assign_add(tf.ones_like(kernel))
    size = np.sqrt(sum((each**2).sum() for each in before))
    moved = measuring.changed(2)
    assert math.isclose(moved["digit"], np.sqrt(before[0].size) / size / 2, rel_tol=1e-2)
    assert moved["conv1"] == 0
    zeros = {name: each["zeros"] for name, each in found.activations.items()}
    assert zeros["relu"] > 0.2 > zeros["norm"]
    return 0


@told
def train(folder: str, watched: bool) -> int:
    """A run, looked into behind each of its steps or not at all."""
    from studio.engine.child import main
    from studio.engine.inside.place import ask

    run = Path(folder)
    if watched:
        kept_batch.making = _made_here
        watching.SHARE = 1e6
        ask(run)
    return main(run)


class _Done:
    def poll(self) -> int:
        return 0

    def wait(self) -> int:
        return 0


def _made_here(run: Path) -> _Done:
    """The batch is kept before the training begins, in this process."""
    kept_batch.main(run)
    return _Done()


@told
def told_once(life: str) -> int:
    """A run in several processes, and one without a batch, say why nothing is shown."""
    run = Path(life)
    (run / "control").mkdir()
    (run / "control" / "inside").touch()
    project = load(str(run))
    events = EventWriter(run)
    apart = watching.Inside(run, project, events, alone=False)
    apart.look()
    apart.between(None, 1, 5, 5)
    kept_batch.making = lambda _: _Done()
    alone = watching.Inside(run, project, events)
    alone.look()
    model: Any = ModuleType("model")
    model.built = True
    for step in range(1, 4):
        alone.between(model, 1, step, step)
    alone.close()
    return 0
