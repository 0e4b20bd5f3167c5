"""What a run is asked to do, said through its folder, so that any process can say it."""

from __future__ import annotations

import contextlib
from pathlib import Path

FOLDER = "control"
STOP = "stop"
PAUSE = "pause"
KEEP_BEST = "keep-best"
"""Beside the word to stop: the model that is left is that of the best epoch."""

WORDS = (STOP, PAUSE, KEEP_BEST)


def ask(run: Path, word: str) -> None:
    """Asks a run to stop, or to wait; it does so behind the step it is at."""
    folder = run / FOLDER
    folder.mkdir(exist_ok=True)
    (folder / word).touch()


def asked(run: Path, word: str) -> bool:
    """Whether a run has been asked."""
    return (run / FOLDER / word).exists()


def withdraw(run: Path, *words: str) -> None:
    """Takes back what a run was asked."""
    for word in words:
        with contextlib.suppress(FileNotFoundError):
            (run / FOLDER / word).unlink()
