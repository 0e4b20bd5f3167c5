"""The learning rate at a step of a schedule, from the call's data: in float32, as Keras has it.

Where the rate jumps (a staircase, a restart), on which side of the jump a step falls is decided by
Keras' own rounding, so that is done here too.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from studio.graph.catalogue.registry import find
from studio.graph.document import Project, is_call
from studio.graph.elements import Elements
from studio.graph.shapes import Shapes

SCHEDULES = "keras.optimizers.schedules"

Rate = Callable[[int], float]
"""The rate at a step, from 0 on; not a number, or infinite, where Keras' is."""


def rate_of(call: Any) -> Rate | None:
    """The rate of a schedule's call; None of what is none, or lacks something, or has it wrong."""
    if not is_call(call) or call["op"] not in _RULES:
        return None
    op, given = find(call["op"]), call.get("params", {})
    if op is None or not isinstance(given, Mapping):
        return None
    known = all(name in op.params and op.params[name].accepts(v) for name, v in given.items())
    if not known or any(name not in given for name in op.required):
        return None
    rule = _RULES[call["op"]]({name: param.default for name, param in op.params.items()} | given)
    return None if rule is None else lambda step: _guarded(rule, step)


def own_steps(call: Any) -> int | None:
    """The steps in which a schedule comes to its end, or through its first round; None of others.

    Its warm-up is among them. Behind the last boundary of a piecewise one as many follow as
    stand before it, by a quarter.
    """
    if rate_of(call) is None:
        return None
    params = call.get("params", {})
    if "boundaries" in params:
        return max(1, math.ceil(max(params["boundaries"]) * 1.25))
    steps = params.get("decay_steps", params.get("first_decay_steps"))
    warm = params.get("warmup_steps", 0) if params.get("warmup_target") is not None else 0
    return max(1, math.ceil(steps + warm))


class Planned(Struct, frozen=True):
    """How many steps a training is to have; `batches` in each of so many `epochs`."""

    batches: int
    epochs: int

    @property
    def steps(self) -> int:
        """All of them."""
        return self.batches * self.epochs


def planned(project: Project, shapes: Shapes | None) -> Planned | None:
    """The steps that a project plans; None where only its data, once read, can tell.

    `shapes` are those of its data graph.
    """
    training = project.training
    if training is None:
        return None
    batches = training.steps_per_epoch or batches_of(project, shapes)
    return Planned(batches, training.epochs) if batches else None


def batches_of(project: Project, shapes: Shapes | None) -> int | None:
    """How many batches go into training in one epoch; None where that isn't known, or no end is."""
    end = project.data.outputs.get("train") if project.data is not None else None
    found = shapes.at(end) if end and shapes is not None else None
    if not isinstance(found, Elements) or found.infinite:
        return None
    return found.count or None


def sampled(rate: Rate, steps: int, most: int = 400) -> list[tuple[int, float]]:
    """(step, rate) of the steps of a training, its first and last among them; `most` at most."""
    last = max(steps - 1, 1)
    if last < most:
        return [(step, rate(step)) for step in range(last + 1)]
    return [(step, rate(step)) for step in (round(i * last / (most - 1)) for i in range(most))]


def _guarded(rule: Rate, step: int) -> float:
    try:
        return rule(step)
    except OverflowError:
        return math.inf
    except (ValueError, ZeroDivisionError):
        return math.nan


# The arithmetic of float32: + - * / of two of its numbers are exact in doubles, or rounded once
# more without harm; a power, a cosine or a logarithm is right to its last digit.


def _f(value: float) -> float:
    """The nearest number that float32 has."""
    if math.isinf(value) or math.isnan(value):
        return value
    return struct.unpack("f", struct.pack("f", value))[0]


def _power(base: float, exponent: float) -> float:
    """As TensorFlow raises to a power: 0 to one below 0 is infinite, a root of less than 0 none."""
    if base == 0 and exponent < 0:
        return math.inf
    found = base**exponent
    return math.nan if isinstance(found, complex) else _f(found)


def _decays(p: Mapping[str, Any], rate: Callable[[float, float, float], float]) -> Rate:
    """One that decays by so much each so many steps, at once or bit by bit."""
    first, steps, factor = (
        _f(p[name]) for name in ("initial_learning_rate", "decay_steps", "decay_rate")
    )

    def at(step: int) -> float:
        passed = _f(_f(step) / steps)
        return rate(first, factor, math.floor(passed) if p["staircase"] else passed)

    return at


def _exponential(p: Mapping[str, Any]) -> Rate:
    return _decays(p, lambda first, factor, passed: _f(first * _power(factor, passed)))


def _inverse_time(p: Mapping[str, Any]) -> Rate:
    return _decays(p, lambda first, factor, passed: _f(first / _f(1 + _f(factor * passed))))


def _piecewise(p: Mapping[str, Any]) -> Rate | None:
    bounds, values = list(p["boundaries"]), [_f(value) for value in p["values"]]
    if len(bounds) != len(values) - 1:
        return None

    def at(step: int) -> float:
        found = values[0] * (step <= bounds[0]) + values[-1] * (step > bounds[-1])
        for low, high, value in zip(bounds, bounds[1:], values[1:-1], strict=False):
            found += value * (low < step <= high)
        return _f(found)

    return at


def _polynomial(p: Mapping[str, Any]) -> Rate:
    first, end, power = (
        _f(p[name]) for name in ("initial_learning_rate", "end_learning_rate", "power")
    )
    steps = _f(p["decay_steps"])

    def at(step: int) -> float:
        length, at = steps, _f(step)
        if p["cycle"]:
            length = _f(steps * (math.ceil(_f(at / steps)) if at else 1.0))
        else:
            at = min(at, steps)
        left = _f(1 - _f(at / length))
        return _f(_f(_f(first - end) * _power(left, power)) + end)

    return at


def _cosine(p: Mapping[str, Any]) -> Rate:
    first, steps, alpha = _f(p["initial_learning_rate"]), _f(p["decay_steps"]), p["alpha"]
    target = p["warmup_target"]
    warm = _f(p["warmup_steps"]) if target is not None else 0.0
    top = first if target is None else _f(target)

    def at(step: int) -> float:
        at = min(_f(step), _f(steps + warm))
        if at < warm:
            return _f(_f(_f(top - first) * _f(at / warm)) + first)
        wave = _wave(_f(_f(at - warm) / steps))
        return _f(top * _f(_f((1 - alpha) * wave) + alpha))

    return at


def _restarts(p: Mapping[str, Any]) -> Rate:
    first, steps, longer, lower, alpha = (
        _f(p[name])
        for name in ("initial_learning_rate", "first_decay_steps", "t_mul", "m_mul", "alpha")
    )

    def at(step: int) -> float:
        passed = _f(_f(step) / steps)
        if longer == 1:
            round_ = math.floor(passed)
            passed = _f(passed - round_)
        else:
            grown = _f(1 - _f(passed * _f(1 - longer)))
            round_ = math.floor(_f(_f(math.log(grown)) / _f(math.log(longer))))
            before = _f(_f(1 - _power(longer, round_)) / _f(1 - longer))
            passed = _f(_f(passed - before) / _power(longer, round_))
        wave = _f(_power(lower, round_) * _wave(passed))
        return _f(first * _f(_f(_f(1 - alpha) * wave) + alpha))

    return at


def _wave(passed: float) -> float:
    """Half a wave of the cosine, from 1 down to 0."""
    return _f(0.5 * _f(1 + _f(math.cos(_f(_f(math.pi) * passed)))))


_RULES: dict[str, Callable[[Mapping[str, Any]], Rate | None]] = {
    f"{SCHEDULES}.CosineDecay": _cosine,
    f"{SCHEDULES}.CosineDecayRestarts": _restarts,
    f"{SCHEDULES}.ExponentialDecay": _exponential,
    f"{SCHEDULES}.InverseTimeDecay": _inverse_time,
    f"{SCHEDULES}.PiecewiseConstantDecay": _piecewise,
    f"{SCHEDULES}.PolynomialDecay": _polynomial,
}
