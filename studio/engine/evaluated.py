"""The evaluations that lie in a run: artifacts/evaluation/SPLIT/evaluation.json."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

PLACE = "artifacts/evaluation"
FILE = "evaluation.json"
VERSION = 1
"""Of the form of evaluation.json; a later one may have more fields, which are then passed over."""

EACH = 24
"""Samples of a cell of a confusion matrix that are kept, at most."""

LARGEST = 64 << 20
"""Bytes of kept samples that are looked through."""

SPLITS = ("test", "validation", "train")


class Figures(Struct):
    """The figures of an output that stand for all of it."""

    kind: str = ""
    accuracy: float | None = None
    mae: float | None = None


class Evaluated(Struct):
    """An evaluation, as far as a line about it needs."""

    evaluation: int
    run: str
    split: str
    samples: int
    epoch: int = 0
    step: int = 0
    outputs: dict[str, Figures] = {}


def evaluations(folder: Path, epoch: int, step: int) -> list[dict[str, Any]]:
    """Those in a run's folder, in the order test, validation, train; what is damaged is left out.

    Each has `split`, `samples`, `folder` (in the run's), `figures` by output, and `earlier`:
    whether the run has gone on since, to this `epoch` and `step`, so that its model is another.
    """
    found = []
    for split in SPLITS:
        try:
            content = (folder / PLACE / split / FILE).read_bytes()
            known = msgspec.json.decode(content, type=Evaluated)
        except (OSError, msgspec.DecodeError):
            continue
        found.append(
            {
                "split": split,
                "samples": known.samples,
                "folder": f"{PLACE}/{split}",
                "figures": {
                    name: {each: value for each, value in _figures(one) if value is not None}
                    for name, one in known.outputs.items()
                },
                "earlier": (known.epoch, known.step) != (epoch, step),
            }
        )
    return found


def samples_of(file: Path, cells: Callable[[int, int], bool]) -> list[dict[str, Any]]:
    """The samples that an evaluation has kept of some cells, the highest loss first.

    `file` is what `cells` of an output names, a line a cell; only the wanted ones are read. Of a
    yes or no the second number of a cell is the tenth of the probability. What is damaged is left
    out.
    """
    found: list[dict[str, Any]] = []
    try:
        if file.stat().st_size > LARGEST:
            return []
        with file.open("rb") as lines:
            for line in lines:
                head = _CELL.match(line)
                if head is None or not cells(int(head[1]), int(head[2])):
                    continue
                with suppress(msgspec.DecodeError):
                    found += msgspec.json.decode(line, type=_Line).samples
    except OSError:
        return []
    return sorted(found, key=_loss, reverse=True)


_CELL = re.compile(rb'\{"cell":\[(\d+),(\d+)\],')


class _Line(Struct):
    samples: list[dict[str, Any]]


def _loss(sample: dict[str, Any]) -> float:
    loss = sample.get("loss")
    return loss if isinstance(loss, int | float) else 0.0


def _figures(one: Figures) -> list[tuple[str, float | None]]:
    return [("accuracy", one.accuracy), ("mae", one.mae)]
