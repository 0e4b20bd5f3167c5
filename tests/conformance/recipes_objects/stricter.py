"""Where Studio refuses what Keras takes: each with its reason."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

from studio.graph.catalogue import types
from studio.graph.catalogue.op import Op

_SHARE = "a share of what was before: from 0 to 1"
_COUNT = "is counted, in whole steps or classes"
_STRETCHED = "one number; a list happens to be stretched over the weights"
_LATER = "not looked at before its event comes, and then compared, or passed over"

STRICTER: dict[tuple[str, str], str] = {
    ("keras.optimizers.*", "learning_rate"): "below 0 it climbs",
    ("keras.optimizers.*", "*beta_?"): _SHARE,
    ("keras.optimizers.*", "rho"): _SHARE,
    ("keras.optimizers.*", "*momentum"): _SHARE,
    ("keras.optimizers.*", "*epsilon*"): "guards a division, which takes more than 0",
    ("keras.optimizers.*", "*weight_decay"): "below 0 it lets weights grow",
    ("keras.optimizers.*", "*clip*"): "at 0 nothing is left, below it all changes its sign",
    ("keras.optimizers.*", "*_scale*"): "at 0 nothing is left, and Keras takes it for null",
    ("keras.optimizers.*", "ema_overwrite_frequency"): _COUNT,
    ("keras.optimizers.*", "*_steps"): _COUNT,
    ("keras.optimizers.Adagrad", "initial_accumulator_value"): "its root is taken",
    ("keras.optimizers.Muon", "*r*_*r*at*"): "a factor of the step, which below 0 climbs",
    ("keras.optimizers.schedules.*", "*_rate"): (
        "below 0 it climbs; a whole number makes Keras cut what it computes with to whole numbers"
    ),
    ("keras.optimizers.schedules.CosineDecay", "warmup_target"): "a rate, see there",
    ("keras.optimizers.schedules.CosineDecayRestarts", "?_mul"): "a factor, above 0",
    ("keras.callbacks.*", "verbose"): _LATER,
    ("keras.callbacks.*", "mode"): "what Keras doesn't know it takes for auto, with a warning",
    ("keras.callbacks.*", "save_freq"): _COUNT,
    ("keras.callbacks.EarlyStopping", "*"): _LATER,
    ("keras.callbacks.ReduceLROnPlateau", "*"): _LATER,
    ("keras.callbacks.RemoteMonitor", "*"): "the request fails on nonsense, which Keras only logs",
    ("keras.initializers.*", "*put_axes"): "looked at only where both are given",
    ("keras.initializers.*Normal", "stddev"): "below 0 it is no deviation",
    ("keras.initializers.*", "gain"): _STRETCHED,
    ("keras.initializers.Random*", "m*"): _STRETCHED,
    ("keras.initializers.TruncatedNormal", "mean"): _STRETCHED,
    ("keras.constraints.*", "m??_value"): "a norm is never below 0",
    ("keras.constraints.MinMaxNorm", "rate"): _SHARE,
    ("keras.losses.Huber", "delta"): "an error from which on; below 0 the loss falls with it",
    ("keras.losses.BinaryFocalCrossentropy", "alpha"): "looked at only with class balancing",
    ("keras.losses.*FocalCrossentropy", "gamma"): "below 0 it weighs what is easy most",
    ("keras.losses.Tversky", "*a"): "a weight of errors, one number",
    ("keras.*", "label_smoothing"): _SHARE,
    ("keras.*.CategoricalCrossentropy", "axis"): "the classes are in one axis",
    ("keras.metrics.*IoU", "axis"): "the classes are in one axis",
    ("keras.*", "ignore_class"): _COUNT,
    ("keras.metrics.*", "num_*"): _COUNT,
    ("keras.metrics.*", "*k"): _COUNT,
    ("keras.losses.CategoricalFocalCrossentropy", "alpha"): "a weight of each class",
    ("keras.metrics.AUC", "label_weights"): "a list; one number for all changes nothing",
    ("keras.metrics.Binary*", "threshold"): "one number; a list happens to be stretched",
    ("keras.metrics.AUC", "thresholds"): "all probabilities are from 0 to 1",
}
"""(op, parameter) -> why, both with * as in file names.

What Keras' constructor takes and the object then fails on when it is used needs
no entry: the comparison finds that out by itself.
"""

NOT_HERE = {
    "keras.callbacks.OrbaxCheckpoint": "its constructor needs the package orbax-checkpoint",
}
"""Ops that can't be made on this machine."""


def stricter(op: Op, name: str, value: Any) -> str:
    """Why Studio may refuse this value; empty where it must not."""
    for (path, param), why in STRICTER.items():
        if fnmatchcase(op.path, path) and fnmatchcase(name, param):
            return why
    param = op.params.get(name)
    return "" if param is None else pythonic(param.type, value)


def pythonic(kind: types.Type, value: Any) -> str:
    """What Python takes one thing for another; a project says what it means."""
    if isinstance(value, bool) or isinstance(kind, types.Bool):
        return "true is 1 to Python, and anything is true or false"
    number = isinstance(value, (int, float)) and _numeric(kind)
    return "what is empty is null to Python" if not (value is None or value or number) else ""


def _numeric(kind: types.Type) -> bool:
    if isinstance(kind, types.Either):
        return any(map(_numeric, kind.types))
    return isinstance(kind, (types.Int, types.Float))
