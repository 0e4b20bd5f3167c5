"""A run that is stopped with the model of its best epoch, whatever came behind that one."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from msgspec.structs import replace

from studio.engine.best import Best
from studio.engine.checkpoints import kept
from studio.graph.document import Code
from tests.codegen.test_loop import callback, small
from tests.codegen.test_resume import images
from tests.conftest import events, slow
from tests.engine.nursery import Nursery
from tests.engine.test_resume import begun

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="processes are forked here")

SPOILS = '''
class Spoils(keras.callbacks.Callback):
    """From the third epoch on the weights are far from good; in the fifth the end is asked for."""

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 0:
            self.bad = [100 * each for each in self.model.get_weights()]
        if epoch >= 2:
            self.model.set_weights(self.bad)

    def on_epoch_end(self, epoch, logs=None):
        if epoch == 4:
            folder = HERE / "control"
            folder.mkdir(exist_ok=True)
            for word in ("keep-best", "stop"):
                (folder / word).touch()
'''


def best_on_disk(folder: Path, count: int) -> tuple[int, list[np.ndarray]]:
    """The best epoch by what the run has told, and the arrays of its checkpoint."""
    epochs = [each for each in events(folder) if each["event"] == "epoch"]
    epoch = min(epochs, key=lambda each: each["metrics"]["val_loss"])["epoch"]
    (place,) = (
        each for each in kept(folder / "checkpoints") if each.name.startswith(f"{epoch:06}")
    )
    with np.load(place / "arrays.npz") as arrays:
        return epoch, [arrays[f"variable{index}"] for index in range(count)]


def assert_is_the_best(folder: Path) -> None:
    """The model that was left, and what is said of it."""
    last = events(folder)[-1]
    found = re.fullmatch(
        r"Its model is that of epoch (\d+), the best by val_loss \([\d.]+\)\.", last["message"]
    )
    assert last["state"] == "stopped" and found, last
    model = keras.models.load_model(folder / "checkpoints" / "stopped.keras")
    epoch, arrays = best_on_disk(folder, len(model.variables))
    assert (int(found[1]), epoch < 3) == (epoch, True)
    weights = {id(each) for each in model.weights}  # not the seeds, which go on
    pairs = [
        (variable.numpy(), array)
        for variable, array in zip(model.variables, arrays, strict=True)
        if id(variable) in weights
    ]
    assert len(pairs) > 2 and all(np.array_equal(*pair) for pair in pairs)


@pytest.mark.parametrize("loop", [*slow("fit", "custom")])
def test_the_model_of_the_best_epoch_is_kept_also_behind_a_resumption(
    loop: str, tmp_path: Path, nursery: Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = images(
        tmp_path,
        loop=loop,
        epochs=100_000,
        checkpoint_steps=1,
        checkpoint_best="val_loss",
        callbacks=[{"op": "code:Spoils"}],
    )
    project = replace(project, code={"Spoils": Code(kind="callback", source=SPOILS)})
    folder = begun(project, tmp_path, monkeypatch)
    assert nursery.live(folder, resume=False) == 0, (folder / "log.txt").read_text()
    assert_is_the_best(folder)
    (folder / "checkpoints" / "stopped.keras").unlink()
    # It goes on, where all that memory held is gone, and is to end at once.
    assert nursery.live(folder, resume=True) == 0, (folder / "log.txt").read_text()
    assert_is_the_best(folder)


def model_of(value: float) -> keras.Model:
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)])
    model.set_weights([np.full((2, 3), value), np.full(3, value)])
    return model


@pytest.mark.parametrize(
    ("training", "told", "kept", "words"),
    [
        ({}, [{"loss": 2.0}, {"loss": 1.0}, {"loss": 3.0}], 2, "the best by loss (1.000)"),
        (
            {},
            [{"loss": 2.0, "val_loss": 0.5}, {"loss": 1.0, "val_loss": 0.7}],
            1,
            "the best by val_loss (0.500)",
        ),
        (
            {"callbacks": [callback("EarlyStopping", monitor="val_accuracy")]},
            [{"loss": 1.0, "val_accuracy": 0.5}, {"loss": 2.0, "val_accuracy": 0.7}],
            2,
            "the best by val_accuracy (0.700)",
        ),
        ({}, [{"loss": 2.0}, {"loss": None}, {"loss": float("nan")}], 1, "loss (2.000)"),
        ({}, [], 0, "No epoch was whole yet"),
    ],
)
def test_the_best_is_judged_as_the_project_says(
    training: dict[str, Any], told: list[dict], kept: int, words: str, tmp_path: Path
) -> None:
    best = Best(tmp_path, small(tmp_path, **training).training)
    for epoch, metrics in enumerate(told, 1):
        best.take(epoch, metrics, model_of(float(epoch)))
    model = model_of(99.0)
    assert words in best.give(model)
    assert model.get_weights()[1][0] == (kept or 99)
