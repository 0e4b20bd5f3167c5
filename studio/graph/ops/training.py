"""Optimizers, schedules and callbacks: what introspection can't know of their parameters."""

from __future__ import annotations

from studio.graph.catalogue.registry import describe
from studio.graph.catalogue.types import Choice, Either, Float, Int, Text

_MONITOR_MODE = Choice(("auto", "min", "max"))

for _name in ("CosineDecay", "ExponentialDecay", "InverseTimeDecay", "PolynomialDecay"):
    describe(
        f"keras.optimizers.schedules.{_name}",
        family="schedule",
        shown="initial_learning_rate decay_steps",
        initial_learning_rate=Float(min=0),
        decay_steps=Int(1),
    )

describe(
    "keras.callbacks.EarlyStopping",
    family="callback",
    shown="monitor patience",
    mode=_MONITOR_MODE,
    baseline=Float(),
    min_delta=Float(),
)
describe(
    "keras.callbacks.ReduceLROnPlateau",
    family="callback",
    shown="monitor factor patience",
    mode=_MONITOR_MODE,
    factor=Float(above=0, below=1),
    min_lr=Float(min=0),
)
describe(
    "keras.callbacks.ModelCheckpoint",
    family="callback",
    shown="filepath monitor",
    filepath=Text(),
    mode=_MONITOR_MODE,
    save_freq=Either((Choice(("epoch",)), Int(1))),
    initial_value_threshold=Float(),
)
describe("keras.callbacks.TensorBoard", family="callback", shown="log_dir")
describe("keras.callbacks.CSVLogger", family="callback", shown="filename")
