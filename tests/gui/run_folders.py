"""Runs of a project as their folders say them, without training: events, projects, scripts."""

from __future__ import annotations

import json
from pathlib import Path

from studio.codegen.script import write_script
from studio.graph.file import dumps, loads
from studio.graph.override import override

BEGAN = 1_760_000_000.0


def write_run(
    project: Path,
    number: int,
    settings: tuple[str, ...] = (),
    epochs: int = 6,
    steps: int = 20,
    state: str = "completed",
    change=None,
    script: bool = False,
    **about: object,
) -> Path:
    """One run of a project's folder, begun `number` hours in; its loss falls to 1 / number.

    `settings` are those of --set; `change` may change the project's JSON value further.
    """
    stamp = f"20261{number // 24 % 2}{1 + number // 24 % 28:02}-{number % 24:02}0000"
    folder = project / "runs" / f"{stamp}-{project.name}"
    folder.mkdir(parents=True)
    value = override(json.loads((project / "project.json").read_text()), list(settings))
    if change is not None:
        change(value)
    read, problems = loads(json.dumps(value).encode())
    assert not problems, problems
    (folder / "project.json").write_text(dumps(read))
    if script:
        (folder / "train.py").write_text(write_script(read, project).text)
    lines = story(number, epochs, steps, state)
    text = "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines)
    (folder / "events.jsonl").write_text(text)
    if about:
        (folder / "about.json").write_text(json.dumps(about))
    return folder


def story(number: int, epochs: int, steps: int, state: str) -> list[dict]:
    """The events of a run."""
    began = BEGAN + 3600 * number

    def event(kind: str, at: float, **fields: object) -> dict:
        return {"event": kind, "time": began + at} | fields

    lines = [event("state", 0, state="queued"), event("state", 1, state="running")]
    lines.append(event("plan", 1, epochs=epochs, steps=steps))
    for epoch in range(1, epochs + 1):
        for step in range((epoch - 1) * steps + 1, epoch * steps + 1):
            figures = {"accuracy": 1 - 1 / (step + number), "loss": 1 / number + 1 / step}
            at = 1 + step / 100
            lines.append(event("step", at, step=step, epoch=epoch, metrics=figures))
        figures = {
            "accuracy": 1 - 1 / (epoch + number),
            "loss": 1 / number + 1 / epoch,
            "val_accuracy": 1 - 1.5 / (epoch + number),
            "val_loss": 1.5 / number + 1 / epoch,
        }
        step = epoch * steps
        lines.append(event("epoch", 1 + step / 100, epoch=epoch, step=step, metrics=figures))
    return [*lines, event("state", 2 + epochs * steps / 100, state=state)]
