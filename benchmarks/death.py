"""From the death of a training to the sentence that tells it.

    python benchmarks/death.py [--rounds N]

Each round starts a real run twice, kills its process by SIGKILL while it trains, and measures how
long it takes until its end is told: by the one that started it, and by one that has found it (as
the app does after a restart). Both look every 50 ms. Wanted: 2 s at most.
"""

from __future__ import annotations

import argparse
import os
import signal
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from msgspec.structs import replace

from studio.engine.run import Run, attach, start
from studio.graph.file import load
from studio.graph.templates import copy

EACH = 0.05


def until(wanted: Callable[[], bool], run: Run) -> float:
    """Follows a run until something is so; returns the seconds that took."""
    begun = time.perf_counter()
    while not wanted():
        run.poll()
        time.sleep(EACH)
    return time.perf_counter() - begun


def measure(project, folder: Path, runs: Path, found: bool) -> float:
    """Seconds from the kill to the told end."""
    run = start(project, folder, runs)
    until(lambda: run.progress.epoch > 3, run)
    follower = attach(run.folder) if found else run
    follower.poll()
    begun = time.perf_counter()
    os.kill(run.process.pid, signal.SIGKILL)
    until(lambda: follower.progress.ended, follower)
    assert follower.progress.state == "failed"
    return time.perf_counter() - begun


def main() -> None:
    """Measures both followers in turns."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as place:
        path = copy("penguins", Path(place) / "penguins")
        project = load(path)
        training = replace(project.training, epochs=100_000, callbacks=())
        project = replace(project, training=training)
        times: dict[str, list[float]] = {"that started it": [], "that found it": []}
        for _ in range(rounds):
            for name, measured in times.items():
                found = name == "that found it"
                measured.append(measure(project, path.parent, Path(place) / "runs", found))
    for name, measured in times.items():
        print(
            f"one {name:16} {statistics.median(measured):.2f} s (median of {rounds}), "
            f"{max(measured):.2f} s at most"
        )


if __name__ == "__main__":
    main()
