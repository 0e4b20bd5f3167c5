"""How fast a pipeline gives its elements, with nothing behind it that would use them."""

from __future__ import annotations

import time
from typing import Any

from studio.engine.stage import blamed, dataset

SECONDS, WARM_UP = 1.0, 6.0
"""How long is measured; and how long the first pass, which fills caches, may take before that."""

STEP = 0.004
"""Seconds that what is taken at a time should take: so Python's own share stays small."""


def rate(fields: dict[str, Any]) -> dict[str, Any]:
    """Elements and samples a second once everything has come to its pace, and bytes of an element.

    `fields`: those of `stage.dataset` and `stage.blamed`; `batched`, whether an
    element holds several samples; `seconds`, how long to measure.
    """
    seconds = fields.get("measure") or SECONDS
    with blamed(fields):
        made = dataset(fields)
        whole, samples, size = _first_pass(made, bool(fields.get("batched")))
        elements, took = _measure(made, seconds, whole, fields)
    per_second = elements / took
    return {
        "per_second": per_second,
        "samples_per_second": per_second * samples,
        "samples": samples,
        "bytes": size,
        "passed": whole is not None,
        "count": whole,
    }


def _first_pass(made: Any, batched: bool) -> tuple[int | None, float, int]:
    """(elements of the whole pass, None where it wasn't finished; samples and bytes of one)."""
    import tensorflow as tf

    until = time.perf_counter() + WARM_UP
    samples = size = looked = count = 0
    # Windows hand elements on without a copy or a call: only they can be counted at full speed.
    for element in made.take(16):
        tensors = [t for t in tf.nest.flatten(element, expand_composites=True)]
        looked += 1
        first = tf.nest.flatten(element)[0]
        samples += int(first.shape[0]) if batched else 1
        size += sum(_bytes(each) for each in tensors)
    width = _width(made)
    for some in made.window(width):
        count += int(some.cardinality())
        if time.perf_counter() > until:
            return None, samples / max(looked, 1), size // max(looked, 1)
    return count, samples / max(looked, 1), size // max(looked, 1)


def _bytes(tensor: Any) -> int:
    if tensor.dtype.name == "string":
        return sum(len(each) + 16 for each in tensor.numpy().reshape(-1).tolist())
    return tensor.dtype.size * int(tensor.shape.num_elements() or 0)


def _width(made: Any) -> int:
    """How many elements are taken at a time: as many as come in a moment."""
    begun = time.perf_counter()
    count = sum(1 for _ in made.take(8)) or 1
    each = (time.perf_counter() - begun) / count
    return max(1, min(512, int(STEP / each)))


def _measure(
    made: Any, seconds: float, whole: int | None, fields: dict[str, Any]
) -> tuple[int, float]:
    """(elements, seconds)."""
    endless = made.repeat() if whole != 0 else made
    width = _width(endless)
    count, begun = 0, 0.0
    for some in endless.window(width):
        if not begun:
            begun = time.perf_counter()  # the first windows start the pipeline
            continue
        count += width
        took = time.perf_counter() - begun
        if took > seconds:
            return count, took
    return max(count, 1), max(time.perf_counter() - begun, 1e-6)
