"""The type of a generated parameter, from its name, its stated choices and its default.

Keras uses one name for one thing throughout, so a table of names covers nearly
all; an op for which it is wrong says so in its description.
"""

from __future__ import annotations

from typing import Any

from studio.graph.catalogue.types import (
    Bool,
    Choice,
    DictOf,
    Either,
    Float,
    Int,
    ListOf,
    OneCall,
    Text,
    Type,
)

_DTYPE = Either((Text(), OneCall(("dtype_policy",))))
_ACTIVATION = OneCall(("activation", "layer", "function", "code"))
_RATE = Float(min=0, max=1)

BY_NAME: dict[str, Type] = {
    "activation": _ACTIVATION,
    "recurrent_activation": _ACTIVATION,
    "alpha": Float(),
    "axis": Either((Int(), ListOf(Int()))),
    "beta_1": _RATE,
    "beta_2": _RATE,
    "cell": OneCall(("layer", "code"), names=False),
    "cells": ListOf(OneCall(("layer", "code"), names=False), empty=False),
    "class_weight": DictOf(Float()),
    "clipnorm": Float(above=0),
    "clipvalue": Float(above=0),
    "count_include_pad": Bool(),
    "data_format": Choice(("channels_first", "channels_last")),
    "dropout": _RATE,
    "dtype": _DTYPE,
    "ema_momentum": _RATE,
    "ema_overwrite_frequency": Int(1),
    "epsilon": Float(min=0),
    "filters": Int(1),
    "filepath": Text(),
    "global_clipnorm": Float(above=0),
    "gradient_accumulation_steps": Int(2),
    "layer": OneCall(("layer", "code"), names=False),
    "learning_rate": Either((Float(min=0, point=True), OneCall(("schedule",), names=False))),
    "loss_scale_factor": Float(above=0),
    "momentum": _RATE,
    "mode": Text(),
    "monitor": Text(),
    "name": Text(),
    "padding": Choice(("valid", "same")),
    "patience": Int(0),
    "rate": _RATE,
    "recurrent_dropout": _RATE,
    "seed": Int(0),
    "trainable": Bool(),
    "units": Int(1),
    "weight_decay": Float(min=0),
}
_ENDINGS = {"_initializer": "initializer", "_regularizer": "regularizer"}
_ENDINGS["_constraint"] = "constraint"


def guess_type(kind: str, fact: dict[str, Any]) -> Type:
    """The type of a parameter of an op of this kind, from its entry in the generated facts."""
    name, default = fact["name"], fact.get("default")
    for ending, wanted in _ENDINGS.items():
        if name.endswith(ending) or name == ending[1:]:
            return OneCall((wanted, "code"))
    if fact.get("choices"):
        return Choice(tuple(fact["choices"]))
    if name in BY_NAME and not (name == "padding" and not isinstance(default, str)):
        return BY_NAME[name]
    if isinstance(default, bool):
        return Bool()
    if isinstance(default, int):
        return Int()
    if isinstance(default, float):
        return Float()
    if isinstance(default, str):
        return Text()
    return Type()
