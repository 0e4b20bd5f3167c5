"""Under every strategy a training is what it is on one device, to the rounding of float32."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from studio.codegen.script import write_script
from studio.graph.document import Distribution
from studio.graph.file import load
from studio.graph.read import read_project
from studio.resources import ASSETS
from tests.codegen.projects import call, node, npz, stage
from tests.codegen.ruff import found_by_ruff
from tests.conftest import ROOT
from tests.templates import template_folder

MIRRORED = "tf.distribute.MirroredStrategy"
PLAIN = None


def devices(count: int) -> list[str]:
    """The names of so many devices."""
    return [f"CPU:{number}" for number in range(count)]


def mirrored(count: int, **more: Any) -> dict[str, Any]:
    """A strategy of so many devices."""
    return call(MIRRORED, devices=devices(count)) | more


def project(
    distribution: Any = PLAIN,
    layers: tuple = (),
    batch: int = 32,
    held: int = 50,
    code: str = "",
    **training: Any,
):
    """A project with a small model; its last batch is short, and shorter than four replicas."""
    nodes = [
        node("x", "keras.Input", shape=[6]),
        node("hidden", "keras.layers.Dense", units=16, activation="relu", kernel_regularizer="l2"),
        *layers,
        node("y", "keras.layers.Dense", units=5),
    ]
    data = [npz(features="x", label="y"), stage("shuffle", "shuffle", buffer_size=300)]
    data += [stage("batch", "batch", batch_size=batch), stage("held", "batch", batch_size=held)]
    loss = call("keras.losses.SparseCategoricalCrossentropy", from_logits=True)
    metric = call("keras.metrics.SparseCategoricalAccuracy", name="accuracy")
    settings = {
        "loop": "custom",
        "epochs": 3,
        "seed": 7,
        "optimizer": call("keras.optimizers.Adam", learning_rate=0.01),
        "losses": {"y": loss},
        "metrics": {"y": [metric]},
    }
    value = {
        "studio": 1,
        "name": "spread",
        "code": {"own": {"kind": "train_step", "source": code}} if code else {},
        "data": {
            "nodes": data,
            "edges": [["rows", "shuffle"], ["shuffle", "batch"], ["rows", "held"]],
            "outputs": {"train": "batch", "validation": "held"},
        },
        "model": {
            "nodes": nodes,
            "edges": [list(pair) for pair in pairwise(each["id"] for each in nodes)],
            "outputs": ["y"],
        },
        "training": settings | training,
        "distribution": distribution,
    }
    found, problems = read_project(value)
    assert not problems, problems
    return found


def birds(distribution: Any = PLAIN):
    """A model of two inputs and two outputs."""
    found = load(template_folder("two_inputs_two_outputs"))
    training = replace(found.training, loop="custom", epochs=3)
    strategy = distribution and Distribution(**distribution)
    return replace(found, training=training, distribution=strategy)


STEP = """
def own(model, batch):
    \"\"\"The loop's own step, written out.\"\"\"
    x, y, _ = keras.utils.unpack_x_y_sample_weight(batch)
    with tf.GradientTape() as tape:
        loss = model.compute_loss(x, y, model(x, training=True))
    gradients = tape.gradient(loss, model.trainable_variables)
    model.optimizer.apply(gradients, model.trainable_variables)
    return {"loss": loss * tf.distribute.get_strategy().num_replicas_in_sync}
"""
OWN = {"code": STEP, "train_step": call("code:own")}
DROPOUT = (node("dropout", "keras.layers.Dropout", rate=0.3),)
NORM = (node("norm", "keras.layers.BatchNormalization"), *DROPOUT)
CLIPPED = {"optimizer": call("keras.optimizers.Adam", learning_rate=0.01, global_clipnorm=0.05)}
EACH_CLIPPED = {"optimizer": call("keras.optimizers.SGD", learning_rate=0.1, clipnorm=0.05)}
GATHERED = {
    "optimizer": call(
        "keras.optimizers.Adam", learning_rate=0.01, clipnorm=0.05, gradient_accumulation_steps=2
    )
}
CLASSES = {"class_weights": {"1": 3.0, "4": 0.5}}
TWO = {
    "optimizers": {"slow": call("keras.optimizers.SGD", learning_rate=0.01)},
    "trained_by": {"hidden": "slow"},
}
SCALED = {
    "optimizer": call(
        "keras.optimizers.LossScaleOptimizer", inner_optimizer=call("keras.optimizers.Adam")
    )
}
FASTER = {"optimizer": call("keras.optimizers.Adam", learning_rate=0.02)}
FIT = {"loop": "fit", "batch": 16, "held": 52}
ONE = call("tf.distribute.OneDeviceStrategy", device="CPU:0")
CENTRAL = call(
    "tf.distribute.experimental.CentralStorageStrategy",
    compute_devices=devices(2),
    parameter_device="CPU:0",
)
# Name -> (project, the one that it is held to; none for those that others are held to).
CASES: dict[str, tuple[Any, str]] = {
    "plain": (project(), ""),
    "one": (project(ONE), "plain"),
    "mirrored1": (project(mirrored(1)), "plain"),
    "mirrored2": (project(mirrored(2)), "plain"),
    "mirrored4": (project(mirrored(4)), "plain"),
    "central": (project(CENTRAL), "plain"),
    "several_steps": (project(mirrored(2), steps_per_execution=3), "plain_logs"),
    "plain_logs": (project(steps_per_execution=3), ""),
    "clipped": (project(**CLIPPED), ""),
    "clipped2": (project(mirrored(2), **CLIPPED), "clipped"),
    "each_clipped": (project(**EACH_CLIPPED), ""),
    "each_clipped4": (project(mirrored(4), **EACH_CLIPPED), "each_clipped"),
    "classes": (project(**CLASSES), ""),
    "classes2": (project(mirrored(2), **CLASSES), "classes"),
    "two_optimizers": (project(**TWO), ""),
    "two_optimizers2": (project(mirrored(2), **TWO), "two_optimizers"),
    "loss_scale": (project(**SCALED), ""),
    "loss_scale2": (project(mirrored(2), **SCALED), "loss_scale"),
    "faster": (project(**FASTER), ""),
    "faster2": (project(mirrored(2, scale_learning_rate="linear")), "faster"),
    "limited": (project(steps_per_epoch=5), ""),
    "limited2": (project(mirrored(2), steps_per_epoch=5), "limited"),
    "class1": (project(ONE), "plain"),
    "class2": (project(mirrored(2)), "plain"),
    "fit1": (project(mirrored(1), **FIT), ""),
    "fit2": (project(mirrored(2), **FIT), "fit1"),
    "fit4": (project(mirrored(4), **FIT), "fit1"),
    "two_outputs": (birds(), ""),
    "two_outputs2": (birds(mirrored(2)), "two_outputs"),
    "gathered": (project(**GATHERED), ""),
    "gathered1": (project(ONE, **GATHERED), "gathered"),
    "own": (project(**OWN), ""),
    "own2": (project(mirrored(2), **OWN), "own"),
    "random": (project(mirrored(2), DROPOUT), ""),
    "whole": (project(mirrored(2), NORM, checkpoint_steps=3), ""),
    "resumed": (project(mirrored(2), NORM, checkpoint_steps=3), "whole"),
}
QUICK = ("mirrored2", "two_outputs2", "own2")
COMPARED = [name for name, (_, to) in CASES.items() if to]
REST = [name for name in COMPARED if name not in QUICK]


@pytest.fixture(scope="module")
def results(tmp_path_factory) -> dict[str, Any]:
    """What some cases have trained."""
    return trained(tmp_path_factory, {*QUICK, *(CASES[name][1] for name in QUICK), "random"})


@pytest.fixture(scope="module")
def others(tmp_path_factory) -> dict[str, Any]:
    """What the others have."""
    return trained(tmp_path_factory, {*REST, *(CASES[name][1] for name in REST)})


def trained(tmp_path_factory, names: set[str]) -> dict[str, Any]:
    """What the scripts of some cases train, in two processes."""
    folder = tmp_path_factory.mktemp("spread")
    random = np.random.default_rng(3)
    x = random.normal(size=(208, 6)).astype("float32")
    y = (np.abs(x).sum(1) * 1.2).astype("int32") % 5
    texts = {}
    names = [name for name in CASES if name in names]
    for name in names:
        each = CASES[name][0]
        place = folder / name
        place.mkdir()
        # Some must be such as replicas share evenly.
        rows = 192 if each.training.train_step else 195 if each.training.loop == "custom" else 208
        (place / "assets").symlink_to(ASSETS)
        np.savez(place / "arrays.npz", x=x[:rows], y=y[:rows])
        style = "subclass" if name.startswith("class") and name[-1].isdigit() else None
        texts[name] = write_script(each, place, style).text
        (place / "train.py").write_text(texts[name], encoding="utf-8")
        if name == "resumed":
            (place / "kill").touch()
    found = found_by_ruff(texts, tmp_path_factory.mktemp("ruff"))
    assert not found, found
    four = [name for name in names if name.endswith("4")]
    for some in filter(None, ([name for name in names if name not in four], four)):
        done = subprocess.run(
            [sys.executable, "-m", "tests.codegen.spread", str(folder), *some],
            cwd=ROOT,
            env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"},
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]
    paths = {name: Path(folder, name, "result.json") for name in names}
    none = json.dumps({"error": "not trained, for an error before it"})
    return {n: json.loads(p.read_text() if p.exists() else none) for n, p in paths.items()}


@pytest.mark.parametrize("name", QUICK)
def test_a_training_spread_over_replicas_is_that_of_one_device(results, name) -> None:
    assert_same(results, name)


@pytest.mark.slow
@pytest.mark.parametrize("name", REST)
def test_so_it_is_with_all_that_a_training_can_have(others, name) -> None:
    assert_same(others, name)


def assert_same(results: dict[str, Any], name: str) -> None:
    """A case has the history and the weights of the one that it is held to."""
    ours, theirs = results[name], results[CASES[name][1]]
    assert "error" not in ours, ours["error"]
    assert "error" not in theirs, theirs["error"]
    assert set(ours["history"]) == set(theirs["history"])
    exact = name == "resumed"
    for log, values in theirs["history"].items():
        # Keras itself takes each output's loss as the mean of the replicas' means.
        keras_own = log.removeprefix("val_") in ("mass_loss", "species_loss")
        rtol = 0 if exact else 1e-2 if keras_own else 1e-5
        np.testing.assert_allclose(ours["history"][log], values, rtol=rtol, err_msg=log)
    for one, other in zip(ours["weights"], theirs["weights"], strict=True):
        if exact:
            assert one == other
        else:
            np.testing.assert_allclose(one, other, rtol=1e-4, atol=2e-5)


def test_each_is_on_as_many_replicas_as_it_says(results) -> None:
    assert results["mirrored2"]["replicas"] == 2
    assert results["plain"]["replicas"] == 1


def test_each_replica_draws_random_numbers_of_its_own(results) -> None:
    (rows,) = results["random"]["seeds"].values()
    assert len(rows) == 2
    assert rows[0][0] != rows[1][0]
    assert rows[0][1] == rows[1][1] > 0
