"""What leaves a stage of the data, looked at in the warm process: its first elements, and figures.

A thread goes through the dataset. When the time is up it is left where it is,
and what it has found is answered.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from studio.engine.kept import Kept
from studio.engine.own_code import Fault, Last
from studio.engine.stage import blamed, dataset
from studio.engine.tensors import (
    Part,
    Range,
    Words,
    is_picture,
    is_wave,
    numbers,
    parts_of,
    picture,
    plain,
    wave,
)

TAKE, MOST_TAKEN = 8, 256
WITHIN = 3.0
"""Seconds in which the elements that are asked for should be there, once the dataset is made."""

LOOKED_AT = 1000
"""Elements, or rows of batches, that ranges and classes are counted over."""

AT_A_GLANCE, AT_LEAST = 0.15, 0.03
"""Seconds from the question on in which more elements are looked at than are shown, for figures
alone: somebody waits. And how many they are at least."""

TO_END = 0.3
"""Seconds in which an element that is late may still come; a process in which it hangs must end."""

CLASSES = 100
"""Labels that differ more are no classes."""

KEPT = Kept()


def preview(fields: dict[str, Any]) -> dict[str, Any] | Last:
    """The spec of the elements, how many there are, the first `take` of them, and their figures.

    `fields`: those of `stage.dataset` and `stage.blamed`; `take`; `within`,
    seconds; `glance`, seconds for more than these, for figures alone; `batched`,
    whether elements are batches, whose `rows` are then shown too; `rate`, the sample
    rate of sounds, where it is known; `moved`, whether stages stand in another order;
    `kept`, which stages may be kept, and `fresh`, whether what is kept is to be forgotten.
    """
    if not fields.get("kept"):
        return _answer(fields, dataset)
    if fields.get("fresh"):
        KEPT.forget()
    try:
        found = _answer(fields, KEPT.dataset)
        failed = not isinstance(found, Last) and "error" in found
    except Fault:
        found, failed = None, True
        if not KEPT.used:
            raise
    if failed and KEPT.used:
        # What is kept was made by the lines of another script, so all is made again to tell where.
        KEPT.forget()
        return _answer(fields, KEPT.dataset)
    return found


def _answer(fields: dict[str, Any], make: Callable[[dict[str, Any]], Any]) -> dict[str, Any] | Last:
    begun = time.perf_counter()
    with blamed(fields):
        made = make(fields)
        looked = _Look(made, fields, begun)
        build = time.perf_counter() - begun
        looked.go(fields.get("within") or WITHIN)
        if looked.error is not None and not looked.elements:
            raise looked.error
        found = looked.as_json()
    if looked.error is not None:
        try:
            with blamed(fields):
                raise looked.error
        except Fault as fault:
            found["error"] = str(fault)
    found["build_seconds"] = build
    return Last(found) if looked.hangs() else found


class _Look:
    """A look at a dataset, as far as it has come."""

    def __init__(self, made: Any, fields: dict[str, Any], begun: float):
        self.made = made
        self._glance = begun + (fields.get("glance") or AT_A_GLANCE)
        self.take = max(1, min(int(fields.get("take") or TAKE), MOST_TAKEN))
        self.batched = bool(fields.get("batched"))
        self.rate = fields.get("rate")
        kept = fields.get("kept") or {}
        self._moved = bool(fields.get("moved") or kept.get("elements"))
        self.parts = parts_of(made.element_spec)
        self.elements: list[Any] = []
        self.rows: list[Any] = []
        self.error: BaseException | None = None
        self.complete = False
        self._ranges = [Range() for _ in self.parts]
        self._words = {
            i: Words()
            for i, part in enumerate(self.parts)
            if part.tensor and part.spec.dtype.name == "string"
        }
        self._counts = {i: Counter() for i, part in enumerate(self.parts) if self._is_label(part)}
        self._passed = self._looked = 0
        self._seconds = 0.0
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, name="preview", daemon=True)

    def go(self, within: float) -> None:
        """Looks until all is seen, or the time is up."""
        self._thread.start()
        self._done.wait(within)
        self._stop.set()

    def hangs(self) -> bool:
        """Whether the element that it waits for doesn't come."""
        self._thread.join(TO_END)
        return self._thread.is_alive()

    def _run(self) -> None:
        try:
            self._through()
        except BaseException as error:
            self.error = error
        self._done.set()

    def _through(self) -> None:
        iterator = iter(self.made)
        until = None
        while not self._stop.is_set():
            begun = time.perf_counter()
            try:
                element = next(iterator)
            except StopIteration:
                self.complete = True
                return
            took = time.perf_counter() - begun
            with self._lock:
                self._take(element, took)
            if len(self.elements) >= self.take:
                until = until or max(self._glance, time.perf_counter() + AT_LEAST)
                if self._looked >= LOOKED_AT or time.perf_counter() > until:
                    return

    def _take(self, element: Any, took: float) -> None:
        if self._stop.is_set():
            return
        self._passed += 1
        if self._passed > 1:  # the first begins whatever is needed to give elements at all
            self._seconds += took
        values = [part.of(element) for part in self.parts]
        rows = _rows(values) if self.batched else 1
        if len(self.elements) < self.take:
            self.elements.append(values)
            for row in range(min(rows, self.take - len(self.rows)) if self.batched else 0):
                self.rows.append([value[row] for value in values])
        if self._looked >= LOOKED_AT:
            return
        self._looked += rows
        for index, (part, value) in enumerate(zip(self.parts, values, strict=True)):
            if part.tensor and part.spec.dtype.name != "string":
                self._ranges[index].take(value)
            if index in self._words:
                self._words[index].take(value)
            if index in self._counts:
                self._counts[index].update(numbers(value).reshape(-1).tolist())

    def _is_label(self, part: Part) -> bool:
        """Whether it is one whole number for each sample, which is to be predicted."""
        if not part.tensor or part.ragged or not part.path or part.path[0] != 1:
            return False
        shape = part.spec.shape.as_list() if part.spec.shape.rank is not None else None
        own = shape if shape is None or not self.batched else shape[1:]
        return own in ([], [1]) and (part.spec.dtype.is_integer or part.spec.dtype.is_bool)

    def as_json(self) -> dict[str, Any]:
        """What was seen."""
        import tensorflow as tf

        count = int(self.made.cardinality())
        known = {tf.data.INFINITE_CARDINALITY: "infinite", tf.data.UNKNOWN_CARDINALITY: "unknown"}
        with self._lock:
            ranges = [each.as_json() for each in self._ranges]
            found = {
                "spec": [part.as_json() for part in self.parts],
                "cardinality": known.get(count, count),
                "elements": [
                    self._element(values, None if self.batched else ranges)
                    for values in self.elements
                ],
                "ranges": ranges,
                "texts": [
                    self._words[index].as_json() if index in self._words else None
                    for index in range(len(self.parts))
                ],
                "classes": self._classes(),
                "looked_at": self._looked,
                "per_second": self._speed(),
                "complete": self.complete,
                "late": not self._done.is_set(),
            }
            if self.batched:
                found["rows"] = [self._element(values, ranges) for values in self.rows]
        return found

    def _speed(self) -> float | None:
        """Elements a second, behind the first; None where too few were seen to tell.

        Nor is it told of stages in another order than that of the pipeline, or of
        elements that were kept.
        """
        if self._moved:
            return None
        return (self._passed - 1) / self._seconds if self._passed > 2 and self._seconds else None

    def _element(self, values: list[Any], ranges: list[Any] | None) -> list[dict[str, Any]]:
        """Each tensor; with the ranges they are drawn by, what there is to be seen of it."""
        if ranges is None:
            return [plain(value) for value in values]
        return [
            plain(value) | self._drawn(value, known)
            for value, known in zip(values, ranges, strict=True)
        ]

    def _drawn(self, value: Any, known: dict[str, Any] | None) -> dict[str, Any]:
        """The picture or wave of a tensor that has one."""
        if known is None or known["min"] is None or hasattr(value, "row_lengths"):
            return {}
        shape, dtype = value.shape.as_list(), value.dtype.name
        if is_picture(shape, dtype):
            png = picture(value, float(known["min"]), float(known["max"]))
            return {"png": png} if png else {}
        if is_wave(shape, dtype):
            drawn = wave(value, self.rate)
            return {"wave": drawn} if drawn else {}
        return {}

    def _classes(self) -> list[dict[str, Any]]:
        """How often each label was seen."""
        return [
            {
                "path": self.parts[index].path,
                "counts": [[value, counts[value]] for value in sorted(counts)],
                "of": sum(counts.values()),
            }
            for index, counts in self._counts.items()
            if 0 < len(counts) <= CLASSES
        ]


def _rows(values: list[Any]) -> int:
    """Samples in a batch."""
    sizes = [int(value.shape[0]) for value in values if value.shape.rank]
    return min(sizes, default=1)
