"""The weights of the best epoch so far, for a run that is asked to stop and keep them.

They are kept in memory, which costs a copy for each epoch that is better than those before; those
of a large model are not. Where the project keeps a checkpoint of its best epoch, that one serves
behind a resumption, and for a large model.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from studio.engine.checkpoints import FOLDER, damage_of, kept
from studio.engine.figures import number
from studio.graph.directions import better
from studio.graph.document import Training

MOST = 1 << 28
"""Bytes of weights that are kept in memory."""


def monitored(training: Training) -> str:
    """The logged value that the project itself calls the best by; "" where it names none."""
    if training.checkpoint_best:
        return training.checkpoint_best
    for each in training.callbacks:
        if each.op == "keras.callbacks.EarlyStopping":
            return each.params.get("monitor") or "val_loss"
    return ""


class Best:
    """Told each epoch, it gives back the weights of the best one."""

    def __init__(self, run: Path, training: Training):
        self._run = run
        self._named = monitored(training)
        self._name = ""
        self._value, self._epoch = math.nan, 0
        self._weights: list[Any] | None = None
        self._folder: Path | None = None  # of the checkpoint of the best epoch

    def take(self, epoch: int, metrics: dict[str, Any], model: Any) -> None:
        """Keeps the weights as they are behind an epoch, where it is the best so far."""
        names = [self._named] if self._named in metrics else ["val_loss", "loss"]
        name = next((each for each in names if each in metrics), "")
        value = metrics.get(name)
        if not isinstance(value, int | float) or not math.isfinite(value):
            return
        if name == self._name and not _ahead(name, value, self._value):
            return
        self._name, self._value, self._epoch = name, value, epoch
        self._weights = model.get_weights() if _size(model) <= MOST else None

    def give(self, model: Any) -> str:
        """Gives a model the weights of the best epoch; says which that is, or why it has not."""
        name, value, epoch = self._on_disk()
        newer = self._weights is not None and (
            name != self._name or not _ahead(name, value, self._value)
        )
        if newer:
            model.set_weights(self._weights)
            name, value, epoch = self._name, self._value, self._epoch
        elif not epoch or not self._read(model):
            return self._why()
        return f"Its model is that of epoch {epoch}, the best by {name} ({number(value)})."

    def _why(self) -> str:
        if not self._epoch:
            return "No epoch was whole yet: its model is as it was then."
        return (
            "Its model is as it was then: the weights are too many to keep those of the best "
            "epoch in memory. Set training.checkpoint_best to keep them on the disk."
        )

    # The checkpoint of the best epoch

    def _on_disk(self) -> tuple[str, float, int]:
        """By what, how good and which the best epoch is that has a checkpoint."""
        for each in kept(self._run / FOLDER)[:1]:
            try:
                state = json.loads((each / "state.json").read_bytes())
                if state.get("best_name") and isinstance(state["best"], int | float):
                    self._folder = each.with_name(state["best_name"])
                    epoch = int(state["best_name"].partition("-")[0])
                    return self._named, float(state["best"]), epoch
            except (OSError, ValueError, TypeError):
                break
        return "", math.nan, 0

    def _read(self, model: Any) -> bool:
        """Takes the model's variables, which stand first there, from that checkpoint."""
        import numpy as np

        if not self._folder.is_dir() or damage_of(self._folder):
            return False
        variables = list({id(each): each for each in model.variables}.values())
        with np.load(self._folder / "arrays.npz") as arrays:
            found = [arrays.get(f"variable{index}") for index in range(len(variables))]
        pairs = list(zip(variables, found, strict=True))
        if any(array is None or array.shape != tuple(each.shape) for each, array in pairs):
            return False
        for variable, array in pairs:
            variable.assign(array.view(variable.dtype))
        return True


def _ahead(name: str, value: float, other: float) -> bool:
    return value > other if better(name) == "higher" else value < other


def _size(model: Any) -> int:
    """Bytes of a model's weights, as if each number had four."""
    return 4 * sum(math.prod(each.shape) for each in model.weights)
