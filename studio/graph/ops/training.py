"""Optimizers and schedules: what introspection can't know of their parameters."""

from __future__ import annotations

from studio.graph.catalogue.registry import describe
from studio.graph.catalogue.types import (
    DictOf,
    Float,
    Int,
    ListOf,
    OneCall,
    Text,
    Type,
    or_null,
)
from studio.graph.rule import Args
from studio.graph.spec import Refused

_SHARE = Float(min=0, max=1)
_AT_LEAST_0 = Float(min=0)
_ABOVE_0 = Float(above=0)
_NAME = Text(without="/")
_OPTIMIZER = OneCall(("optimizer",), names=False)
_CLIPS = ("clipnorm", "clipvalue", "global_clipnorm")


def _one_clip(p: Args) -> None:
    """Gradients are clipped in one way."""
    given = [name for name in _CLIPS if getattr(p, name) is not None]
    if len(given) > 1:
        raise Refused(
            f"clips gradients in one way only, but both {given[0]} and {given[1]} are set",
            f"Set {given[1]} to null.",
        )


_OPTIMIZERS: dict[str, dict[str, Type]] = {
    "Adadelta": {"rho": _SHARE},
    "Adafactor": {
        "beta_2_decay": Float(),
        "epsilon_1": _AT_LEAST_0,
        "epsilon_2": _AT_LEAST_0,
        "clip_threshold": _ABOVE_0,
    },
    "Adagrad": {"initial_accumulator_value": _AT_LEAST_0},
    "Adam": {},
    "AdamW": {},
    "Adamax": {},
    "Ftrl": {
        "learning_rate_power": Float(max=0),
        "initial_accumulator_value": _AT_LEAST_0,
        "l1_regularization_strength": _AT_LEAST_0,
        "l2_regularization_strength": _AT_LEAST_0,
        "l2_shrinkage_regularization_strength": _AT_LEAST_0,
        "beta": Float(),
    },
    "Lamb": {},
    "Lion": {"beta_1": Float(above=0, max=1)},
    "Muon": {
        "weight_decay": or_null(_AT_LEAST_0),
        "adam_beta_1": _SHARE,
        "adam_beta_2": _SHARE,
        "adam_weight_decay": or_null(_AT_LEAST_0),
        "adam_lr_ratio": _AT_LEAST_0,
        "exclude_layers": ListOf(Text()),
        "ns_steps": Int(1),
        "rms_rate": or_null(_ABOVE_0),
    },
    "Nadam": {},
    "RMSprop": {"rho": _SHARE},
    "SGD": {"momentum": Float(min=0, max=1, point=True)},
    "ScheduleFreeAdamW": {"warmup_steps": Int(0)},
}
_SHOWN = {"SGD": "momentum", "RMSprop": "rho", "AdamW": "weight_decay", "Muon": "momentum"}

for _op, _types in _OPTIMIZERS.items():
    describe(
        f"keras.optimizers.{_op}",
        family="optimizer",
        shown=f"learning_rate {_SHOWN.get(_op, '')}",
        check=_one_clip,
        name=_NAME,
        **_types,
    )

describe(
    "keras.optimizers.LossScaleOptimizer",
    family="optimizer",
    shown="inner_optimizer",
    inner_optimizer=_OPTIMIZER,
    initial_scale=_ABOVE_0,
    dynamic_growth_steps=Int(1),
    name=_NAME,
)
describe(
    "keras.optimizers.MultiOptimizer",
    family="optimizer",
    optimizer_map=OneCall(("optimizer_map",), names=False),
    name=_NAME,
)
# It says which optimizer a variable gets, and is none itself: a training can't stand on it.
describe(
    "keras.optimizers.OptimizerMap",
    kind="optimizer_map",
    family="optimizer",
    shown="default_optimizer",
    default_optimizer=_OPTIMIZER,
    optimizer_map=DictOf(_OPTIMIZER),
)

# With a whole number Keras computes a whole schedule in whole numbers: ExponentialDecay(1, ...)
# is 1 at the first step and 0 from then on.
_RATE = Float(min=0, point=True)
_STEPS = Float(above=0)  # also a share of an epoch, or of a training, that isn't whole


def _between_boundaries(p: Args) -> None:
    """There is a value before, between and after the boundaries."""
    if len(p.boundaries) != len(p.values) - 1:
        raise Refused(
            f"needs one value more than boundaries, but has {len(p.values)} values and "
            f"{len(p.boundaries)} boundaries",
            f"Give {len(p.boundaries) + 1} values: before, between and after the boundaries.",
        )


_SCHEDULES: dict[str, dict[str, Type]] = {
    "CosineDecay": {
        "decay_steps": _STEPS,
        "alpha": Float(),
        "warmup_target": _AT_LEAST_0,
        "warmup_steps": _AT_LEAST_0,
    },
    "CosineDecayRestarts": {
        "first_decay_steps": _STEPS,
        "t_mul": _ABOVE_0,
        "m_mul": _AT_LEAST_0,
        "alpha": Float(),
    },
    "ExponentialDecay": {"decay_steps": _STEPS, "decay_rate": _AT_LEAST_0},
    "InverseTimeDecay": {"decay_steps": _STEPS, "decay_rate": _AT_LEAST_0},
    "PolynomialDecay": {
        "decay_steps": _STEPS,
        "end_learning_rate": _AT_LEAST_0,
        "power": Float(),
    },
}
for _op, _types in _SCHEDULES.items():
    describe(
        f"keras.optimizers.schedules.{_op}",
        family="schedule",
        shown=f"initial_learning_rate {next(iter(_types))}",
        initial_learning_rate=_RATE,
        name=_NAME,
        **_types,
    )
describe(
    "keras.optimizers.schedules.PiecewiseConstantDecay",
    family="schedule",
    shown="boundaries values",
    check=_between_boundaries,
    boundaries=ListOf(Int(0), empty=False),
    values=ListOf(_RATE, empty=False),
    name=_NAME,
)
