"""How fast a pipeline gives its elements, with nothing behind it that would use them."""

from __future__ import annotations

import time
from typing import Any

from studio.engine.own_code import Fault
from studio.engine.stage import blamed, dataset
from studio.engine.tensors import numbers

SECONDS, WARM_UP = 0.6, 6.0
"""How long is measured; and how long the first pass, which fills caches, may take before that."""

STEP, MOST, ROOM = 0.05, 4096, 1 << 26
"""What is taken at a time should take so many seconds, for Python's own share to stay small; it is
at most so many elements, and bytes."""


def rate(fields: dict[str, Any]) -> dict[str, Any]:
    """Elements and samples a second once everything has come to its pace, and bytes of an element.

    `fields`: those of `stage.dataset` and `stage.blamed`; `batched`, whether an
    element holds several samples; `seconds`, how long to measure.
    """
    seconds = fields.get("measure") or SECONDS
    with blamed(fields):
        made = dataset(fields)
        whole, samples, size = _first_pass(made, bool(fields.get("batched")))
        if whole == 0:
            raise Fault(f'"{fields["node"]}" gives no elements.')
        elements, took = _measure(made, seconds, size)
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
    samples = size = looked = 0
    for element in made.take(16):
        looked += 1
        samples += int(tf.nest.flatten(element)[0].shape[0]) if batched else 1
        size += sum(map(_bytes, tf.nest.flatten(element, expand_composites=True)))
    size = size // max(looked, 1)
    count = 0
    for some in made.window(_width(made, size)):
        count += int(tf.nest.flatten(some)[0].cardinality())  # a dataset for each tensor
        if time.perf_counter() > until:
            return None, samples / max(looked, 1), size
    # The last batch may be smaller: of few batches all were looked at.
    return count, samples / max(looked, 1), size


def _bytes(tensor: Any) -> int:
    if tensor.dtype.name == "string":
        return sum(len(each) + 16 for each in numbers(tensor).reshape(-1).tolist())
    return tensor.dtype.size * int(tensor.shape.num_elements() or 0)


def _width(made: Any, size: int) -> int:
    """How many elements are taken at a time.

    Windows hand elements on without a copy or a call: only so can they be
    counted at full speed.
    """
    most = max(1, min(MOST, ROOM // max(size, 1)))
    width = 1
    while width < most:
        iterator = iter(made.repeat().window(width))
        next(iterator, None)  # starts the pipeline
        begun = time.perf_counter()
        next(iterator, None)
        took = time.perf_counter() - begun
        if took > STEP / 2:
            break
        width = min(most, width * 8)
    return width


def _measure(made: Any, seconds: float, size: int) -> tuple[int, float]:
    """(elements, seconds)."""
    endless = made.repeat()
    width = _width(endless, size)
    count, begun = 0, 0.0
    for _ in endless.window(width):
        if not begun:
            begun = time.perf_counter()  # the first windows start the pipeline
            continue
        count += width
        took = time.perf_counter() - begun
        if took > seconds:
            return count, took
    return max(count, 1), max(time.perf_counter() - begun, 1e-6)
