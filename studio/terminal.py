"""What `studio run` shows in a terminal."""

from __future__ import annotations

import contextlib
import json
import math
import signal
import sys
import time
from typing import Any

from studio.engine.members import log_of
from studio.engine.run import Run, batch_size, log_end, over, wait
from studio.graph.document import Project
from studio.graph.problems import printable

PATIENCE = 60.0
"""Seconds that a run gets to write its checkpoint after Ctrl-C; a second Ctrl-C ends it at once."""

EACH = 0.05
"""Seconds between looks at a run's events."""

WAITING = 0.3
"""The share of the time spent waiting for data that is worth a word."""


def follow(run: Run, project: Project, as_json: bool, stops: bool = True) -> int:
    """Shows a run to its end; returns the command's exit code.

    Ctrl-C, or SIGTERM, stops the run with a checkpoint; where it `stops` nothing, the run goes
    on unseen.
    """
    with contextlib.suppress(ValueError):  # only the main thread may
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    view = _Quiet() if as_json else _Bar(run, project)
    interrupted = False
    try:
        with view:
            while not over(run):
                for event in run.poll():
                    view.show(run, event)
                time.sleep(EACH)
    except KeyboardInterrupt:
        if not stops:
            if not as_json:
                print(f"\n{run.id} goes on: studio show {run.id} --follow shows it again.")
            return 130
        interrupted = True
        _stop(run, quiet=as_json)
    if as_json:
        print(json.dumps(report(run)))
    else:
        _conclude(run)
    if interrupted:
        return 130
    return 0 if run.progress.state == "completed" else 130 if run.progress.state == "stopped" else 1


def report(run: Run) -> dict[str, Any]:
    """The one line that `run --json` ends with."""
    progress = run.progress
    found: dict[str, Any] = {
        "run": run.id,
        "state": progress.state,
        "metrics": {name: _finite(value) for name, value in progress.results.items()},
        "folder": str(run.folder),
    }
    if progress.message:
        found["message"] = progress.message
    return found


def _finite(value: Any) -> Any:
    return value if not isinstance(value, float) or math.isfinite(value) else None


def _stop(run: Run, quiet: bool) -> None:
    """Asks for a checkpoint and waits for it; a second Ctrl-C doesn't."""
    if not quiet:
        print("\nStopping: a checkpoint is being written (Ctrl-C again ends it at once).")
    run.stop()
    try:
        if wait(run, PATIENCE):
            return
    except KeyboardInterrupt:
        pass
    run.kill()
    run.poll()


def _conclude(run: Run) -> None:
    """The last words: what was reached, and where it lies."""
    progress = run.progress
    if progress.state == "completed":
        for name, value in progress.test.items():
            print(f"test {name}: {_metric(value)}")
        print(f"model: {run.folder / 'artifacts' / 'model.keras'}")
        if progress.message:
            print(f"studio: {printable(progress.message)}", file=sys.stderr)
    elif progress.state == "stopped":
        print(f"stopped at epoch {progress.epoch}; it goes on with: studio resume {run.folder}")
    else:
        print(f"studio: {progress.message}", file=sys.stderr)
        for line in log_end(run.folder, 5, log_of(run.folder, progress.task)):
            print(f"  {line}", file=sys.stderr)
    print(f"run: {run.folder}")


class _Quiet:
    """Shows nothing."""

    def __enter__(self) -> _Quiet:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def show(self, run: Run, event: dict[str, Any]) -> None:
        """Nothing."""


class _Bar:
    """A progress bar of the steps, with a line for each epoch above it."""

    def __init__(self, run: Run, project: Project):
        from rich.console import Console
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

        self._console = Console(highlight=False)
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[told]}"),
            console=self._console,
            transient=True,
        )
        self._task = self._progress.add_task("starting", total=None, told="importing TensorFlow")
        self._batch = batch_size(project)
        self._told_waiting = False
        self._began: tuple[float, int] | None = None

    def __enter__(self) -> _Bar:
        self._progress.__enter__()
        return self

    def __exit__(self, *exception: Any) -> None:
        self._progress.__exit__(*exception)

    def show(self, run: Run, event: dict[str, Any]) -> None:
        """Brings the bar up to an event."""
        progress = run.progress
        kind = event["event"]
        if kind == "plan" and progress.epochs:
            total = progress.steps and progress.steps * progress.epochs
            self._progress.update(self._task, total=total, told="")
        elif kind == "step":
            self._began = self._began or (event["time"], event["step"])
            told = _metrics(event["metrics"]) + self._speed(run, event)
            epoch = f"epoch {event['epoch']}/{progress.epochs}  step {event['step']}"
            self._progress.update(self._task, description=epoch, completed=event["step"], told=told)
        elif kind == "state" and progress.paused:
            self._console.print(f"paused in epoch {progress.epoch}", markup=False)
        elif kind == "epoch":
            number = f"{event['epoch']:{len(str(progress.epochs))}}/{progress.epochs}"
            line = f"epoch {number}  {event['seconds']:6.2f} s  {_metrics(event['metrics'])}"
            self._console.print(line, markup=False, soft_wrap=True)
            self._tell_waiting(progress.resources.get("input_wait"))
        elif kind == "problem" or (kind == "member" and event.get("message")):
            self._console.print(printable(event["message"]), markup=False, soft_wrap=True)

    def _tell_waiting(self, share: float | None) -> None:
        """Says once that the data are too slow for the steps."""
        if share is not None and share > WAITING and not self._told_waiting:
            self._told_waiting = True
            self._console.print(
                f"{100 * share:.0f} % of the time the steps wait for data: "
                "studio data bench says which stage is slow, and what would be faster.",
                markup=False,
                soft_wrap=True,
            )

    def _speed(self, run: Run, event: dict[str, Any]) -> str:
        """Samples a second, and the time that is left if all epochs are trained."""
        since, first = self._began
        seconds, steps = event["time"] - since, event["step"] - first
        if seconds <= 0 or not steps:
            return ""
        pace = steps / seconds
        told = f"  {pace * self._batch:,.0f} samples/s" if self._batch else f"  {pace:,.1f} steps/s"
        if run.progress.steps and run.progress.epochs:
            left = (run.progress.steps * run.progress.epochs - event["step"]) / pace
            told += f"  {int(left // 60)}:{int(left % 60):02d} left"
        return told


def _metrics(metrics: dict[str, Any]) -> str:
    return "  ".join(f"{name} {_metric(value)}" for name, value in metrics.items())


def _metric(value: Any) -> str:
    """A number, or the numbers of a metric that gives one for each class; null is not finite."""
    if isinstance(value, list):
        return f"[{' '.join(map(_metric, value))}]"
    return "not finite" if value is None else f"{value:.4g}"
