"""What it costs to look into a model while it trains.

    python benchmarks/inside.py [--templates NAME ...] [--seconds N]

Wanted: all looks but the first take at most 2 % of the training's time. Each template trains for
some seconds while it is looked into; printed are the number of looks, the milliseconds of the
median one, those of the first, and the share of the time that the run itself has told.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

from msgspec.structs import replace

from studio.engine.events import EventReader
from studio.engine.inside.place import ask
from studio.engine.run import launch, prepare
from studio.graph import templates
from studio.graph.file import load

TEMPLATES = ("digits_mlp", "digits_cnn", "residual_blocks", "attention_encoder")
LONG = 100_000
START = 240.0
"""Seconds in which the first look must have come."""


def measure(name: str, place: Path, seconds: float) -> list[dict]:
    """The looks of one run."""
    folder = templates.copy(name, place / name).parent
    project = load(folder)
    project = replace(project, training=replace(project.training, epochs=LONG, callbacks=[]))
    run_folder = prepare(project, folder, folder / "runs")
    ask(run_folder)
    run, reader = launch(run_folder), EventReader(run_folder)
    looks: list[dict] = []
    until = time.monotonic() + START
    try:
        while time.monotonic() < until and run.process.poll() is None:
            found = [each for each in reader.read() if each["event"] == "inside"]
            if found and not looks:
                until = time.monotonic() + seconds
            looks += found
            time.sleep(0.1)
    finally:
        run.kill()
    return looks


def main() -> int:
    """Prints a line for each template; 1 where one takes more than is wanted."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--templates", nargs="+", default=TEMPLATES)
    parser.add_argument("--seconds", type=float, default=30.0)
    given = parser.parse_args()
    worst = 0.0
    print(f"{'template':20} {'looks':>5} {'median':>9} {'first':>9} {'share':>7}")
    with tempfile.TemporaryDirectory() as place:
        for name in given.templates:
            looks = [each for each in measure(name, Path(place), given.seconds) if "share" in each]
            if len(looks) < 2:
                print(f"{name:20} {len(looks):5}  too few to tell")
                continue
            took = 1000 * statistics.median(each["seconds"] for each in looks[1:])
            first, share = 1000 * looks[0]["first"], looks[-1]["share"]
            worst = max(worst, share)
            print(f"{name:20} {len(looks):5} {took:6.0f} ms {first:6.0f} ms {share:7.2%}")
    return int(worst > 0.02)


if __name__ == "__main__":
    sys.exit(main())
