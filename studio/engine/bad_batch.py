"""What is wrong in a batch itself: numbers that aren't finite, labels without a class."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

from studio.engine.labels import no_class, sources, sparse_outputs
from studio.graph.document import Project, output_name
from studio.graph.problems import quoted


def not_finite(project: Project, batch: Any) -> str:
    """Words for the first number in a batch that isn't finite; "" where all are."""
    parts = keras.utils.unpack_x_y_sample_weight(batch)
    for what, part in zip(("feature", "label", "sample weight"), parts, strict=True):
        for name, array in _named(part):
            if not np.issubdtype(array.dtype, np.floating):
                continue
            wrong = np.argwhere(~np.isfinite(array))
            if not len(wrong):
                continue
            at = tuple(int(index) for index in wrong[0])
            called = " ".join(filter(None, (name and quoted(name), _column(project, array, at))))
            row = f"row {at[0] + 1} of the batch" if at else "the batch"
            return f"the {what}{called and f' {called}'} is {array[at]} in {row}"
    return ""


def _named(part: Any) -> Iterator[tuple[str, np.ndarray]]:
    """The arrays of a part of a batch, by the names that the data give them."""
    if part is None:
        return
    if isinstance(part, dict):
        for name, each in part.items():
            yield from ((name, array) for _, array in _named(each))
    elif isinstance(part, (list, tuple)):
        for number, each in enumerate(part, 1):
            yield from ((f"input {number}", array) for _, array in _named(each))
    else:
        values = part.flat_values if hasattr(part, "flat_values") else part
        if hasattr(values, "numpy"):
            yield "", np.asarray(values.numpy())


def _column(project: Project, array: np.ndarray, at: tuple[int, ...]) -> str:
    """The column of a table that a number is in, by its name where the source gives one."""
    if array.ndim != 2 or array.shape[1] == 1:
        return ""
    for name in sources(project.data):
        features = project.data.nodes[name].params.get("features")
        if isinstance(features, list) and len(features) == array.shape[1]:
            return f"{quoted(features[at[1]])} (column {at[1] + 1})"
    return f"in column {at[1] + 1}"


def without_class(project: Project, batch: Any, model: Any) -> tuple[str, str]:
    """(a sentence on a label that there is no class for, its output); empty where all fit."""
    _, y, _ = keras.utils.unpack_x_y_sample_weight(batch)
    outputs = [output_name(each) for each in project.model.outputs]
    sparse = sparse_outputs(project)
    for number, (output, array) in enumerate(zip(outputs, _by_output(y, outputs), strict=False)):
        if output not in sparse or array is None:
            continue
        classes = _classes(model, number)
        ignored = project.training.losses[output].params.get("ignore_class")
        wrong = array[((array < 0) | (array >= classes)) & (array != ignored)]
        if classes and wrong.size:
            return no_class(project, int(wrong.flat[0]), classes, [output]), output
    return "", ""


def _by_output(y: Any, outputs: list[str]) -> list[np.ndarray | None]:
    found = dict(_named(y))
    if isinstance(y, dict):
        return [found.get(name) for name in outputs]
    return list(found.values())


def _classes(model: Any, number: int) -> int:
    """The last axis of an output; 0 where it can't be known."""
    try:
        shapes = model.compute_output_shape(model.input_shape)
    except (AttributeError, ValueError, NotImplementedError):
        return 0
    shapes = list(shapes.values()) if isinstance(shapes, dict) else shapes
    shape = shapes if isinstance(shapes[0], (int, type(None))) else shapes[number]
    return int(shape[-1] or 0)
