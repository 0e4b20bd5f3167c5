"""How much elements count: weights that come with the data, and weights by class."""

from __future__ import annotations

import math
from collections.abc import Iterator

from studio.graph.document import Project, Training, output_name
from studio.graph.edits import Edit, SetTraining, Several
from studio.graph.elements import Elements, Structure, label, weights
from studio.graph.ports import place_of
from studio.graph.problems import ERROR, Problem, nearest, one_of, quoted
from studio.graph.shapes import Shapes
from studio.graph.spec import Spec


def check_weights(project: Project, shapes: dict[str, Shapes]) -> Iterator[Problem]:
    """Weights against labels and outputs, at the join of data and model."""
    training, data = project.training, project.data
    if training is None or data is None or project.model is None:
        return
    for split, end in data.outputs.items():
        elements = shapes["data"].at(end)
        if not isinstance(elements, Elements):
            continue
        node = end.partition(".")[0]
        for message, hint in _weights(project, shapes, elements.structure):
            place = place_of("data", data, node)
            yield Problem(ERROR, "weights", "data", node, f"{message} for {split}.", hint, place)
        if split == "train" and training.class_weights:
            yield from _class_weights(project, elements)


def _weights(
    project: Project, shapes: dict[str, Shapes], structure: Structure
) -> Iterator[tuple[str, str]]:
    """What is wrong with the third part of the elements: (message without its end, hint)."""
    given = weights(structure)
    if isinstance(structure, tuple) and len(structure) > 3:
        yield (
            f"gives elements of {len(structure)} parts",
            "An element is features, label and weight: choose them with studio.map.arrange.",
        )
    elif isinstance(given, dict):
        yield from _by_name(project, shapes, given)
    elif given is not None:
        for end in project.model.outputs:
            found = _unfit(given, shapes["model"].at(end), end)
            if found is not None:
                yield found
                return


def _by_name(
    project: Project, shapes: dict[str, Shapes], given: dict[str, Structure]
) -> Iterator[tuple[str, str]]:
    names = {output_name(end): end for end in project.model.outputs}
    missing = [name for name in project.training.losses if name not in given]
    if missing:
        hint = nearest(missing[0], given) or "Give it one, or a single weight for all outputs."
        yield f"gives weights for {one_of(given)}, none for {quoted(missing[0])}", hint
        return
    for name, weight in given.items():
        if name not in names:
            hint = nearest(name, names) or f"The outputs are {', '.join(names)}."
            yield f"gives a weight for {quoted(name)}, which is no output,", hint
            continue
        found = _unfit(weight, shapes["model"].at(names[name]), names[name])
        if found is not None:
            yield found


def _unfit(weight: Structure, output: object, end: str) -> tuple[str, str] | None:
    """Why a weight can't be that of an output's loss, which has a value for each row."""
    hint = "Give one number for each element, with sample_weight of studio.map.arrange."
    if not isinstance(weight, Spec):
        return "gives weights of several parts for one output", hint
    if weight.dtype in ("string", "bool"):
        return f"gives weights of the dtype {weight.dtype}", hint
    if not isinstance(output, Spec):
        return None
    shape = weight.shape[:-1] if weight.shape[1:] and weight.shape[-1] == 1 else weight.shape
    losses = output.shape[:-1]
    pairs = zip(shape, losses, strict=False)
    if len(shape) > len(losses) or any(a != b for a, b in pairs if None not in (a, b)):
        return (
            f"gives weights {weight}, but the loss of {quoted(end)} has the shape {losses},",
            hint,
        )
    return None


def _class_weights(project: Project, elements: Elements) -> Iterator[Problem]:
    training = project.training
    for message, hint, fix in _wrong_classes(project, training, elements):
        place = "training.class_weights"
        yield Problem(ERROR, "class-weights", "training", "", message, hint, place, fix)


def _wrong_classes(
    project: Project, training: Training, elements: Elements
) -> Iterator[tuple[str, str, Edit | None]]:
    """(message, hint, fix) of what keeps classes from being weighted."""
    given = training.class_weights
    off = Several((SetTraining("class_weights", {}),), "Let all classes count alike")
    for number, weight in given.items():
        if not (number.isascii() and number.isdecimal()):
            message = f"names {quoted(number)}; expected the number of a class."
            yield message, "Number the classes from 0, as the labels do.", None
            return
        if not 0 <= weight < math.inf:
            yield f"is {quoted(weight)} for {number}; expected at least 0.", "Change it.", None
            return
    target = label(elements.structure)
    if len(project.model.outputs) > 1 or isinstance(target, dict):
        message = "weighs classes, but the labels come by name, for several outputs or one."
        yield (
            message,
            "Weigh elements, with sample_weight of studio.map.arrange.",
            off,
        )
    elif weights(elements.structure) is not None:
        message = "weighs classes, but the data brings weights of its own."
        yield message, "Choose one of the two.", off
    elif training.train_step is not None:
        message = "weighs classes, but a train step of your own takes the losses."
        yield message, "Do so in the train step.", off
    elif elements.labels is not None and elements.labels[1] > max(map(int, given)):
        last = int(elements.labels[1])
        message = f"goes up to class {max(map(int, given))}, but the labels go up to {last}."
        whole = {str(number): 1.0 for number in range(last + 1)} | given
        fix = Several((SetTraining("class_weights", whole),), "Let the other classes count as 1")
        yield message, f"Give a weight to each class up to {last}.", fix
