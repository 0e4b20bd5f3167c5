"""The custom loop trains as fit does: the same logs and weights, to the last bit."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import keras
import numpy as np
import pytest
from msgspec.structs import replace

from studio.codegen.script import write_script
from studio.graph.checks import check
from studio.graph.document import Project
from studio.graph.file import load, loads
from studio.graph.problems import ProjectError
from studio.graph.text import dump
from tests.codegen.ruff import found_by_ruff
from tests.conftest import ROOT, TEMPLATES, slow
from tests.templates import template_folder

STYLES = ("functional", "sequential", "subclass")
# One downloads, the other trains on a million rows.
LEFT_OUT = {"tfds_mnist", "million_rows"}
# These are spread over devices and processes.
LEFT_OUT |= {"mirrored", "multi_worker", "parameter_server"}
# A train step of one's own is what fit doesn't have.
LEFT_OUT |= {name for name in TEMPLATES if load(ROOT / "templates" / name).training.train_step}
# Of all that there is in data and models, each is in one of them.
LOOPED = ("digits_cnn", "penguins_features", "custom_layer", "two_inputs_two_outputs")
LOOPED += ("lstm_states", "shared_text", "images_from_folder")

# Keras asks numpy for its tensors in a way that numpy finds old.
pytestmark = pytest.mark.filterwarnings("default:__array__ implementation:DeprecationWarning")


@pytest.fixture
def clean() -> Iterator[None]:
    """What a test changes of Keras for the whole process is put back."""
    yield
    keras.config.set_dtype_policy("float32")
    keras.backend.clear_session()


def module(text: str, folder: Path) -> ModuleType:
    """A script as a module from a file, whose source AutoGraph can read."""
    path = folder / f"loop_{len(list(folder.glob('loop_*.py')))}.py"
    path.write_text(text, encoding="utf-8")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    made = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = made
    spec.loader.exec_module(made)
    return made


def trained(project: Project, folder: Path, place: Path, loop: str, style: str | None = None):
    """The history and the variables after training with a loop."""
    project = replace(project, training=replace(project.training, loop=loop))
    text = write_script(project, folder, style).text
    assert not found_by_ruff({loop: text}, place)
    assert ("tf.GradientTape" in text) == (loop == "custom")
    model, history, _ = module(text, place).train()
    return history.history, [variable.numpy() for variable in model.variables]


def assert_same(project: Project, folder: Path, place: Path, style: str | None = None) -> dict:
    """Both loops give the same; returns the history."""
    ours, weights = trained(project, folder, place, "custom", style)
    theirs, their_weights = trained(project, folder, place, "fit", style)
    assert set(ours) == set(theirs)
    for name, values in theirs.items():
        np.testing.assert_array_equal(ours[name], values, name)
    assert len(weights) == len(their_weights)
    for one, other in zip(weights, their_weights, strict=True):
        np.testing.assert_array_equal(one, other)
    return ours


@pytest.mark.usefixtures("clean")
@pytest.mark.parametrize("name", [*LOOPED, *slow(*sorted({*TEMPLATES} - LEFT_OUT - {*LOOPED}))])
def test_both_loops_of_a_template_are_one(name: str, tmp_path: Path) -> None:
    folder = template_folder(name)
    (tmp_path / "assets").symlink_to(ROOT / "assets")
    for each in folder.iterdir():
        if each.is_dir():
            (tmp_path / each.name).symlink_to(each)
    project = load(folder)
    project = replace(project, training=replace(project.training, epochs=2))
    history = assert_same(project, folder, tmp_path)
    assert len(history["loss"]) == 2


@pytest.mark.slow
@pytest.mark.usefixtures("clean")
def test_a_template_whose_precision_is_mended_trains(tmp_path: Path) -> None:
    """It measures its data with Normalization, which in float16 would fail."""
    folder = template_folder("penguins_features")
    (tmp_path / "assets").symlink_to(ROOT / "assets")
    project = load(folder)
    training = replace(project.training, epochs=2, precision="mixed_float16")
    project = replace(project, training=training)
    while fixes := [each.fix for each in check(project, folder).problems]:
        project = fixes[0].apply(project)
    history = assert_same(project, folder, tmp_path)
    assert history["loss"][1] < history["loss"][0]


def small(folder: Path, **training: Any) -> Project:
    """Sixty rows through a small model with dropout, a penalty and BatchNormalization."""
    rows = np.random.default_rng(3)
    np.savez(
        folder / "rows.npz",
        x=rows.normal(size=(60, 4)).astype("float32"),
        y=rows.integers(0, 3, 60).astype("int32"),
    )
    data: list[dict[str, Any]] = [
        {"id": "rows", "op": "studio.data.numpy", "params": {"path": "rows.npz", "label": "y"}},
        {"id": "split", "op": "studio.data.split", "params": {"validation": 0.2, "test": 0.0}},
        {"id": "mixed", "op": "tf.data.Dataset.shuffle", "params": {"buffer_size": 60}},
        {"id": "train", "op": "tf.data.Dataset.batch", "params": {"batch_size": 7}},
        {"id": "checked", "op": "tf.data.Dataset.batch", "params": {"batch_size": 5}},
    ]
    penalty: Any = {"op": "keras.regularizers.L2", "params": {"l2": 0.01}}
    if training.get("precision") in ("bfloat16", "float64"):
        penalty = None  # Keras can't add it to a loss in float32
    model = [
        {"id": "x", "op": "keras.Input", "params": {"shape": [4]}},
        {
            "id": "wide",
            "op": "keras.layers.Dense",
            "params": {"units": 8, "activation": "relu", "kernel_regularizer": penalty},
        },
        {"id": "norm", "op": "keras.layers.BatchNormalization"},
        {"id": "drop", "op": "keras.layers.Dropout", "params": {"rate": 0.3}},
        {
            "id": "kind",
            "op": "keras.layers.Dense",
            "params": {"units": 3, "dtype": "float32"},
        },
    ]
    value = {
        "studio": 1,
        "data": {
            "nodes": data,
            "edges": [
                ["rows", "split"],
                ["split.train", "mixed"],
                ["mixed", "train"],
                ["split.validation", "checked"],
            ],
            "outputs": {"train": "train", "validation": "checked"},
        },
        "model": {
            "nodes": model,
            "edges": [list(pair) for pair in pairwise(node["id"] for node in model)],
            "outputs": ["kind"],
        },
        "training": {
            "epochs": 4,
            "seed": 5,
            "optimizer": optimizer("Adam", learning_rate=0.01),
            "losses": {
                "kind": {
                    "op": "keras.losses.SparseCategoricalCrossentropy",
                    "params": {"from_logits": True},
                }
            },
            "metrics": {"kind": [{"op": "keras.metrics.SparseCategoricalAccuracy"}]},
        }
        | training,
    }
    project, problems = loads(dump(value))
    assert not problems
    return project


def optimizer(name: str, **params: Any) -> dict[str, Any]:
    return {"op": f"keras.optimizers.{name}", "params": params}


def callback(name: str, **params: Any) -> dict[str, Any]:
    return {"op": f"keras.callbacks.{name}", "params": params}


SCHEDULE = {
    "op": "keras.optimizers.schedules.CosineDecay",
    "params": {"initial_learning_rate": 0.02, "decay_steps": 20},
}
OPTIONS: dict[str, dict[str, Any]] = {
    "as it is": {},
    "several steps a call": {"steps_per_execution": 3},
    "a schedule": {"optimizer": optimizer("SGD", learning_rate=SCHEDULE, momentum=0.9)},
    "clipped gradients": {"optimizer": optimizer("SGD", learning_rate=0.1, global_clipnorm=0.5)},
    "accumulated": {"optimizer": optimizer("Adam", gradient_accumulation_steps=3)},
    "averaged weights": {
        "optimizer": optimizer("Adam", use_ema=True, ema_momentum=0.9),
    },
    "decayed weights": {"optimizer": optimizer("AdamW", weight_decay=0.02)},
    "scaled losses": {
        "optimizer": optimizer(
            "LossScaleOptimizer", inner_optimizer=optimizer("SGD", learning_rate=0.05)
        )
    },
    "a rate that is logged": {"callbacks": [callback("ReduceLROnPlateau", patience=1)]},
    "swapped averages": {
        "optimizer": optimizer("Adam", use_ema=True, ema_momentum=0.9),
        "callbacks": [callback("SwapEMAWeights")],
    },
    "stopped early": {
        "epochs": 30,
        "optimizer": optimizer("SGD", learning_rate=0.5),
        "callbacks": [callback("EarlyStopping", patience=2, restore_best_weights=True)],
    },
    "few steps": {"steps_per_epoch": 3, "epochs": 6, "validation_steps": 2},
    "all steps": {"steps_per_epoch": 7, "epochs": 3},
    "each third epoch validated": {"validation_freq": 3, "epochs": 7},
    "some epochs validated": {"validation_freq": [2, 3], "steps_per_epoch": 4},
    "mixed float16": {"precision": "mixed_float16"},
    "mixed float16, SGD": {
        "precision": "mixed_float16",
        "optimizer": optimizer("SGD", learning_rate=0.05, global_clipnorm=1.0),
        "steps_per_execution": 2,
    },
    "mixed bfloat16": {"precision": "mixed_bfloat16"},
    "bfloat16": {
        "precision": "bfloat16",
        "callbacks": [callback("EarlyStopping", patience=2, restore_best_weights=True)],
    },
    "float64": {"precision": "float64"},
    "XLA": {"jit_compile": True},
    "XLA, several steps": {"jit_compile": True, "steps_per_execution": 2},
}

# Much of what these take, one of the others takes too.
ALIKE = ("clipped gradients", "decayed weights", "a rate that is logged", "all steps", "XLA")
ALIKE += ("mixed float16, SGD", "float64")


@pytest.mark.usefixtures("clean")
@pytest.mark.filterwarnings("ignore:Your input ran out of data")  # fit says so, where it did
@pytest.mark.parametrize("style", [None, *slow("subclass")], ids=["functional", "subclass"])
@pytest.mark.parametrize("name", [*[n for n in OPTIONS if n not in ALIKE], *slow(*ALIKE)])
def test_both_loops_are_one(name: str, style: str | None, tmp_path: Path) -> None:
    assert_same(small(tmp_path, **OPTIONS[name]), tmp_path, tmp_path, style)


@pytest.mark.usefixtures("clean")
def test_a_loop_without_validation_has_no_step_for_it(tmp_path: Path) -> None:
    project = small(tmp_path)
    outputs = {"train": project.data.outputs["train"]}
    project = replace(project, data=replace(project.data, outputs=outputs))
    history = assert_same(project, tmp_path, tmp_path)
    assert set(history) == {"loss", "sparse_categorical_accuracy"}


@pytest.mark.usefixtures("clean")
def test_the_ways_of_writing_a_model_train_alike(tmp_path: Path) -> None:
    project = small(tmp_path)
    ways = [trained(project, tmp_path, tmp_path, "fit", style) for style in STYLES]
    for history, weights in ways[1:]:
        for name, values in ways[0][0].items():
            np.testing.assert_allclose(history[name], values, rtol=1e-6, err_msg=name)
        for one, other in zip(weights, ways[0][1], strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", ["evaluate", "train_step", "build_model"])
def test_own_code_can_not_take_a_name_of_the_script(name: str, tmp_path: Path) -> None:
    project = load(template_folder("custom_layer"))
    source = project.code["Projection"].source + f"\n\ndef {name}(x):\n    return x\n"
    code = {"Projection": replace(project.code["Projection"], source=source)}
    training = replace(project.training, loop="custom")
    project = replace(project, code=code, training=training)
    if name == "train_step":  # which the script defines inside a function
        assert write_script(project, template_folder("custom_layer")).text
        return
    with pytest.raises(ProjectError, match=f'code.Projection: defines "{name}"'):
        write_script(project, template_folder("custom_layer"))
