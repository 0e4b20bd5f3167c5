"""Where the lines of the grid are, and what stands at them."""

from __future__ import annotations

import math

from studio.engine.figures import seconds_text

STEPS = (1.0, 2.0, 5.0, 10.0)
MINUTE, HOUR, DAY = 60, 3600, 86400
SECONDS = (1, 2, 5, 10, 15, 30, *(MINUTE * n for n in (1, 2, 5, 10, 15, 30)))
SECONDS += tuple(HOUR * n for n in (1, 2, 4, 6, 12, 24))


def nice(least: float) -> float:
    """The least of 1, 2, 5, 10, 20, ... and their fractions that is not below `least`."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(step * power for step in STEPS if step * power >= least * (1 - 1e-9))


def linear(start: float, end: float, most: int, whole: bool = False) -> tuple[float, list[float]]:
    """The distance, and at most about so many values; whole ones where that is asked for."""
    if not end > start:
        return 1.0, [start]
    step = nice((end - start) / max(1, most))
    step = max(1.0, step) if whole else step
    first, last = math.ceil(start / step - 1e-9), math.floor(end / step + 1e-9)
    return step, [number * step for number in range(first, last + 1)]


def clock(start: float, end: float, most: int) -> tuple[float, list[float]]:
    """Like `linear`, for seconds: minutes and hours are no tens."""
    least = (end - start) / max(1, most)
    if least < 1:
        return linear(start, end, most)
    step = next((each for each in SECONDS if each >= least), None)
    step = step or DAY * math.ceil(least / DAY)
    return step, [each * step for each in range(math.ceil(start / step), int(end // step) + 1)]


def logarithmic(start: float, end: float, most: int) -> tuple[float, list[float]]:
    """Values whose logarithms, by which `start` and `end` are, lie well apart."""
    if end - start < 0.5:
        low, high = 10.0**start, 10.0**end
        step, values = linear(low, high, most)
        return step, [math.log10(value) for value in values if value > 0]
    decades = range(math.floor(start), math.ceil(end) + 1)
    if len(decades) > most + 1:
        each = math.ceil(len(decades) / most)
        return 1.0, [float(place) for place in decades if place % each == 0]
    steps = (1, 2, 5) if len(decades) * 3 <= 2 * most + 3 else (1,)
    places = [decade + math.log10(step) for decade in decades for step in steps]
    return 1.0, [place for place in places if start <= place <= end]


def value_text(value: float, step: float, unit: str) -> str:
    """A value at the side of a plot; `step` is how far it is to the next one."""
    if unit == "B":
        scale, name = _scale(value, ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "KB")))
        return f"{value / scale:.3g} {name}" if value else "0"
    if unit == "s":
        scale, name = _scale(value, ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs")))
        return f"{value / scale:.3g} {name}" if value else "0"
    if unit == "%":
        return f"{value:.3g} %"
    if value and not 1e-3 <= max(abs(value), abs(step)) < 1e5:
        mantissa, power = f"{value:.2e}".split("e")
        return f"{mantissa.rstrip('0').rstrip('.')}e{int(power)}"
    places = max(0, -math.floor(math.log10(step) + 1e-9)) if step > 0 else 3
    return f"{value:.{min(places, 6)}f}"


def _scale(value: float, scales: tuple[tuple[float, str], ...]) -> tuple[float, str]:
    return next((each for each in scales if abs(value) >= each[0]), scales[-1])


def along_text(value: float, kind: str, step: float = 1.0) -> str:
    """A place along a plot."""
    if kind == "time":
        return seconds_text(value) if step >= 1 else f"{value:.3g} s"
    if kind == "step":
        for scale, name in ((1e6, "M"), (1e3, "k")):
            if abs(value) >= scale and step >= scale / 100:
                return f"{value / scale:g} {name}"
    return f"{value:g}"
