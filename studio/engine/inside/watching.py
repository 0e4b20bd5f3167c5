"""What goes on inside while a model trains: looked at now and then, where the run is asked to.

It takes at most 2 % of the time, and says how much it took: behind each look it waits fifty times
as long as that look took. The first look, which takes longer, comes once and is told apart. The
training itself is the same to the bit.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import time
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec

from studio.engine.events import EventWriter
from studio.engine.inside import kept_batch
from studio.engine.inside.place import BATCH, FOLDER, HISTOGRAMS, LOG, SHARE, asked
from studio.engine.run import LINES
from studio.graph.document import Project

OWN_STEP = (
    "The project's own train step hides its loss: weights and activations are shown, gradients not."
)
APART = (
    "What goes on inside is shown of a training in one process; this one is spread over several."
)


class Inside:
    """Looks into the model of a run between two of its steps.

    `look` is called now and then, `between` before every step, both in the thread that trains.
    """

    def __init__(
        self,
        run: Path,
        project: Project,
        events: EventWriter,
        alone: bool = True,
    ):
        self._run, self._project, self._events, self._alone = run, project, events, alone
        self.script: ModuleType | None = None
        """The script that made the model, once it is loaded."""
        self._own_step = project.training.train_step is not None
        self.on = False
        self._failed = False
        self._making: subprocess.Popen | None = None
        self._measuring: Any = None
        self._held: tuple[int, int, dict[str, Any], Any, float] | None = None
        self._file: int | None = None
        self._next = 0.0
        self._began, self._first, self._spent = 0.0, None, 0.0

    # Asked, and no longer

    def look(self) -> None:
        """Whether it is asked for, or no longer."""
        wanted = asked(self._run)
        if wanted and not self.on:
            self._begin()
        elif self.on and not wanted:
            self.close()

    def _begin(self) -> None:
        self.on, self._failed, self._first, self._spent = True, False, None, 0.0
        if not self._alone:
            self._tell_failure(APART)
            return
        if not (self._run / BATCH).exists():
            try:
                self._making = kept_batch.making(self._run)
            except OSError as error:
                self._tell_failure(f"No batch can be kept to look with: {error.strerror}.")

    def close(self) -> None:
        """Looks no more; what was begun is told."""
        if self._held is not None:
            self._tell(None)
        if self._making is not None:
            if self._making.poll() is None:
                self._making.kill()
            self._making.wait()
        if self._file is not None:
            os.close(self._file)
        self.on, self._making, self._measuring, self._file = False, None, None, None

    # Between two steps

    def between(self, model: Any, epoch: int, batch: int, step: int) -> None:
        """Before a step, `batch` of its epoch, behind `step` in all: looks, where it is time."""
        if not self.on or self._failed or not step or not model.built:
            return  # the first step makes what there is to look at
        began = time.perf_counter()
        if self._held is not None:
            self._conclude(epoch, batch)
        if began < self._next:
            return
        try:
            if self._measuring is None and not self._prepare(model):
                self._next = began + 0.1
                return
            self._measure(epoch, batch, step, began)
        except Exception as error:  # whatever it is, the training goes on
            self._fail(error)

    def _prepare(self, model: Any) -> bool:
        """Whether there is a batch to look with; it is loaded now."""
        from studio.engine.inside.calls import Script, unmoved
        from studio.engine.inside.measured import Measuring

        if self._making is not None:
            if self._making.poll() is None:
                return False
            self._making = None
        if not (self._run / BATCH).exists():
            last = _last_line(self._run / LOG)
            self._tell_failure(f"No batch of the training data could be kept to look with: {last}")
            return False
        lines = {}
        with contextlib.suppress(OSError, ValueError):
            lines = json.loads((self._run / LINES).read_text(encoding="utf-8"))
        with unmoved():
            batch = kept_batch.kept(self._run)
        script = Script(self.script, lines) if self.script is not None else None
        self._measuring = Measuring(self._project, model, batch, not self._own_step, script)
        return True

    def _measure(self, epoch: int, batch: int, step: int, began: float) -> None:
        found = self._measuring.measure()
        held = self._measuring.hold()
        fields: dict[str, Any] = {"step": step, "epoch": epoch}
        if found.gradients is not None:
            fields["gradients"] = found.gradients
        else:
            fields["note"] = OWN_STEP
        fields |= {"activations": found.activations, "weights": found.weights}
        self._held = (epoch, batch, fields, found, began)
        self._took = time.perf_counter() - began
        if not held:
            self._tell(None)

    def _conclude(self, epoch: int, batch: int) -> None:
        """A step later: what it has changed is measured, and all is told."""
        began = time.perf_counter()
        at_epoch, at_batch, *_ = self._held
        steps = batch - at_batch if epoch == at_epoch else 0
        if steps == 0 and epoch == at_epoch:
            return
        try:
            changes = self._measuring.changed(steps) if steps > 0 else None
        except Exception as error:
            self._fail(error)
            return
        self._took += time.perf_counter() - began
        self._tell(changes)

    def _tell(self, changes: dict[str, float] | None) -> None:
        """Writes the event and the histograms."""
        began = time.perf_counter()
        _, _, fields, found, _ = self._held
        self._held = None
        for key, change in (changes or {}).items():
            fields["weights"][key]["update"] = change
        self._write(fields, found)
        now = time.perf_counter()
        took = self._took + now - began
        if self._first is None:
            self._first, self._began = took, now
            self._next = now + min(took, 0.1) / SHARE
        else:
            self._spent += took
            self._next = now + took / SHARE
        passed = max(self._next - self._began, took / SHARE)
        self._events.write(
            "inside",
            **fields,
            seconds=round(took, 4),
            share=round(self._spent / passed, 5),
            first=round(self._first, 4),
        )

    def _write(self, fields: dict[str, Any], found: Any) -> None:
        if self._file is None:
            (self._run / FOLDER).mkdir(exist_ok=True)
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
            self._file = os.open(self._run / HISTOGRAMS, flags, 0o644)
        line = {
            "step": fields["step"],
            "epoch": fields["epoch"],
            "activations": found.activation_bars,
            "weights": found.weight_bars,
        }
        os.write(self._file, msgspec.json.encode(line) + b"\n")

    # Where it can't be done

    def _fail(self, error: Exception) -> None:
        from studio.engine.inside.passing import Failed
        from studio.engine.own_code import said_by

        traceback.print_exc()
        self._held = self._measuring = None
        place = error.place if isinstance(error, Failed) else None
        said = said_by(error.error if isinstance(error, Failed) else error).rstrip(".")
        where = f' at "{place[1]}" ({place[0]})' if place else ""
        self._tell_failure(f"Looking inside failed{where}: {said}. The training goes on.")

    def _tell_failure(self, message: str) -> None:
        self._failed = True
        self._events.write("inside", message=message)


def _last_line(path: Path) -> str:
    """The last line that a process has left in its log."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
    except OSError:
        return "its process said nothing."
    said = [line.strip() for line in lines if line.strip()]
    return f"{said[-1][:400].rstrip('.')}." if said else "its process said nothing."
