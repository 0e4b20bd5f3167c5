"""Random parameters of an object: by the types of the catalogue, and now and then of another kind.

A type alone would only draw what Studio takes; so one parameter is often given
something from ODD_VALUES, whatever its type says.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from studio.graph.catalogue import types
from studio.graph.catalogue.op import Op
from studio.graph.catalogue.registry import find
from tests.conformance.case import Case
from tests.conformance.draw import Draw

KINDS = (
    "loss",
    "metric",
    "optimizer",
    "optimizer_map",
    "schedule",
    "callback",
    "initializer",
    "regularizer",
    "constraint",
)
ODD_VALUES: tuple[Any, ...] = (
    None, None, -1, 0, 1, 3, 0.0, 1.0, 2.5, -0.5, 1.5, True, False, "", "no_such", "a/b", "none",
    [], [1], [0, 1], [2, 1], [0.5, 2.0], [0.5, "x"], {}, {"a": 1}, "float32", "int32", "epoch",
    {"op": "keras.optimizers.Adam"}, {"op": "keras.losses.Huber"},
)  # fmt: skip
ADAM, SGD = {"op": "keras.optimizers.Adam"}, {"op": "keras.optimizers.SGD"}
CALLS: dict[str, list[Any]] = {
    "schedule": [
        {
            "op": "keras.optimizers.schedules.CosineDecay",
            "params": {"initial_learning_rate": 0.1, "decay_steps": 9},
        },
        {
            "op": "keras.optimizers.schedules.ExponentialDecay",
            "params": {"initial_learning_rate": 0.1, "decay_steps": 0, "decay_rate": 0.5},
        },
    ],
    "optimizer": [ADAM, SGD, {"op": "keras.optimizers.SGD", "params": {"momentum": 2.0}}],
    "optimizer_map": [
        {
            "op": "keras.optimizers.OptimizerMap",
            "params": {"default_optimizer": ADAM, "optimizer_map": {".*bias": SGD}},
        },
        {"op": "keras.optimizers.OptimizerMap", "params": {"default_optimizer": SGD}},
        {"op": "keras.optimizers.OptimizerMap"},
    ],
    "loss": [{"op": "keras.losses.Huber"}, {"op": "keras.losses.Huber", "params": {"delta": []}}],
    "loss_function": [{"op": "keras.losses.huber"}, {"op": "keras.losses.poisson"}],
    "metric_function": [{"op": "keras.metrics.binary_accuracy"}],
    "code": [{"op": "code:function"}],
}


class ObjectDraw(Draw):
    """Draws the types that layers don't have, too."""

    def typed(self, kind: types.Type) -> Any:
        if isinstance(kind, types.DictOf):
            return {name: self.typed(kind.item) for name in ("a", "b")[: self.size(0, 2)]}
        if isinstance(kind, types.Float) and not kind.point and self.chance(0.15):
            return round(super().typed(kind))
        if isinstance(kind, types.Text):
            return self.one(["text", "", "a b", "a.keras", "b.weights.h5", "c.h5"])
        return super().typed(kind)

    def call(self, kind: types.OneCall) -> Any:
        return self.one([each for name in kind.kinds for each in CALLS[name]])


def _numbers(count: int) -> list[float]:
    return [0.1 * (index + 1) for index in range(count)]


def _piecewise(draw: ObjectDraw) -> dict[str, Any]:
    count = draw.size(1, 3)
    more = 1 if draw.chance(0.8) else draw.size(-1, 2)
    return {"boundaries": [5 * i + 5 for i in range(count)], "values": _numbers(count + more)}


def _ids(draw: ObjectDraw) -> dict[str, Any]:
    ids = [draw.size(-1, 3) for _ in range(draw.size(1, 3))]
    return {"num_classes": draw.size(1, 5), "target_class_ids": ids}


def _checkpoint(draw: ObjectDraw) -> dict[str, Any]:
    name = draw.one(["m.keras", "m.h5", "m.weights.h5", "{epoch}.keras", "m", ""])
    return {"filepath": name} | draw.some({"save_weights_only": draw.chance(0.5)})


def _auc(draw: ObjectDraw) -> dict[str, Any]:
    return draw.some(
        {"multi_label": draw.chance(0.7), "num_labels": 3, "label_weights": [0.1, 0.5, 1]}, 0.3
    )


RECIPES: dict[str, Callable[[ObjectDraw], dict[str, Any]]] = {
    "keras.optimizers.schedules.PiecewiseConstantDecay": _piecewise,
    "keras.metrics.IoU": _ids,
    "keras.metrics.OneHotIoU": _ids,
    "keras.metrics.BinaryIoU": lambda draw: draw.some(
        {"target_class_ids": draw.one([[0], [0, 1], [2], [-1]])}
    ),
    "keras.callbacks.ModelCheckpoint": _checkpoint,
    "keras.metrics.AUC": _auc,
    # A window by its name needs scipy, which only Keras' own code asks for.
    "keras.initializers.STFT": lambda draw: {"window": draw.one([None, [0.5, 1, 0.5, 1]])},
}
UNDRAWN = {
    ("keras.metrics.MeanMetricWrapper", "kwargs"): "**kwargs of the function, no parameter",
    ("keras.callbacks.LambdaCallback", "kwargs"): "**kwargs, set as attributes",
}
"""Parameters that there are in the catalogue, but not in Keras."""


def draw_object(path: str, number: int, seed: int = 0) -> Case:
    """The case of this number for an op; always the same for the same seed."""
    draw = ObjectDraw(f"object {path} {number} {seed}")
    op = find(path)
    assert op is not None
    names = [name for name in op.params if (path, name) not in UNDRAWN]
    params = {}
    for name in names:
        if draw.chance(0.96 if op.params[name].required else 0.25):
            params[name] = draw.value(op, name)
    params |= RECIPES.get(path, lambda draw: {})(draw)
    if names and draw.chance(0.45):
        params[draw.one(names)] = draw.one(ODD_VALUES)
    if draw.chance(0.03):
        params["no_such_parameter"] = 1
    return Case(path, params)


def required(op: Op) -> list[str]:
    """The parameters that a call must give."""
    return [name for name, param in op.params.items() if param.required]
