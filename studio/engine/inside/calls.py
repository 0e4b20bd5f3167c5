"""The layers and functions of a model as one pass calls them, seen from outside.

The pass is eager. What variables would become in it (the seeds of Dropout, the means of
BatchNormalization, the counts of metrics) is kept apart from them and thrown away, so that a
training goes on as if nobody had looked.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from msgspec import Struct

from studio.engine.node_names import OPS, Place, operations, place_of
from studio.graph.document import Project

Lines = Mapping[str, list[list[int]]]
"""Which lines of a script belong to which node: "graph:node" -> [[first, last], ...]."""


class Called(Struct, eq=False):
    """A call of a layer or function that is a node's."""

    place: Place
    path: tuple[str, ...]
    """The names of the layers it is in, outermost first, and its own."""
    inputs: list[Any]
    outputs: list[Any]
    layer: Any = None
    ended: bool = True


class Script(Struct, frozen=True):
    """The script that a model comes from: what isn't a layer is found by the line it stands in."""

    module: ModuleType
    lines: Lines


class Watcher:
    """Sees the calls of a model's nodes while a pass is made inside `watching`."""

    def __init__(self, project: Project, model: Any, script: Script | None = None):
        self._project, self._model, self._script = project, model, script
        self._named = operations(project, model)
        self._places: dict[tuple[str, ...], Place | None] = {}
        self._names: list[str] = []
        self._leaf = 0
        self.calls: list[Called] = []

    @property
    def failing(self) -> Called | None:
        """The innermost node that was being called when the pass ended in an error."""
        return next((call for call in reversed(self.calls) if not call.ended), None)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Sees every call that is made inside, of this model."""
        call, watcher = keras.Operation.__call__, self
        self.calls, self._names, self._leaf = [], [], 0

        def seeing(layer, *arguments, **named):
            return watcher._see(call, layer, arguments, named)

        keras.Operation.__call__ = seeing
        try:
            with _standing_in(self._functions()):
                yield
        finally:
            keras.Operation.__call__ = call

    def _see(self, call: Callable[..., Any], layer: Any, arguments: Any, named: Any) -> Any:
        # A layer that is built meanwhile tries itself in a graph: those are no calls.
        if self._leaf or layer is self._model or not tf.executing_eagerly():
            return call(layer, *arguments, **named)
        self._names.append(layer.name)
        path = tuple(self._names)
        if path not in self._places:
            self._places[path] = place_of(self._project, path, self._named)
        try:
            place = self._places[path]
            if place is None:
                return call(layer, *arguments, **named)
            # What stands in a block is a node too; what else is in a node is its own affair.
            leaf = not self._is_block(place)
            return self._do(place, path, layer, leaf, lambda: call(layer, *arguments, **named),
                            (arguments, named))  # fmt: skip
        finally:
            self._names.pop()

    def _do(
        self,
        place: Place,
        path: tuple[str, ...],
        layer: Any,
        leaf: bool,
        call: Callable[[], Any],
        given: Any,
    ) -> Any:
        made = Called(place, path, tensors(given), [], layer, ended=False)
        self.calls.append(made)
        self._leaf += leaf
        try:
            answer = call()
        finally:
            self._leaf -= leaf
        made.outputs, made.ended = tensors(answer), True
        return answer

    def _is_block(self, place: Place) -> bool:
        graph = self._project.graph(place[0])
        node = graph.nodes.get(place[1]) if graph is not None else None
        return node is not None and (node.op or "").startswith("block:")

    def _functions(self) -> dict[tuple[Any, str], Callable[..., Any]]:
        """What stands in for the functions that a class's `call` uses: (where, name) -> it."""
        if self._script is None:
            return {}
        found: dict[tuple[Any, str], Callable[..., Any]] = {}
        code = self._project.code
        for graph in self._project.graphs().values():
            for node in graph.nodes.values():
                op = node.op or ""
                if op.startswith(OPS):
                    *modules, name = op.removeprefix(OPS).split(".")
                    holder: Any = keras.ops
                    for module in modules:
                        holder = getattr(holder, module)
                    found[holder, name] = getattr(holder, name)
                elif op.startswith("code:") and (name := op[5:]) in code:
                    given = getattr(self._script.module, name, None)
                    if given is not None and not isinstance(given, type):
                        found[self._script.module, name] = given
        return {key: self._seeing(function) for key, function in found.items()}

    def _seeing(self, function: Callable[..., Any]) -> Callable[..., Any]:
        file = self._script.module.__file__
        places = [
            (first, last, (graph, node))
            for key, spans in self._script.lines.items()
            for graph, _, node in [key.rpartition(":")]
            if graph == "model" or graph.startswith("block:")
            for first, last in spans
        ]

        def seeing(*arguments: Any, **named: Any) -> Any:
            frame = sys._getframe(1)
            if self._leaf or frame.f_code.co_filename != file or not tf.executing_eagerly():
                return function(*arguments, **named)
            at = frame.f_lineno
            place = next((each for first, last, each in places if first <= at <= last), None)
            if place is None:
                return function(*arguments, **named)
            path = (*self._names, place[1])
            call = lambda: function(*arguments, **named)  # noqa: E731
            return self._do(place, path, None, True, call, (arguments, named))

        return seeing


@contextmanager
def _standing_in(functions: Mapping[tuple[Any, str], Callable[..., Any]]) -> Iterator[None]:
    before = {(holder, name): getattr(holder, name) for holder, name in functions}
    for (holder, name), function in functions.items():
        setattr(holder, name, function)
    try:
        yield
    finally:
        for (holder, name), function in before.items():
            setattr(holder, name, function)


@contextmanager
def unmoved() -> Iterator[None]:
    """What is done inside changes no variable of Keras, and no random number drawn later."""
    from keras.src.backend.common import global_state
    from keras.src.random.seed_generator import GLOBAL_SEED_GENERATOR
    from tensorflow.python.eager import context

    states = random.getstate(), np.random.get_state()
    generator = global_state.get_global_attribute(GLOBAL_SEED_GENERATOR)
    # It gives tf.random's their seeds. Another one gives others: the kernels of two with the same
    # seed are one, which would go on drawing behind what was drawn here.
    eager = context.context()
    drawing = getattr(eager, "_rng", None)
    if drawing is not None:
        eager._rng = random.Random(_OTHER)
    try:
        with keras.StatelessScope(collect_losses=True):
            yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
        if drawing is not None:
            eager._rng = drawing
        if generator is None:  # it may have been made inside
            global_state.set_global_attribute(GLOBAL_SEED_GENERATOR, None)


_OTHER = 0x5EED


def tensors(value: Any) -> list[Any]:
    """The tensors in a structure, in order."""
    found = []
    for each in tf.nest.flatten(value):
        if isinstance(each, (tf.Tensor, tf.RaggedTensor, tf.SparseTensor)):
            found.append(each)
    return found
