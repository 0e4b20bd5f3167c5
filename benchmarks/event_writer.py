"""A process that writes the events of a run, as a training of so many steps a second would.

    python benchmarks/event_writer.py --minutes M [--rate 2000] [--metrics 20] [--fast] FOLDER

It writes every 10 ms what came since; with `--fast` as fast as the disk takes it, with the times
that the events would have. An epoch is five seconds, with a checkpoint behind it; every two
seconds the machine is told of.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import time
from collections.abc import Iterator
from pathlib import Path

from studio.engine import events, process

EPOCH, MACHINE = 5.0, 2.0
"""Seconds."""

MANY = 2000
"""Texts of metrics that are made before, and told again and again a little changed."""


def texts(count: int) -> list[str]:
    """The metrics of steps, as JSON; the loss, which changes, comes first."""
    draw = random.Random(7)
    names = [f"metric_{number:02}" for number in range(1, count)]
    found = []
    for _ in range(MANY):
        rest = ",".join(f'"{name}":{draw.gauss(0.5, 0.1):.16f}' for name in names)
        found.append(f'"metrics":{{"loss":%.16f,{rest}}}}}\n')
    return found


def story(seconds: float, rate: int, metrics: int) -> Iterator[tuple[float, str]]:
    """Pairs of seconds since the beginning, and what is to be written then."""
    made, began, epoch = texts(metrics), time.time(), 1
    steps, draw = round(EPOCH * rate), random.Random(3)

    def told(kind: str, at: float, **fields: object) -> str:
        line = {"event": kind, "time": round(began + at, 4)} | fields
        return json.dumps(line, separators=(",", ":")) + "\n"

    yield 0.0, told("state", 0, state="running")
    yield 0.0, told("plan", 0, epochs=math.ceil(seconds / EPOCH), steps=steps)
    machine = {"cpu": 60.0, "memory": 7e9, "total": 16e9, "cores": 4}
    next_machine = 0.0
    for step in range(1, round(seconds * rate) + 1):
        at = step / rate
        loss = 2 * math.exp(-at / 300) + 0.3 + draw.gauss(0, 0.05)
        head = f'{{"event":"step","time":{began + at:.4f},"step":{step},"epoch":{epoch},'
        yield at, head + made[step % MANY] % loss
        if at >= next_machine:
            next_machine += MACHINE
            yield at, told("resources", at, cpu=150.0, memory=9e8, gpus=[], machine=machine)
        if step % steps == 0:
            figures = {"loss": loss, "val_loss": loss + 0.1, "accuracy": 1 / (1 + loss)}
            yield at, told(
                "epoch", at, epoch=epoch, step=step, seconds=5.0, learning_rate=0.001,
                metrics=figures,
            )  # fmt: skip
            yield at, told("checkpoint", at, path=f"checkpoints/{epoch:06}", step=step)
            epoch += 1
    yield seconds, told("state", seconds, state="completed")


def main() -> None:
    """Writes, and ends."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--minutes", type=float, required=True)
    parser.add_argument("--rate", type=int, default=2000)
    parser.add_argument("--metrics", type=int, default=20)
    parser.add_argument("--fast", action="store_true")
    options = parser.parse_args()
    process.note(options.folder)
    waiting: list[str] = []
    with (options.folder / events.NAME).open("a", encoding="utf-8") as file:
        began, due = time.perf_counter(), 0.0
        for at, text in story(60 * options.minutes, options.rate, options.metrics):
            waiting.append(text)
            if at < due:
                continue
            due = at + 0.01
            if not options.fast:
                time.sleep(max(0.0, began + at - time.perf_counter()))
            file.write("".join(waiting))
            file.flush()
            waiting.clear()
        file.write("".join(waiting))
    (options.folder / process.NAME).unlink(missing_ok=True)


if __name__ == "__main__":
    main()
