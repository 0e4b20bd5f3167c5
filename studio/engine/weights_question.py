"""What is in a file of weights of any kind; a checkpoint is asked of the warm process."""

from __future__ import annotations

import math
from pathlib import Path

from studio.engine.warm import Warm
from studio.engine.weights_file import Contents, Layer, contents
from studio.graph.file import shown
from studio.graph.problems import StudioError
from studio.graph.weights import CHECKPOINTS, file_kind

LONGEST = 60.0
"""Seconds that a checkpoint may take to be read."""


def look_into(path: Path) -> Contents:
    """What is in a file, or in the checkpoint with that prefix; StudioError where it can't be read.

    Checkpoints are read by TensorFlow, which takes seconds.
    """
    if path.suffix == ".index":
        path = path.with_suffix("")
    if file_kind(path.name) != CHECKPOINTS or not path.with_name(f"{path.name}.index").is_file():
        return contents(path)
    with Warm() as warm:
        answer = warm.ask("checkpoint", seconds=LONGEST, path=str(path.absolute())).result()
    if answer.error:
        raise StudioError(answer.error)
    layers = []
    for each in answer.result:
        shapes = tuple(map(tuple, each["shapes"]))
        size = sum(map(lambda s, b: math.prod(s) * b, shapes, each["sizes"]))
        layers.append(Layer(each["name"], shapes, tuple(each["dtypes"]), size))
    if not layers:
        raise StudioError(f"{shown(path)} is a checkpoint without any layer of a model.")
    return Contents(path, CHECKPOINTS, tuple(layers))
