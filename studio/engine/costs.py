"""What each stage of a pipeline costs: how much longer its elements take than those that feed it.

Each stage is gone through with nothing behind it that would use its elements.
"""

from __future__ import annotations

import time
from typing import Any

from studio.codegen.stage_script import FUNCTION
from studio.engine.own_code import Fault
from studio.engine.stage import blamed, made_of

SECONDS, LEAST = 1.0, 0.15
"""How long a stage is gone through, at most; and what each has, however much the others took."""
BETWEEN = 8.0
"""Seconds for all stages together; those behind that get the least."""
FEW, MOST, BYTES = 16, 4096, 1 << 25
"""Elements that are taken at a time, at first and at most; and the bytes that these may have."""
STEP = 0.05
"""Seconds that elements which are taken at a time should take, for Python's share to be small."""
LASTING = 0.3
"""Seconds that a pass must take for it to be told from the next ones."""
STRING = 64
"""Bytes that a text is taken to have."""
LOOKED_AT = 8
"""Elements of which it is seen how many samples they have, and how large they are."""


def costs(fields: dict[str, Any]) -> dict[str, Any]:
    """What one sample that leaves the last stage costs, in seconds: all, and each stage's part.

    `seconds` are those of a first pass, `later` those of the next ones, in which caches are
    full, where that could be measured.
    `fields`: those of `stage.blamed`, with the script `stages`; `ends`, the stages in order,
    as [end, the ends that feed it, whether its elements are batches].
    """
    with blamed(fields):
        made = getattr(made_of(fields, fields["stages"]), FUNCTION)()
        found: dict[str, _Pace] = {}
        own: dict[str, float] = {}
        until = time.perf_counter() + BETWEEN
        for end, feeding, batched in fields["ends"]:
            if not hasattr(made.get(end), "element_spec"):
                continue  # a table, or the like
            left = max(LEAST, min(SECONDS, until - time.perf_counter()))
            pace = found[end] = _pace(end, made[end], batched, left)
            # What feeds it has been gone through, so that its caches are full by now.
            before = sum(
                found[each].later * _each(found[each], pace) for each in feeding if each in found
            )
            own[end] = max(pace.first - before, 0.0)
        last = found.get(fields["ends"][-1][0])
        if last is None:
            raise Fault(f'"{fields["node"]}" gives no dataset.')
    rows = [{"end": end, "own": own[end] * _each(found[end], last)} for end in own]
    return {
        "stages": rows,
        "seconds": sum(row["own"] for row in rows),
        "later": last.later if last.whole and any(each.kept for each in found.values()) else None,
    }


class _Pace:
    """Seconds of a sample, in the first pass and then; and all samples, where it came so far.

    `kept` says that a cache was filled in between.
    """

    def __init__(self, first: float, later: float, whole: float | None, kept: bool):
        self.first, self.later, self.whole, self.kept = first, later, whole, kept


def _each(pace: _Pace, last: _Pace) -> float:
    """How many samples of a stage there must be for one of a later: a filter may leave few."""
    return pace.whole / last.whole if pace.whole and last.whole else 1.0


def _pace(end: str, dataset: Any, batched: bool, seconds: float) -> _Pace:
    """Goes through a dataset, then again and again, with what its caches have and in long steps."""
    samples, size = _looked_at(end, dataset, batched)
    first = _pass(dataset, FEW, seconds)
    most = max(FEW, min(MOST, BYTES // max(size, 1)))
    width = max(FEW, min(most, round(STEP / max(first.each, 1e-9))))
    then = _pass(dataset.repeat(), width, seconds / 2).each
    # A short pass is mostly what TensorFlow takes to begin; and what is no cache gains nothing.
    lasting = first.whole and first.last > LASTING and first.each > 2 * then
    once = first.steady if lasting else then
    whole = first.elements * samples if first.whole else None
    return _Pace(once / samples, then / samples, whole, lasting)


class _Pass:
    """How far a pass came in how many seconds, and how far it was with its first step."""

    def __init__(self) -> None:
        self.elements = self.begun = 0
        self.marked = self.last = 0.0
        self.whole = False

    @property
    def each(self) -> float:
        """Seconds of an element.

        Of a pass that didn't come to its end, what had to be done before the first element
        came, as the filling of a buffer, isn't counted: it is done for many more.
        """
        if self.whole or self.elements <= self.begun:
            return self.last / max(self.elements, 1)
        return self.steady

    @property
    def steady(self) -> float:
        """Seconds of an element behind the first step."""
        more = self.elements - self.begun
        return (self.last - self.marked) / more if more else self.last / max(self.elements, 1)


def _pass(dataset: Any, width: int, seconds: float) -> _Pass:
    """Goes through a dataset for so long. Windows hand elements on without a call for each."""
    import tensorflow as tf

    found = _Pass()
    begun = time.perf_counter()
    for some in dataset.window(width):
        found.elements += int(tf.nest.flatten(some)[0].cardinality())  # a dataset for each tensor
        found.last = time.perf_counter() - begun
        if not found.begun:
            found.begun, found.marked = found.elements, found.last
        elif found.last > seconds:
            return found
    found.last, found.whole = time.perf_counter() - begun, True
    return found


def _looked_at(end: str, dataset: Any, batched: bool) -> tuple[float, int]:
    """(samples, bytes) of an element, as those of the first few are."""
    import tensorflow as tf

    looked = samples = size = 0
    for element in dataset.take(LOOKED_AT):
        looked += 1
        parts = tf.nest.flatten(element, expand_composites=True)
        samples += _rows(tf.nest.flatten(element)[0]) if batched else 1
        size += sum(_bytes(part) for part in parts if tf.is_tensor(part))
    if not samples:
        raise Fault(f'"{end.removesuffix(".output")}" gives no elements.')
    return samples / looked, size // looked


def _rows(leaf: Any) -> int:
    """How many samples a batch has."""
    return int(leaf.nrows() if hasattr(leaf, "nrows") else leaf.shape[0])


def _bytes(tensor: Any) -> int:
    return (
        64
        if tensor.dtype.name == "string"
        else tensor.dtype.size * int(tensor.shape.num_elements())
    )
