"""The warm process: `python -m studio.engine.answers` has TensorFlow loaded and answers questions.

How it is talked to is said in studio/engine/answering.py; whoever asks it is studio/engine/warm.py.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from studio.engine.answering import converse
from studio.engine.autograph import autograph
from studio.engine.costs import costs
from studio.engine.environment import devices, versions
from studio.engine.inside.question import activations
from studio.engine.layers import layer
from studio.engine.preview import preview
from studio.engine.range_test import range_test
from studio.engine.rate import rate
from studio.engine.records import records
from studio.engine.stages import stage
from studio.engine.step_times import step_times
from studio.engine.stored_checkpoint import checkpoint


def ping(fields: dict[str, Any]) -> dict[str, Any]:
    """The versions and devices that answers come from."""
    return {"versions": versions(), "devices": devices(), "process": os.getpid()}


# What can be asked: a function of the question's fields, which returns a JSON
# value or raises Fault. The user's own code comes in the field "code", and in
# no other: that is what warm.py lets through only for a project that is trusted.
KINDS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "ping": ping,
    "layer": layer,
    "stage": stage,
    "preview": preview,
    "rate": rate,
    "costs": costs,
    "records": records,
    "checkpoint": checkpoint,
    "step_times": step_times,
    "autograph": autograph,
    "range_test": range_test,
    "activations": activations,
}


def main() -> None:
    """Answers until its input ends."""
    converse(KINDS, _load)


def _load() -> None:
    import tensorflow  # noqa: F401


if __name__ == "__main__":
    main()
