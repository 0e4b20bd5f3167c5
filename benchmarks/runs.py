"""How long a list of a thousand runs takes.

    python benchmarks/runs.py [--rounds N] [--runs N]

Wanted: `studio runs` over 1,000 runs at most 0.5 s as a whole process. Wall time,
and the time of the processor beside it, which doesn't hang on what else the machine does. The bare
start of Python is printed, too, so that the machine can be judged. A plot of a million steps is in
`plots.py`.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from studio.engine import events

BEGAN = 1_760_000_000.0


def line(event: str, at: float, **fields: object) -> str:
    """An event as Studio writes it."""
    told = {"event": event, "time": round(BEGAN + at, 4)} | fields
    return json.dumps(told, separators=(",", ":"))


def metrics(names: str, draw: random.Random) -> dict[str, float]:
    return {name: draw.random() for name in names.split()}


def story(epochs: int, steps: int, told: int) -> list[str]:
    """The events of a run, a step event every `told` steps."""
    draw = random.Random(7)
    lines = [line("state", 0, state="queued"), line("state", 5, state="running")]
    lines.append(line("plan", 6, epochs=epochs, steps=steps))
    for epoch in range(1, epochs + 1):
        for step in range((epoch - 1) * steps + 1, epoch * steps + 1, told):
            found = metrics("accuracy loss", draw)
            lines.append(line("step", 6 + step / 200, step=step, epoch=epoch, metrics=found))
        found = metrics("accuracy loss val_accuracy val_loss", draw)
        at, step = 6 + epoch * steps / 200, epoch * steps
        lines.append(line("epoch", at, epoch=epoch, step=step, seconds=1.5, metrics=found))
    return lines


def write_runs(place: Path, count: int) -> None:
    """Runs of twenty epochs, 500 steps told of each: 60 KB of events."""
    lines = story(20, 300, 12)
    lines.append(line("test", 90, metrics={"accuracy": 0.9, "loss": 0.3}))
    content = "\n".join([*lines, line("state", 91, state="completed"), ""])
    for number in range(count):
        stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime(BEGAN + 600 * number))
        folder = place / f"{stamp}-digits"
        folder.mkdir(parents=True)
        (folder / events.NAME).write_text(content)


def of_process(arguments: list[str]) -> tuple[float, float]:
    """Wall and processor seconds of a whole process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    subprocess.run(arguments, check=True, stdout=subprocess.DEVNULL)
    wall = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, sum(getattr(after, t) - getattr(before, t) for t in ("ru_utime", "ru_stime"))


def of_call(call: Callable[[], object]) -> tuple[float, float]:
    """Wall and processor seconds of a call."""
    began, used = time.perf_counter(), time.process_time()
    call()
    return time.perf_counter() - began, time.process_time() - used


def tell(what: str, times: list[tuple[float, float]], wanted: float) -> None:
    walls, used = zip(*times, strict=True)
    print(
        f"{what:44} median {statistics.median(walls):.3f} s  worst {max(walls):.3f} s  "
        f"CPU {statistics.median(used):.3f} s  wanted <= {wanted} s"
    )


def lists(count: int, rounds: int) -> None:
    """`studio runs`, as a person types it, and as JSON."""
    with tempfile.TemporaryDirectory() as place:
        write_runs(Path(place), count)
        for more in ([], ["--json"]):
            command = [sys.executable, "-m", "studio", "runs", "--runs", place, *more]
            times = [of_process(command) for _ in range(rounds)]
            tell(" ".join(["studio runs", *more, f"({count:,} runs)"]), times, 0.5)


def main() -> None:
    """Prints the medians, the worst and the processor's time of each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--runs", type=int, default=1000)
    options = parser.parse_args()
    bare = [of_process([sys.executable, "-c", "pass"]) for _ in range(options.rounds)]
    print(f"python -c pass: {statistics.median(wall for wall, _ in bare) * 1000:.0f} ms")
    lists(options.runs, options.rounds)


if __name__ == "__main__":
    main()
