"""Time to the first training step: `studio run` against the script alone, in turns.

    python benchmarks/start.py [TEMPLATE] [--times N]

Wanted: at most 0.5 s more. Prints seconds, medians of N.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[1]

ALONE = """
import os, time
import keras
import train

class First(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        print(f"first step {time.time()}", flush=True)
        os._exit(0)

train.main([First()])
"""


def alone(folder: Path) -> float:
    """Seconds from the start of the script's process to the end of its first step."""
    began = time.time()
    done = subprocess.run(
        [sys.executable, "-c", ALONE], cwd=folder, capture_output=True, text=True, check=False
    )
    line = next(line for line in done.stdout.splitlines() if line.startswith("first step "))
    return float(line.split()[-1]) - began


def made(place: Path, template: str) -> tuple[Path, Path]:
    """A project of a template, and the folder of its script."""
    studio = [sys.executable, "-m", "studio"]
    project, script = place / "project", place / "script" / "train.py"
    subprocess.run([*studio, "new", template, str(project)], cwd=ROOT, check=True)
    script.parent.mkdir()
    subprocess.run([*studio, "script", str(project), "-o", str(script)], cwd=ROOT, check=True)
    return project, script.parent


def with_studio(project: Path, runs: Path) -> float:
    """Seconds from the start of `studio run` to the event of the first step."""
    began = time.time()
    command = [sys.executable, "-m", "studio", "run", str(project), "--runs", str(runs), "--json"]
    done = subprocess.run(
        [*command, "--epochs", "1"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    folder = Path(json.loads(done.stdout)["folder"])
    lines = (folder / "events.jsonl").read_text(encoding="utf-8").splitlines()
    events = [json.loads(line) for line in lines]
    return next(event["time"] for event in events if event["event"] == "step") - began


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("template", nargs="?", default="digits_cnn")
    parser.add_argument("--times", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        project, script = made(Path(place), options.template)
        times: dict[str, list[float]] = {"python train.py": [], "studio run": []}
        for _ in range(options.times):
            times["python train.py"].append(alone(script))
            times["studio run"].append(with_studio(project, Path(place) / "runs"))
    for name, values in times.items():
        print(f"{name:16} {median(values):6.2f} s  ({min(values):.2f} to {max(values):.2f})")
    more = median(times["studio run"]) - median(times["python train.py"])
    print(f"{'more':16} {more:+6.2f} s  {'' if more <= 0.5 else '<-- more than 0.5 s'}")


if __name__ == "__main__":
    main()
