"""What the outputs of a model stand for: classes, a yes or no, labels, or plain values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

from studio.graph.catalogue.registry import find
from studio.graph.document import Call, Project, output_name
from studio.graph.elements import Elements, label
from studio.graph.shapes import Shapes
from studio.graph.spec import FLOATS, Spec

SPARSE = frozenset({"SparseCategoricalCrossentropy", "CategoricalGeneralizedCrossEntropy"})
ONE_HOT = frozenset({"CategoricalCrossentropy", "CategoricalFocalCrossentropy"})
BINARY = frozenset({"BinaryCrossentropy", "BinaryFocalCrossentropy"})


class Target(Struct, frozen=True):
    """An output of the model, by what it was trained on.

    `kind` is "classes" (one of `names`, a number for each in the last axis), "binary" (a number
    for the second of two `names`), "labels" (any of `names`, a number for each in the last axis)
    or "values". `logits` says that it isn't probabilities yet: softmax makes them of classes,
    the sigmoid of the others. `one_hot` says that the labels are vectors as the output is.
    """

    output: str
    kind: Literal["classes", "binary", "labels", "values"]
    names: tuple[str, ...] = ()
    logits: bool = False
    one_hot: bool = False


def targets(project: Project, shapes: Mapping[str, Shapes]) -> tuple[Target, ...]:
    """Each output of the model, in order, as its loss and the data tell it."""
    if project.model is None:
        return ()
    elements = _elements(project, shapes)
    found = shapes["model"] if "model" in shapes else Shapes()
    return tuple(
        _target(project, output_name(end), found.at(end), elements) for end in project.model.outputs
    )


def _elements(project: Project, shapes: Mapping[str, Shapes]) -> Elements | None:
    """What the model is trained on, else what it is held against."""
    outputs = project.data.outputs if project.data is not None else {}
    for split in ("train", "validation", "test"):
        if split in outputs and "data" in shapes:
            found = shapes["data"].at(outputs[split])
            if isinstance(found, Elements):
                return found
    return None


def _target(project: Project, name: str, spec: object, elements: Elements | None) -> Target:
    losses = project.training.losses if project.training is not None else {}
    call = losses.get(name)
    op = find(call.op) if call is not None else None
    units = spec.shape[-1] if isinstance(spec, Spec) and spec.rank > 1 else None
    if op is None or units is None:
        return Target(name, "values")
    classes = elements.classes if elements is not None else ()
    logits = bool(_param(call, "from_logits"))
    if op.name in SPARSE | ONE_HOT and units > 1:
        names = classes if len(classes) == units else tuple(map(str, range(units)))
        return Target(name, "classes", names, logits, op.name in ONE_HOT)
    if op.name in BINARY and spec.rank == 2 and not _measured(project, name, elements):
        if units == 1:
            return Target(name, "binary", classes if len(classes) == 2 else ("0", "1"), logits)
        names = classes if len(classes) == units else tuple(map(str, range(units)))
        return Target(name, "labels", names, logits, True)
    return Target(name, "values")


def _param(call: Call, name: str) -> object:
    param = find(call.op).params.get(name)
    return call.params.get(name, param.default if param is not None else None)


def _measured(project: Project, name: str, elements: Elements | None) -> bool:
    """Whether the labels of an output are measured numbers, such as the pixels of an image."""
    found = label(elements.structure) if elements is not None else None
    if isinstance(found, dict):
        found = found.get(name)
    if not isinstance(found, Spec) or found.dtype not in FLOATS:
        return False
    return elements.labels is None or elements.labels != (0, 1)
