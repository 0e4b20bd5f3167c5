"""The checkpoints of a run: where they are, and how a run goes on from the last one.

A script with a custom loop keeps them itself, behind any step. For `fit` it is
done here, with the same class, where an epoch begins: a callback before all
others writes them, one behind all others brings back what the last one holds.
Both see what the script makes by standing in for `make_callbacks` and
`make_datasets`, so the script is the one that `studio script` gives.
"""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from types import ModuleType
from typing import Any

from studio.codegen.checkpoints import DAMAGE, checkpoints
from studio.engine import events
from studio.graph.document import Project
from studio.graph.problems import StudioError
from studio.graph.replay import NOTHING, WHOLE, replay, validated

FOLDER = "checkpoints"


def kept(folder: Path) -> list[Path]:
    """The checkpoints in a folder, the last one first."""
    return sorted(folder.glob("[0-9]*-[0-9]*"), reverse=True)


def damage_of(checkpoint: Path) -> str:
    """What is wrong with a checkpoint's files; "" where they can be read."""
    names: dict[str, Any] = {"json": json, "zipfile": zipfile}
    exec(compile(DAMAGE, "checkpoints", "exec"), names)
    return names["damage_of"](checkpoint)


def last(run: Path) -> tuple[int, int] | None:
    """How far the last checkpoint of a run is that can be read: whole epochs, and steps of the
    next one. None where a run has none; StudioError where it has, but none can be read.
    """
    damage = ""
    for each in kept(run / FOLDER):
        damage = damage_of(each)
        if not damage:
            state = json.loads((each / "state.json").read_bytes())
            return state["epoch"], state["step"]
    if damage:
        raise StudioError(
            f"No checkpoint in {run / FOLDER} can be read ({damage}). "
            "Remove that folder, and the run begins anew when it is resumed."
        )
    return None


def steps_behind(run: Path, epochs: int) -> int:
    """The steps that a run had done when so many epochs were whole."""
    found = 0
    with (run / events.NAME).open("rb") as file:
        for event in events.decode(b"".join(line for line in file if b'"event":"epoch"' in line)):
            if event["epoch"] == epochs:
                found = event["step"]
    return found if epochs else 0


class FitCheckpoints:
    """Keeps the checkpoints of a training by `fit`, and goes on from the last one.

    `before` and `behind` are callbacks; the first is put before those of the
    script where it makes some, the others are given to its `main`.
    """

    def __init__(self, run: Path, project: Project, script: ModuleType, resume: bool):
        import keras

        self._run, self._project, self._resume = run, project, resume
        self._own: list[Any] = []
        self._datasets: dict[str, Any] = {}
        self._place: Any = None
        self._class = _class(project)
        keeper = self

        class Before(keras.callbacks.Callback):
            """Called first: what it sees is what an epoch leaves to the next."""

            async_safe = True

            def on_epoch_begin(self, epoch, logs=None):
                keeper.note(epoch, self.params.get("steps"))

            def on_train_end(self, logs=None):
                epochs = self.model.history.epoch
                keeper.note(epochs[-1] + 1 if epochs else 0, self.params.get("steps"))
                self.model._initial_epoch = None

        class Behind(keras.callbacks.Callback):
            """Called when the others have begun, whose beginning would undo what is restored."""

            async_safe = True

            def on_train_begin(self, logs=None):
                keeper.begin(self.model, self.params["epochs"])

        before = Before()
        makes = hasattr(script, "make_callbacks")
        if makes:
            make = script.make_callbacks

            def make_callbacks():
                self._own = make()
                for each in self._own:
                    if resume and isinstance(each, keras.callbacks.CSVLogger):
                        each.append = True  # to what it has written before
                return [before, *self._own]

            script.make_callbacks = make_callbacks
        make_data = script.make_datasets

        def make_datasets():
            self._datasets = make_data()
            return self._datasets

        script.make_datasets = make_datasets
        self.callbacks = [*([] if makes else [before]), Behind()]

    def begin(self, model: Any, epochs: int) -> None:
        """The training begins: from the last checkpoint, where it goes on."""
        folder = self._run / FOLDER
        self._place = self._class(folder, model, [*self._own, model.history], self._resume)
        if not self._resume:
            return
        self._place.restore()
        # As keras.callbacks.BackupAndRestore does it.
        model._initial_epoch = epochs if model.stop_training else self._place.epoch
        for epoch in range(self._place.epoch):
            self._go_through("train")
            if validated(self._project.training, epoch):
                self._go_through("validation")

    def _go_through(self, part: str) -> None:
        """The passes that `fit` makes in an epoch: so the next is shuffled as it would be."""
        done, dataset = replay(self._project, part), self._datasets.get(part)
        if done == NOTHING:
            return
        if done == WHOLE:
            for _ in dataset:
                pass
        else:
            iter(dataset)
        count, limit = int(dataset.cardinality()), self._project.training.validation_steps
        if count >= 0 and (part == "train" or limit is None or count <= limit):
            iter(dataset)

    def note(self, epoch: int, steps: int | None) -> None:
        """So many epochs are whole."""
        if epoch == self._place.epoch:
            return
        if self._project.training.checkpoint_steps is not None:
            self._place.unsaved += steps or self._project.training.checkpoint_steps
        told = self._place.model.history.history
        self._place.passed(epoch, 0, {name: values[-1] for name, values in told.items()})


def _class(project: Project) -> Any:
    """The class that scripts with a custom loop bring along."""
    import os
    import shutil
    import time

    import keras
    import numpy as np
    import tensorflow as tf

    training = project.training
    names: dict[str, Any] = {
        "CHECKPOINT_SECONDS": training.checkpoint_seconds,
        "CHECKPOINT_STEPS": training.checkpoint_steps,
        "CHECKPOINTS_KEPT": training.checkpoints_kept,
        "CHECKPOINT_BEST": training.checkpoint_best,
    }
    names |= {"json": json, "keras": keras, "np": np, "os": os, "shutil": shutil}
    names |= {"tf": tf, "time": time, "damage_of": damage_of}
    exec(compile(checkpoints(training), "checkpoints", "exec"), names)

    class Kept(names["Checkpoints"]):
        """Without the metrics, which begin anew with each epoch, and which `fit` makes late."""

        def variables(self):
            self.model.optimizer.build(self.model.trainable_variables)  # where it isn't yet
            metrics = {id(each) for metric in self.model.metrics for each in metric.variables}
            return [each for each in super().variables() if id(each) not in metrics]

    return Kept
