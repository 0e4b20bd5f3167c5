"""A loss that isn't finite: noticed while it trains, and its place found by doing it again."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from studio.engine import run as runs
from studio.engine.events import EventReader
from studio.engine.run import start, wait
from studio.graph.document import Project
from studio.graph.file import load, loads, plain
from studio.graph.text import dump
from tests.codegen.test_loop import callback, optimizer
from tests.conftest import slow
from tests.engine.nursery import Nursery
from tests.engine.test_resume import Nobody, begun
from tests.templates import template_folder

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="processes are forked here")

SECONDS = 120.0

LOGARITHM = """class Logarithm(keras.layers.Layer):
    def call(self, inputs):
        return keras.ops.log(keras.ops.maximum(inputs, 0.0))
"""
ROOT = """class Root(keras.layers.Layer):
    def call(self, inputs):
        return keras.ops.sqrt(keras.ops.relu(inputs))
"""
BLOWN_UP = """class BlownUp(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 3:
            self.model.optimizer.learning_rate = 1e20
"""
STRANGE = """class Strange(keras.losses.Loss):
    def call(self, y_true, y_pred):
        return keras.ops.log(keras.ops.mean(y_pred * 0, axis=-1))
"""


def project(
    folder: Path,
    model: list[dict[str, Any]],
    x: np.ndarray | None = None,
    y: np.ndarray | None = None,
    code: dict[str, Any] | None = None,
    blocks: dict[str, Any] | None = None,
    **training: Any,
) -> Project:
    """Thirty rows of two numbers in their order, in batches of five, through a chain of layers."""
    draw = np.random.default_rng(4)
    x = draw.normal(size=(30, 2)).astype("float32") if x is None else x
    y = draw.integers(0, 3, 30).astype("int32") if y is None else y
    np.savez(folder / "rows.npz", x=x, y=y)
    data = [
        {"id": "rows", "op": "studio.data.numpy", "params": {"path": "rows.npz", "label": "y"}},
        {"id": "split", "op": "studio.data.split", "params": {"validation": 5, "shuffle": False}},
        {"id": "train", "op": "tf.data.Dataset.batch", "params": {"batch_size": 5}},
        {"id": "checked", "op": "tf.data.Dataset.batch", "params": {"batch_size": 5}},
    ]
    nodes = [{"id": "x", "op": "keras.Input", "params": {"shape": [2]}}, *model]
    names = [node["id"] for node in nodes]
    loss = {
        "op": "keras.losses.SparseCategoricalCrossentropy",
        "params": {"from_logits": True},
    }
    value = {
        "studio": 1,
        "data": {
            "nodes": data,
            "edges": [["rows", "split"], ["split.train", "train"], ["split.validation", "checked"]],
            "outputs": {"train": "train", "validation": "checked"},
        },
        "model": {"nodes": nodes, "edges": list(map(list, pairwise(names))), "outputs": names[-1:]},
        "blocks": blocks or {},
        "code": {name: {"kind": k, "source": s} for name, (k, s) in (code or {}).items()},
        "training": {
            "epochs": 6,
            "seed": 5,
            "checkpoint_steps": 2,
            "optimizer": optimizer("SGD", learning_rate=0.01),
            "losses": {names[-1]: loss},
        }
        | training,
    }
    found, problems = loads(dump(value))
    assert not problems
    return found


def dense(name: str, units: int, **params: Any) -> dict[str, Any]:
    return {"id": name, "op": "keras.layers.Dense", "params": {"units": units} | params}


PLAIN = [dense("wide", 4), dense("kind", 3)]


def with_nan(row: int) -> np.ndarray:
    x = np.random.default_rng(4).normal(size=(30, 2)).astype("float32")
    x[row, 1] = np.nan
    return x


def classes(wrong: dict[int, int]) -> np.ndarray:
    y = np.random.default_rng(4).integers(0, 3, 30).astype("int32")
    for row, label in wrong.items():
        y[row] = label
    return y


# The first five rows validate; what trains begins with the sixth.
CASES: dict[str, tuple[dict[str, Any], dict[str, Any], list[str]]] = {
    "a rate that is too high": (
        {"model": PLAIN, "optimizer": optimizer("SGD", learning_rate=1e20)},
        {"step": 2, "epoch": 1, "node": "kind", "outputs": ["kind"]},
        ["loss is", 'weights of "', "smaller learning rate (it is 1e+20)"],
    ),
    "with XLA and several steps a call": (
        {
            "model": PLAIN,
            "optimizer": optimizer("SGD", learning_rate=1e20),
            "jit_compile": True,
            "steps_per_execution": 3,
        },
        {"step": 2, "epoch": 1, "node": "kind"},
        ["smaller learning rate"],
    ),
    "at the speed that the script chooses": (
        {
            "model": PLAIN,
            "optimizer": optimizer("SGD", learning_rate=1e20),
            "jit_compile": "auto",
            "steps_per_execution": "auto",
        },
        {"step": 2, "epoch": 1, "node": "kind"},
        ["smaller learning rate"],
    ),
    "a logarithm of 0 in a layer's code": (
        {
            "model": [dense("wide", 4), {"id": "logs", "op": "code:Logarithm"}, dense("kind", 3)],
            "code": {"Logarithm": ("layer", LOGARITHM)},
        },
        {"step": 1, "epoch": 1, "node": "logs", "graph": "model", "forward": '"logs" (model)'},
        ["first layer whose output isn't finite", "logarithm at 0"],
    ),
    "a root whose gradient isn't finite": (
        {
            "model": [dense("wide", 4), {"id": "root", "op": "code:Root"}, dense("kind", 3)],
            "code": {"Root": ("layer", ROOT)},
        },
        {"step": 1, "epoch": 1, "node": "root", "gradient": '"root" (model)', "forward": ""},
        ["Weights of the model aren't finite", "gradients aren't", "root"],
    ),
    "a row of the data": (
        {"model": PLAIN, "x": with_nan(5 + 17)},
        {"step": 4, "epoch": 1, "graph": "data", "node": "rows"},
        ["the data are to blame", "the feature in column 2 is nan in row 3 of the batch"],
    ),
    "a row of the validation": (
        {"model": PLAIN, "x": with_nan(2)},
        {"epoch": 1, "graph": "data", "node": "rows"},
        ["the validation behind step 5", "in column 2 is nan in row 3 of the batch"],
    ),
    "a rate that grows in the fourth epoch": (
        {
            "model": PLAIN,
            "code": {"BlownUp": ("callback", BLOWN_UP)},
            "callbacks": [{"op": "code:BlownUp"}],
        },
        {"step": 17, "epoch": 4, "node": "kind"},
        ["smaller learning rate"],
    ),
    "a loss of the project's own": (
        {
            "model": PLAIN,
            "code": {"Strange": ("loss", STRANGE)},
            "losses": {"kind": {"op": "code:Strange"}},
        },
        {"step": 1, "epoch": 1, "outputs": ["kind"], "forward": ""},
        ["all layers give finite numbers, so the loss itself"],
    ),
    "a label without a class, with XLA": (
        {"model": PLAIN, "y": classes({5 + 11: 7}), "jit_compile": True},
        {"step": 3, "epoch": 1, "node": "kind", "outputs": ["kind"]},
        ['a label 7 (of "rows" in data)', 'the output "kind" has 3 classes, 0 to 2'],
    ),
    "a function in a block": (
        {
            "model": [{"id": "part", "op": "block:part", "repeat": 2}, dense("kind", 3)],
            "blocks": {
                "part": {
                    "nodes": [
                        {"id": "inside", "op": "keras.Input", "params": {"shape": [None]}},
                        dense("inner", 3),
                        {"id": "shown", "op": "keras.ops.relu"},
                        {"id": "logs", "op": "keras.ops.log"},
                    ],
                    "edges": [["inside", "inner"], ["inner", "shown"], ["shown", "logs"]],
                    "inputs": ["inside"],
                    "outputs": ["logs"],
                }
            },
        },
        {"step": 1, "epoch": 1, "node": "logs", "graph": "block:part"},
        ['is "logs" (block:part)'],
    ),
}


def problems(folder: Path) -> list[dict[str, Any]]:
    return [event for event in EventReader(folder).read() if event["event"] == "problem"]


# What `fit` does otherwise than the custom loop: the step, the state before it, the validation.
BY_FIT = ("a rate that is too high", "a logarithm of 0 in a layer's code")
BY_FIT += ("a row of the validation",)
WAYS = [*((name, "custom") for name in CASES), *((name, "fit") for name in BY_FIT)]
FURTHER = [(name, "fit") for name in CASES if name not in BY_FIT]


@pytest.mark.parametrize(("name", "loop"), [*WAYS, *slow(*FURTHER)])
def test_the_place_is_found(
    name: str, loop: str, tmp_path: Path, nursery: Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, wanted, words = CASES[name]
    run = begun(project(tmp_path, loop=loop, **settings), tmp_path, monkeypatch)
    assert nursery.live(run, resume=False) == 0, (run / "log.txt").read_text()
    (noticed,) = problems(run)
    assert noticed["code"] == "not-finite" and not noticed["found"]
    assert nursery.diagnose(run) == 0, (run / "log.txt").read_text()
    found = problems(run)[-1]
    assert found["found"] and found["epoch"] <= noticed["epoch"]
    assert {key: found[key] for key in wanted} == wanted, found["message"]
    for each in words:
        assert each in found["message"], found["message"]
    assert not (run / "diagnosis").exists()


@pytest.mark.slow
def test_a_run_tells_it_at_its_end_and_from_its_last_checkpoint(tmp_path: Path) -> None:
    """All by real processes: the training, which ends as it would have, and the one beside it."""
    settings, _, words = CASES["a rate that grows in the fourth epoch"]
    ends = settings | {"callbacks": [*settings["callbacks"], callback("TerminateOnNaN")]}
    run = start(project(tmp_path, loop="custom", **ends), tmp_path, tmp_path / "runs")
    assert wait(run, SECONDS)
    progress = run.progress
    assert (progress.state, progress.epoch) == ("completed", 4)
    assert progress.message == progress.problem["message"]
    assert (progress.node, progress.problem["step"]) == ("kind", 17)
    for each in words:
        assert each in progress.message
    log = (run.folder / "diagnosis.txt").read_text()
    assert "again from its checkpoint behind epoch 3" in log
    assert "Epoch 4/6" in log and "Epoch 3/6" not in log


def test_a_search_that_takes_too_long_is_given_up(
    tmp_path: Path, nursery: Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The search alone takes longer than that to import TensorFlow."""
    settings, wanted, _ = CASES["a rate that grows in the fourth epoch"]
    run = begun(project(tmp_path, loop="custom", **settings), tmp_path, monkeypatch)
    assert nursery.live(run, resume=False, seconds=0.5) == 0, (run / "log.txt").read_text()
    *_, noticed, given_up = problems(run)
    assert given_up | {"message": ""} == noticed | {"time": given_up["time"], "message": ""}
    said = "Where this began wasn't found within 0.5 seconds of the run's end. To look for it"
    assert said in given_up["message"]
    end = EventReader(run).read()[-1]
    assert (end["state"], end["message"]) == ("completed", given_up["message"])
    assert nursery.diagnose(run) == 0  # as that sentence says
    assert {key: problems(run)[-1][key] for key in wanted} == wanted


def test_without_a_checkpoint_from_before_it_is_done_again_from_the_beginning(
    tmp_path: Path, nursery: Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, wanted, _ = CASES["a rate that grows in the fourth epoch"]
    run = begun(project(tmp_path, loop="custom", **settings), tmp_path, monkeypatch)
    assert nursery.live(run, resume=False) == 0
    assert any((run / "diagnosis" / "checkpoints").iterdir())
    shutil.rmtree(run / "diagnosis")
    assert nursery.diagnose(run) == 0
    found = problems(run)[-1]
    assert {key: found[key] for key in wanted} == wanted
    log = (run / "log.txt").read_text()
    assert "from the beginning, as none of its checkpoints is from before that" in log


def test_what_can_not_be_repeated_is_told(
    tmp_path: Path, nursery: Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    once = BLOWN_UP.replace("epoch == 3", "epoch == 3 and 'diagnosis' not in __file__")
    settings = CASES["a rate that grows in the fourth epoch"][0]
    settings = settings | {"code": {"BlownUp": ("callback", once)}, "seed": None}
    run = begun(project(tmp_path, **settings), tmp_path, monkeypatch)
    assert nursery.live(run, resume=False) == 0
    assert nursery.diagnose(run) == 1
    found = problems(run)[-1]
    assert not found["found"] and found["epoch"] == 4
    assert "behind epoch 3, all was finite" in found["message"]
    assert found["message"].endswith("Set training.seed, so that it does.")


def test_a_finite_run_has_nothing_to_find(
    tmp_path: Path, nursery: Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = begun(project(tmp_path, PLAIN), tmp_path, monkeypatch)
    assert nursery.live(run, resume=False) == 0
    assert nursery.diagnose(run) == 1
    assert not problems(run) and not (run / "diagnosis").exists()


def of_template(
    name: str, folder: Path, changes: Callable[[dict[str, Any]], None], patch: pytest.MonkeyPatch
) -> Path:
    """The folder of a run of a template that has been changed, still to be trained."""
    home = template_folder(name)
    value = plain(load(home))
    changes(value)
    changed, wrong = loads(dump(value))
    assert not wrong
    patch.setattr(runs, "_launch", lambda place, *options: Nobody())
    return start(changed, home, folder / "runs").folder


@pytest.mark.parametrize("loop", ["custom", "fit"])
def test_of_several_outputs_it_is_said_which(
    loop: str, tmp_path: Path, nursery: Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    outputs: list[str] = []

    def changes(value: dict[str, Any]) -> None:
        outputs.extend(value["model"]["outputs"])
        value["code"] = {"Strange": {"kind": "loss", "source": STRANGE}}
        value["training"]["losses"][outputs[1]] = {"op": "code:Strange"}
        value["training"] |= {"loop": loop, "epochs": 1}

    run = of_template("two_inputs_two_outputs", tmp_path, changes, monkeypatch)
    assert nursery.live(run, resume=False) == 0
    assert nursery.diagnose(run) == 0, (run / "log.txt").read_text()
    found = problems(run)[-1]
    assert found["outputs"] == outputs[1:] and found["step"] == 1
    assert f'The loss of the output "{outputs[1]}" is' in found["message"]
    assert f'"{outputs[0]}"' not in found["message"]


@pytest.mark.parametrize("name", ["autoencoder", *slow("digits_gan")])
def test_a_step_of_the_projects_own_is_looked_into_as_well(
    name: str, tmp_path: Path, nursery: Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    def changes(value: dict[str, Any]) -> None:
        training = value["training"]
        training["epochs"] = 1
        for each in (training["optimizer"], *training.get("optimizers", {}).values()):
            each |= optimizer("SGD", learning_rate=1e20)

    run = of_template(name, tmp_path, changes, monkeypatch)
    assert nursery.live(run, resume=False) == 0
    assert nursery.diagnose(run) == 0, (run / "log.txt").read_text()
    found = problems(run)[-1]
    assert found["found"] and found["step"] <= 5 and found["node"], found
    assert "had grown to" in found["message"] and "smaller learning rate" in found["message"]
