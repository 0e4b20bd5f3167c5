"""A model that takes one picture, asked about drawings: as the served model is, by its process."""

from __future__ import annotations

import contextlib
import math
import threading
from concurrent.futures import CancelledError, Future
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from studio.engine.serving.refusal import Refusal
from studio.engine.serving.requests import one_row
from studio.engine.serving.signature import DEFAULT, RAW, Signature, Tensor, signatures
from studio.engine.trained import Trained, trained
from studio.engine.warm import Answer, Warm
from studio.graph.problems import StudioError
from studio.graph.targets import Target, targets

SECONDS = 20.0
"""How long an answer may take."""

SMALLEST, LARGEST = 4, 512
"""Pixels of a side between which a picture can be drawn."""


class Style(Struct, frozen=True):
    """What the pictures of the training are like, as studio/engine/serving/style.py says them.

    Where nothing is known of them (`known`) they are taken to be bright on dark, from 0 to 1.
    """

    low: float = 0.0
    high: float = 1.0
    bright: bool = False
    size: float = 0.75
    x: float = 0.5
    y: float = 0.5
    pen: float = 0.12
    known: bool = False


class Sketch(Struct, frozen=True):
    """What is drawn for a model: an input, of a picture's shape, and what its outputs stand for."""

    signature: Signature
    targets: tuple[Target, ...]
    style: Style = Style()

    @property
    def tensor(self) -> Tensor:
        """The picture."""
        return self.signature.inputs[0]

    @property
    def size(self) -> tuple[int, int]:
        """Its width and height."""
        high, wide = self.tensor.shape[:2]
        return wide, high

    @property
    def channels(self) -> int:
        """How many numbers a pixel is: 1 or 3."""
        return self.tensor.shape[2] if len(self.tensor.shape) == 3 else 1


def sketch_of(run: Trained) -> Sketch | None:
    """What can be drawn for the model of a run; None where it takes something else.

    Rows as the data have them come first: they then go through the same stages as those of the
    training.
    """
    try:
        found = signatures(run)
    except StudioError:
        return None
    for name in (RAW, DEFAULT):
        if name in found and found[name].single and _is_picture(found[name].inputs[0]):
            return Sketch(found[name], targets(run.project, run.report.shapes))
    return None


def _is_picture(tensor: Tensor) -> bool:
    shape = tensor.shape
    if shape is None or tensor.ragged or tensor.dtype in ("string", "bool"):
        return False
    if len(shape) not in (2, 3) or not all(size for size in shape):
        return False
    if not all(SMALLEST <= side <= LARGEST for side in shape[:2]):
        return False
    return len(shape) == 2 or shape[2] in (1, 3)


class Drawing:
    """The process of a run's model, for drawings. `look` and `begin` wait; a thread calls them."""

    def __init__(self, folder: Path):
        self.folder = folder
        self._run: Trained | None = None
        self._warm: Warm | None = None
        self._closed = False
        self._lock = threading.Lock()

    def look(self) -> Sketch | None:
        """What can be drawn for the model; None where nothing can."""
        try:
            self._run = trained(self.folder)
        except StudioError:
            return None
        return sketch_of(self._run)

    def begin(self, sketch: Sketch) -> Sketch:
        """Loads the model, and says what its pictures are like; StudioError where it can't be."""
        if self._run is None:
            self._run = trained(self.folder)
        warm = self._process()
        if warm is None:
            raise StudioError(_CLOSED)
        answer = self._wait(warm.ask("hello"))
        if not warm.ready:
            raise StudioError(answer.error or _CLOSED)
        from studio.engine.serving.sample import picture_style

        try:
            told = picture_style(warm, self._run, sketch.signature)
            style = msgspec.convert(told | {"known": True}, Style) if told else Style()
        except (CancelledError, msgspec.ValidationError):
            style = Style()
        begun = msgspec.structs.replace(sketch, style=style)
        # The first of its kind takes longer.
        wide, high = begun.size
        ground = style.high if style.bright else style.low
        self._wait(self.ask(begun, [ground] * (wide * high)))
        if self._closed:
            raise StudioError(_CLOSED)
        return begun

    @staticmethod
    def _wait(future: Future[Answer]) -> Answer:
        try:
            return future.result()
        except CancelledError:
            return Answer(error=_CLOSED, reason="closed")

    def _process(self) -> Warm | None:
        from studio.engine.serving.server import model_process

        with self._lock:
            if self._closed or self._run is None:
                return None
            if self._warm is None:
                self._warm = model_process(self._run, signatures(self._run))
            return self._warm

    def ask(self, sketch: Sketch, pixels: list[float]) -> Future[Answer]:
        """Asks about a picture, its pixels row by row, each with all its channels.

        The future gives an Answer with `text`, JSON of each output by its name (the only one: as
        it is), or an `error`.
        """
        warm = self._process()
        if warm is None:
            future: Future[Answer] = Future()
            future.set_result(Answer(error=_CLOSED, reason="closed"))
            return future
        tensor = sketch.tensor
        whole = "int" in tensor.dtype
        values = [round(each) for each in pixels] if whole else pixels
        try:
            request = one_row({tensor.name: _nested(values, tensor.shape)}, sketch.signature)
        except Refusal as refusal:
            future = Future()
            future.set_result(Answer(error=str(refusal), reason="failed"))
            return future
        fields = request.fields() | {"columns": True}
        return warm.ask("predict", seconds=SECONDS, **fields)

    def close(self) -> None:
        """Ends the process, whatever it does."""
        with self._lock:
            self._closed = True
            warm = self._warm
        if warm is not None:
            warm.close()


_CLOSED = "The model's process was ended."


def _nested(values: list[Any], shape: tuple[int, ...]) -> list[Any]:
    for size in reversed(shape[1:]):
        values = [values[at : at + size] for at in range(0, len(values), size)]
    return values


class Said(Struct, frozen=True):
    """What an output says of a drawing: each name with its probability, or plain numbers."""

    output: str
    likely: tuple[tuple[str, float], ...] = ()
    values: tuple[float, ...] = ()
    shape: tuple[int, ...] = ()


def said_of(answer: Answer, sketch: Sketch) -> list[Said]:
    """What each output says; StudioError where there is no answer."""
    if answer.error:
        raise StudioError(answer.error)
    if "error" in answer.result:
        raise StudioError(answer.result["error"])
    told = msgspec.json.decode(answer.result["text"])
    several = len(sketch.targets) > 1
    found = []
    for target in sketch.targets:
        column = told.get(target.output) if several and isinstance(told, dict) else told
        if isinstance(column, list) and column:
            found.append(_said(target, column[0]))
    return found


def _said(target: Target, row: Any) -> Said:
    values, shape = _flat(row)
    if len(shape) != 1 or target.kind == "values" or not values:
        return Said(target.output, values=tuple(values), shape=tuple(shape))
    if target.kind == "classes":
        chances = _softmax(values) if target.logits else values
        names = target.names
    else:
        chances = [_sigmoid(each) for each in values] if target.logits else values
        names = target.names
        if target.kind == "binary":
            chances = [1 - chances[0], chances[0]]
    return Said(target.output, tuple(zip(names, chances, strict=False)))


def _flat(value: Any) -> tuple[list[float], list[int]]:
    """All numbers in lists of lists, and how many there are on each level."""
    values, shape = value if isinstance(value, list) else [value], []
    while values and isinstance(values[0], list):
        shape.append(len(values) // math.prod(shape))
        values = [each for part in values for each in part]
    shape.append(len(values) // math.prod(shape))
    return [float(each) for each in values if isinstance(each, int | float)], shape


def _softmax(values: list[float]) -> list[float]:
    highest = max(values)
    powers = [math.exp(each - highest) for each in values]
    return [each / sum(powers) for each in powers]


def _sigmoid(value: float) -> float:
    with contextlib.suppress(OverflowError):
        return 1 / (1 + math.exp(-value))
    return 0.0
