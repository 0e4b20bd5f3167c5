"""One training step looked into: where in it the first number comes up that isn't finite.

The step is taken once more, eagerly, from the same variables and with the same batch. Every layer
is seen as it is called; the gradients are seen as they reach an optimizer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from msgspec import Struct

Path = tuple[str, ...]
"""The names of a layer and of those it is in, the outermost first."""

Grown = tuple[Path, float]
"""A layer, and its largest weight."""


class Called(Struct):
    """A layer as it was called."""

    path: Path
    layer: Any
    inputs: list[Any]
    outputs: list[Any]

    @property
    def weights(self) -> list[Any]:
        """The weights that were its own to train."""
        return list(getattr(self.layer, "trainable_variables", ()))


class Seen(Struct):
    """What a step did: its layers in the order in which they were done, losses, gradients."""

    calls: list[Called] = []
    losses: list[Any] = []
    gradients: dict[int, Any] = {}
    """By the id of the variable."""
    grown: list[tuple[int, Grown | None]] = []
    """Behind each update: how many calls there had been, and the largest weight then."""


class Places(Struct):
    """Where a step went wrong, by the names of layers; None where it didn't, or isn't known."""

    output: Path | None = None
    """The first layer whose output isn't finite."""
    given: bool = False
    """Whether what that layer was given was so already."""
    gradient: Path | None = None
    """The layer in which a gradient first wasn't finite, on its way from the loss."""
    of_loss: bool = False
    """Whether the loss's own gradient was that."""
    grown: Grown | None = None
    """The layer with the largest weight before that."""
    penalty: bool = False
    """Whether what layers add to the loss isn't finite."""
    again: bool = True
    """Whether a loss wasn't finite this time as well."""
    logs: dict[str, float] = {}


def examine(
    step: Callable[[Any], Any], batch: Any, model: Any, restore: Callable[[], None], trains: bool
) -> Places:
    """Takes a step again; `restore` puts everything back to where it was before."""
    restore()
    model.reset_metrics()
    found = Places(grown=_grown(model))
    with tf.GradientTape(persistent=True) as tape, _watched(model) as seen:
        logs = step(batch)
    found.logs = {name: float(value) for name, value in logs.items() if np.ndim(value) == 0}
    found.penalty = bool(model.losses) and not _finite(model.losses)
    at, bad = next(
        ((n, call) for n, call in enumerate(seen.calls) if not _finite(call.outputs)), (0, None)
    )
    if bad is not None:
        found.output, found.given = bad.path, not _finite(bad.inputs)
        for calls, grown in seen.grown:  # a step of one's own may update weights in its middle
            found.grown = grown if calls <= at else found.grown
    lossy = any(not np.isfinite(v) for name, v in found.logs.items() if name.endswith("loss"))
    found.again = bad is not None or lossy
    if trains and bad is None:
        _follow(seen, tape, found)
        found.again |= found.gradient is not None or found.of_loss
    return found


@contextmanager
def _watched(model: Any) -> Iterator[Seen]:
    """Sees the layers, the losses and the gradients of what is done inside, eagerly."""
    seen = Seen()
    names: list[str] = []
    call, compute = keras.Operation.__call__, keras.Model.compute_loss
    apply, apply_all = keras.optimizers.Optimizer.apply, keras.optimizers.Optimizer.apply_gradients

    def seeing_call(layer, *arguments, **named):
        names.append(layer.name)
        try:
            given = call(layer, *arguments, **named)
            inputs = _floats((arguments, named))
            seen.calls.append(Called(tuple(names), layer, inputs, _floats(given)))
        finally:
            names.pop()
        return given

    def seeing_compute(model, *arguments, **named):
        loss = compute(model, *arguments, **named)
        seen.losses.append(loss)
        return loss

    def see(gradients, variables):
        for gradient, variable in zip(gradients, variables, strict=False):
            if _finite([seen.gradients.get(id(variable))]):
                seen.gradients[id(variable)] = gradient

    def seeing_apply_all(optimizer, pairs):
        pairs = list(pairs)
        see([each for each, _ in pairs], [each for _, each in pairs])
        return apply_all(optimizer, pairs)

    def seeing_apply(optimizer, gradients, variables=None):
        see(gradients, variables or ())
        apply(optimizer, gradients, variables)
        seen.grown.append((len(seen.calls), _grown(model)))

    eager = tf.config.functions_run_eagerly()
    keras.Operation.__call__, keras.Model.compute_loss = seeing_call, seeing_compute
    keras.optimizers.Optimizer.apply = seeing_apply
    keras.optimizers.Optimizer.apply_gradients = seeing_apply_all
    tf.config.run_functions_eagerly(True)
    try:
        yield seen
    finally:
        tf.config.run_functions_eagerly(eager)
        keras.Operation.__call__, keras.Model.compute_loss = call, compute
        keras.optimizers.Optimizer.apply = apply
        keras.optimizers.Optimizer.apply_gradients = apply_all


def _follow(seen: Seen, tape: tf.GradientTape, found: Places) -> None:
    """Follows the gradients back from the loss, to the first that isn't finite."""

    def gradients(tensors: list[Any]) -> list[Any]:
        """With respect to tensors; none where the step's loss isn't known."""
        if not seen.losses or not tensors:
            return []
        return [each for each in tape.gradient(seen.losses[-1], tensors) if each is not None]

    leaves = _leaves(seen.calls)
    for place, call in enumerate(reversed(leaves)):
        if not _finite(gradients(call.outputs)):
            found.of_loss = place == 0
            if place:
                continue  # a layer behind it is to blame, by a way that isn't seen
            return
        own = [seen.gradients.get(id(each)) for each in call.weights]
        if not _finite(own) or not _finite(gradients(call.inputs)):
            found.gradient = call.path
            return


def _leaves(calls: list[Called]) -> list[Called]:
    """The calls in which no other layer was called, in their order."""
    inner = {call.path[:-1] for call in calls}
    return [call for call in calls if call.path not in inner]


def _grown(model: Any) -> tuple[Path, float] | None:
    """The largest weight of a model, and the layer that has it."""
    largest = None
    for variable in model.trainable_variables:
        most = float(np.max(np.abs(keras.ops.convert_to_numpy(variable)), initial=0))
        if largest is None or most > largest[1]:
            path = tuple(variable.path.split("/")[:-1])
            largest = (path, most)
    return largest


def _floats(value: Any) -> list[Any]:
    """The tensors of floats in a structure."""
    found = []
    for each in tf.nest.flatten(value):
        if isinstance(each, tf.RaggedTensor):
            each = each.flat_values
        if isinstance(each, tf.Tensor) and each.dtype.is_floating:
            found.append(each)
    return found


def _finite(values: list[Any]) -> bool:
    """Whether tensors, or what was applied as gradients, are finite; None counts as that."""
    for each in values:
        if each is None:
            continue
        each = each.values if isinstance(each, tf.IndexedSlices) else each
        if not bool(tf.reduce_all(tf.math.is_finite(tf.cast(each, tf.float32)))):
            return False
    return True
