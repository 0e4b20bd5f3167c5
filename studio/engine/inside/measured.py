"""What is measured inside a model at one step: gradients, activations and weights by node."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from msgspec import Struct

from studio.engine.inside.calls import Script, unmoved
from studio.engine.inside.figures import (
    BARS,
    COUNTED,
    array_of,
    dead_units,
    figures,
    histogram,
    norm,
    short,
    thinned,
)
from studio.engine.inside.instances import key_of, op_of
from studio.engine.inside.passing import Made, Passing
from studio.engine.node_names import BLOCK, Place
from studio.graph.document import Project

LARGE = 50_000_000
"""Weights of a model from which no copy of them is held to see what a step changes."""


class Measured(Struct):
    """The figures of one step, by the names of nodes."""

    gradients: dict[str, Any] | None = None
    """{"norm": of all, "nodes": {...}}; None where the loss isn't known."""
    activations: dict[str, dict[str, Any]] = {}
    weights: dict[str, dict[str, Any]] = {}
    activation_bars: dict[str, Any] = {}
    weight_bars: dict[str, Any] = {}


class Measuring:
    """Measures one model again and again, with one batch.

    `loss` says whether the loss that it is trained by is the one it was compiled with: a train
    step of the project's own has another.
    """

    def __init__(
        self, project: Project, model: Any, batch: Any, loss: bool, script: Script | None = None
    ):
        self._project, self._model, self._loss = project, model, loss
        self._batch = keras.utils.unpack_x_y_sample_weight(batch)
        self._passing = Passing(project, model, script)
        self._variables: dict[str, list[Any]] | None = None
        self._before: dict[str, list[np.ndarray]] = {}

    def measure(self) -> Measured:
        """Makes a pass as the training does, and one back; no variable changes. Raises Failed."""
        x, y, sample_weight = self._batch
        model, found = self._model, Measured()
        with unmoved(), tf.GradientTape() as tape:
            predictions, made = self._passing.go(x, training=True)
            loss = None
            if self._loss:
                loss = model.compute_loss(x, y, predictions, sample_weight, training=True)
        if self._variables is None:
            self._variables = self._by_node(made)
        if loss is not None:
            found.gradients = self._gradients(tape, loss)
        for place, calls in made.items():
            told = _activation(calls)
            if told is not None:
                key = key_of(place)
                found.activations[key], found.activation_bars[key] = told
        for key, variables in self._variables.items():
            arrays = [_array(each) for each in variables]
            found.weights[key] = {"norm": short(_norm(arrays))}
            several = [thinned(each, BARS // len(arrays) + 1) for each in arrays]
            found.weight_bars[key] = histogram(np.concatenate(several))
        return found

    def _gradients(self, tape: Any, loss: Any) -> dict[str, Any]:
        variables = self._model.trainable_variables
        given = tape.gradient(loss, variables)
        norms = {
            id(variable): norm(_dense(gradient))
            for variable, gradient in zip(variables, given, strict=True)
            if gradient is not None
        }
        nodes = {}
        for key, several in self._variables.items():
            own = [norms[id(each)] for each in several if id(each) in norms]
            if own:
                nodes[key] = short(_root(own))
        return {"norm": short(_root(list(norms.values()))), "nodes": nodes}

    # What a step changes

    def hold(self) -> bool:
        """Keeps the weights as they are; False where they are too many for that."""
        if self._variables is None or self._model.count_params() > LARGE:
            return False
        self._before = {
            key: [np.array(_array(each)) for each in several]
            for key, several in self._variables.items()
        }
        return True

    def changed(self, steps: int) -> dict[str, float]:
        """How much of its norm the weights of each node changed in a step, since `hold`."""
        found = {}
        for key, before in self._before.items():
            now = [_array(each) for each in self._variables[key]]
            moved = _norm([a - b for a, b in zip(now, before, strict=True)]) / steps
            size = _norm(before)
            if size > 0:
                found[key] = short(moved / size)
        self._before = {}
        return found

    def _by_node(self, made: dict[Place, list[Made]]) -> dict[str, list[Any]]:
        """The weights that each node trains; those of a block are of all nodes in it."""
        own: dict[Place, dict[int, Any]] = defaultdict(dict)
        for place, calls in made.items():
            for call in calls:
                for each in getattr(call.layer, "trainable_variables", ()):
                    own[place][id(each)] = each
        for name, graph in self._project.graphs().items():
            for node in graph.nodes.values() if name != "data" else ():
                if op_of(graph, node).startswith(BLOCK) and not own.get((name, node.id)):
                    for prefix in {call.prefix for call in made.get((name, node.id), ())}:
                        self._gather(made, (name, node.id), prefix, own)
        return {key_of(place): list(each.values()) for place, each in own.items() if each}

    def _gather(
        self,
        made: dict[Place, list[Made]],
        place: Place,
        prefix: str,
        own: dict[Place, dict[int, Any]],
    ) -> None:
        """Gives a block that is no layer the weights of what lies in this use of it."""
        head = f"{prefix}_{place[1]}" if prefix else place[1]
        for (graph, _), calls in made.items():
            for call in calls if graph.startswith(BLOCK) else ():
                if call.prefix == head or call.prefix.startswith(f"{head}_"):
                    for each in getattr(call.layer, "trainable_variables", ()):
                        own[place][id(each)] = each


def _activation(calls: list[Made]) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """The figures and the histogram of what a node gives, in all its calls."""
    arrays = [array_of(call.outputs[0]) for call in calls if call.outputs]
    arrays = [each for each in arrays if each is not None]
    if not arrays:
        return None
    share = len(arrays)
    whole = arrays[0] if share == 1 else _joined(arrays, COUNTED // share)
    told = figures(whole)
    if told["zeros"]:
        dead = [each for each in map(dead_units, arrays) if each is not None]
        if dead:
            told["dead"] = max(dead)
    return told, histogram(whole)


def _joined(arrays: list[np.ndarray], most: int) -> np.ndarray:
    return np.concatenate([thinned(each, most) for each in arrays])


def _array(variable: Any) -> np.ndarray:
    return np.asarray(keras.ops.convert_to_numpy(variable)).astype("float32", copy=False)


def _dense(gradient: Any) -> np.ndarray:
    """A gradient's numbers; of an embedding's only the rows that it has, summed where they
    repeat."""
    if isinstance(gradient, tf.IndexedSlices):
        rows, places = tf.unique(gradient.indices)
        gradient = tf.math.unsorted_segment_sum(gradient.values, places, tf.size(rows))
    return tf.cast(gradient, tf.float32).numpy()


def _norm(arrays: list[np.ndarray]) -> float:
    return _root([norm(each) for each in arrays])


def _root(norms: list[float]) -> float:
    return float(np.sqrt(np.sum(np.square(np.asarray(norms, "float64")))))
