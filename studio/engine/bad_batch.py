"""What is wrong in a batch itself: numbers that aren't finite, labels that there is no class for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

from studio.graph.catalogue.registry import find
from studio.graph.document import Graph, Project, output_name
from studio.graph.problems import quoted

SPARSE = "keras.losses.SparseCategoricalCrossentropy"


def sources(graph: Graph | None) -> list[str]:
    """The nodes that data come from."""
    nodes = graph.nodes.values() if graph is not None else ()
    return [n.id for n in nodes if (op := find(n.op or "")) is not None and op.kind == "source"]


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


def labels(project: Project, batch: Any, model: Any) -> tuple[str, str]:
    """(a sentence on a label that there is no class for, its output); empty where all fit."""
    _, y, _ = keras.utils.unpack_x_y_sample_weight(batch)
    outputs = [output_name(each) for each in project.model.outputs]
    for number, (output, (_, array)) in enumerate(zip(outputs, _by_output(y, outputs))):
        loss = project.training.losses.get(output)
        if loss is None or loss.op != SPARSE or array is None:
            continue
        classes = _classes(model, number)
        wrong = array[(array < 0) | (array >= classes)] if classes else array[:0]
        if wrong.size and loss.params.get("ignore_class") not in wrong:
            return no_class(project, float(wrong.flat[0]), classes, output), output
    return "", ""


def no_class(project: Project, label: float, classes: int, output: str) -> str:
    """The sentence on a label that there is no class for."""
    found = sources(project.data)
    where = f" (from {quoted(found[0])} in data)" if len(found) == 1 else ""
    short = f'Give {quoted(output)} more units' if label >= classes else "Make labels start at 0"
    return (
        f"The label {label:g}{where} is none of the {classes} classes of the output "
        f"{quoted(output)}, which are 0 to {classes - 1}. {short}, or mend the labels."
    )


def _by_output(y: Any, outputs: list[str]) -> list[tuple[str, np.ndarray | None]]:
    found = list(_named(y))
    if isinstance(y, dict):
        by_name = dict(found)
        return [(name, by_name.get(name)) for name in outputs]
    return found


def _classes(model: Any, number: int) -> int:
    try:
        shapes = model.compute_output_shape(model.input_shape)
    except (AttributeError, ValueError, NotImplementedError):
        return 0
    if isinstance(shapes, dict):
        shapes = list(shapes.values())
    shape = shapes if isinstance(shapes[0], (int, type(None))) else shapes[number]
    return int(shape[-1] or 0)
