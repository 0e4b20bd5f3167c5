"""What a run is asked to do, said through its folder, so that any process can say it."""

from __future__ import annotations

from pathlib import Path

FOLDER = "control"
STOP = "stop"


def ask(run: Path, word: str) -> None:
    """Asks a run to stop; it does so behind the step it is at."""
    folder = run / FOLDER
    folder.mkdir(exist_ok=True)
    (folder / word).touch()


def asked(run: Path, word: str) -> bool:
    """Whether a run has been asked."""
    return (run / FOLDER / word).exists()
