"""What only the custom loop does: a train step of one's own, further optimizers."""

from __future__ import annotations

import math
from collections.abc import Iterator

from studio.graph.catalogue.registry import find
from studio.graph.code import outline
from studio.graph.document import Call, Project, Training, owner
from studio.graph.edits import Edit, SetTraining, Several
from studio.graph.own_step import HANDED, takes_optimizers
from studio.graph.problems import ERROR, Problem, article, nearest, one_of, quoted

CUSTOM_ONLY = {
    "train_step": "a train step of your own",
    "optimizers": "further optimizers",
    "persistent_tape": "gradients of each loss separately",
}
"""Fields of the training that `fit` has nothing for, and what they ask for."""


def check_steps(project: Project) -> Iterator[Problem]:
    """What is wrong with the steps of the training, beyond the calls they are made of."""
    training = project.training
    if training is None:
        return
    yield from _loop(training)
    if training.deterministic and training.seed is None:
        message = "is true, but there is no seed, without which random ops are refused then."
        fix = Several((SetTraining("seed", 1),), "Set the seed to 1")
        yield _problem("bad-step", "deterministic", message, "Set training.seed.", fix)
    if training.train_step is not None:
        yield from _own_step(project, training.train_step)
    elif training.optimizers:
        yield from _unused_optimizers(training)
    yield from _trained_by(project)
    yield from _averaged(training)
    yield from _separate(project)


def _problem(code: str, place: str, message: str, hint: str, fix: Edit | None = None) -> Problem:
    return Problem(ERROR, code, "training", "", message, hint, f"training.{place}", fix)


def _loop(training: Training) -> Iterator[Problem]:
    """What is set, but isn't in `fit`."""
    for field, what in CUSTOM_ONLY.items():
        if training.loop == "fit" and getattr(training, field):
            message = f"asks for {what}, which only the custom loop knows; the loop is fit."
            fix = Several((SetTraining("loop", "custom"),), "Train in the custom loop")
            yield _problem("needs-custom-loop", field, message, 'Set loop to "custom".', fix)
            return  # the one edit mends them all


def _own_step(project: Project, call: Call) -> Iterator[Problem]:
    """A call of the project's own code in the place of the loop's step."""
    name = call.op.removeprefix("code:")
    code = project.code.get(name)
    if name == call.op or code is None:
        return  # that has been said of the call
    if code.kind != "train_step":
        message = f"uses the code {quoted(name)}, {article(code.kind)}; here stands a train_step."
        steps = [key for key, each in project.code.items() if each.kind == "train_step"]
        hint = f"There is {one_of(steps)}." if steps else 'Give it the kind "train_step".'
        yield _problem("bad-step", "train_step", message, hint)
        return
    known = outline(name, code)
    if known.problems:
        return
    for missing in (each for each in known.required if each not in call.params):
        message = f"{name} needs {missing}."
        yield _problem("missing-param", "train_step", message, f"Give {missing}.")
    for key in call.params:
        if key in HANDED:
            message = f"gives {name} its {key}, which the loop hands to it."
            yield _problem("bad-param", "train_step", message, f"Remove {key}.")
    yield from _handed(project, name, known.parameters)
    yield from _measured(project)


def _handed(project: Project, name: str, parameters: tuple[str, ...]) -> Iterator[Problem]:
    """Optimizers are handed to a step that asks for them."""
    takes, there = takes_optimizers(parameters), project.training.optimizers
    if takes and not there:
        message = f"{name} takes optimizers, but there is none beside the model's own."
        hint = "Add one under training.optimizers, or leave the parameter away."
        yield _problem("bad-step", "train_step", message, hint)
    elif there and not takes:
        message = f"gives {one_of(there)}, but {name} doesn't take optimizers."
        hint = f"Write def {name}(model, batch, optimizers, ...)."
        yield _problem("bad-step", "optimizers", message, hint)
    if project.training.trained_by:
        message = f"says which optimizer trains a node, but {name} applies the gradients itself."
        fix = Several((SetTraining("trained_by", {}),), "Leave that to the train step")
        yield _problem("bad-step", "trained_by", message, "Remove it.", fix)


def _measured(project: Project) -> Iterator[Problem]:
    """Validation and test measure a loss, whatever the step trains by."""
    if project.training.losses or project.data is None:
        return
    measured = [each for each in ("validation", "test") if each in project.data.outputs]
    if measured:
        message = f"there is no loss, but data for {' and '.join(measured)} to measure one on."
        hint = "Add a loss for each output, or remove those data outputs."
        yield _problem("bad-step", "losses", message, hint)


def _unused_optimizers(training: Training) -> Iterator[Problem]:
    idle = [name for name in training.optimizers if name not in training.trained_by.values()]
    if idle:
        message = f"has {one_of(idle)}, which trains nothing."
        hint = "Name its nodes under training.trained_by, or write a train step that uses it."
        yield _problem("bad-step", "optimizers", message, hint)


def _trained_by(project: Project) -> Iterator[Problem]:
    """Nodes with weights, and optimizers that are there."""
    training, model = project.training, project.model
    for node, optimizer in training.trained_by.items():
        place = f"trained_by.{node}"
        if optimizer not in training.optimizers:
            message = f"names the optimizer {quoted(optimizer)}, which isn't there."
            hint = nearest(optimizer, training.optimizers) or "Add it under training.optimizers."
            yield _problem("lost-optimizer", place, message, hint)
        if model is None:
            continue
        found = model.nodes.get(node)
        if found is None:
            message = f"names {quoted(node)}, which is no node of the model."
            yield _problem("lost-layer", place, message, nearest(node, model.nodes) or "Remove it.")
            continue
        made = owner(model, found)
        if made is not None and made is not found:
            message = f"names {quoted(node)}, which calls the layer of {quoted(made.id)}."
            yield _problem("lost-layer", place, message, f"Name {quoted(made.id)}.")
        elif not _has_layer(project, found.op or ""):
            message = f"names {quoted(node)}, which has no weights: {found.op} is no layer."
            yield _problem("lost-layer", place, message, "Name a node that is a layer.")


def _has_layer(project: Project, path: str) -> bool:
    if path.startswith("code:"):
        code = project.code.get(path[5:])
        return code is None or code.kind == "layer"
    op = find(path)
    return path.startswith("block:") or op is None or op.kind in ("layer", "application")


def _averaged(training: Training) -> Iterator[Problem]:
    """What an optimizer does with the model as a whole can't be done to a part of it."""
    if not training.optimizers:
        return
    for place, call in (
        ("optimizer", training.optimizer),
        *((f"optimizers.{name}", each) for name, each in training.optimizers.items()),
    ):
        if call is None:
            continue
        if _scales(call):
            message = "scales the loss, which several optimizers share."
            yield _problem("bad-step", place, message, "Use the optimizer that stands inside it.")
        elif call.params.get("use_ema"):
            message = "averages the weights of the whole model, of which it trains a part."
            yield _problem("bad-step", place, message, "Leave use_ema away.")


def _separate(project: Project) -> Iterator[Problem]:
    """Each output's gradients from one tape need several outputs, and one optimizer."""
    training, model = project.training, project.model
    if training.loss_clipnorms and not training.persistent_tape:
        message = "limits the gradients of single losses, but they aren't taken separately."
        fix = Several((SetTraining("persistent_tape", True),), "Take them separately")
        hint = "Set persistent_tape to true."
        yield _problem("bad-step", "loss_clipnorms", message, hint, fix)
    if not training.persistent_tape:
        return
    for name in training.loss_clipnorms:
        if name not in training.losses:
            message = f"limits the gradients of {quoted(name)}, which has no loss."
            hint = nearest(name, training.losses) or f"There is {one_of(training.losses)}."
            yield _problem("lost-output", f"loss_clipnorms.{name}", message, hint)
        if not 0 < training.loss_clipnorms[name] < math.inf:
            message = f"is {quoted(training.loss_clipnorms[name])}; expected a number above 0."
            yield _problem("bad-param", f"loss_clipnorms.{name}", message, "Change it.")
    together = (SetTraining("persistent_tape", False), SetTraining("loss_clipnorms", {}))
    off = Several(together, "Take the gradients of all losses together")
    other = "a train step of its own" if training.train_step is not None else ""
    other = other or ("several optimizers" if training.optimizers else "")
    if other:
        message = f"takes gradients for each loss, but the training has {other}, which takes them."
        yield _problem("bad-step", "persistent_tape", message, "Choose one of the two.", off)
    elif model is not None and len(model.outputs) == 1:
        message = "takes gradients for each output's loss, but the model has one output."
        hint = "Set it to false; the optimizer's global_clipnorm limits one loss's gradients."
        yield _problem("bad-step", "persistent_tape", message, hint, off)
    elif training.optimizer is not None and _scales(training.optimizer):
        message = "scales the loss, but each loss has gradients of its own here."
        yield _problem("bad-step", "optimizer", message, "Use the optimizer that stands inside it.")


def _scales(call: Call) -> bool:
    op = find(call.op)
    return op is not None and op.name == "LossScaleOptimizer"
