"""Where a run keeps what is seen inside its model, and how it is asked for that."""

from __future__ import annotations

import shutil
from pathlib import Path

from studio.engine import control

FOLDER = "inside"
BATCH = f"{FOLDER}/batch"
HISTOGRAMS = f"{FOLDER}/histograms.jsonl"
LOG = f"{FOLDER}/log.txt"

ASKED = "inside"
"""The word by which a run is asked."""

SHARE = 0.02
"""The part of a training's time that looking may take, once it has begun."""


def ask(run: Path, on: bool = True) -> None:
    """Asks a run to show what goes on inside, or no longer; any process can."""
    if on:
        control.ask(run, ASKED)
    else:
        control.withdraw(run, ASKED)


def asked(run: Path) -> bool:
    """Whether a run has been asked."""
    return control.asked(run, ASKED)


def forget_batch(run: Path) -> None:
    """Removes the batch that was kept to look with."""
    shutil.rmtree(run / BATCH, ignore_errors=True)
