"""Finds where a loss became not finite, by doing it again: `python -m studio.engine.diagnose RUN`.

From the last checkpoint before it, or from the beginning, the run's own script trains again in a
folder of its own, step by step, until the first step that isn't finite; that step is looked into.
What is found is an event of the run.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import shutil
import sys
import traceback
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from studio.engine.checkpoints import FOLDER as CHECKPOINTS
from studio.engine.checkpoints import FitCheckpoints, damage_of, kept, steps_behind
from studio.engine.events import NAME, EventReader, EventWriter
from studio.engine.files import link
from studio.engine.not_finite import CODE, FOLDER, LOG, keep_checkpoints
from studio.engine.run import LOG as RUN_LOG
from studio.engine.run import SCRIPT
from studio.engine.work import load_script
from studio.graph.document import Project
from studio.graph.file import read

OWN = {CHECKPOINTS, FOLDER, LOG, RUN_LOG, NAME, "artifacts", "control", "inside", "process.json"}
"""What a run writes: the training that is done again writes its own."""


def main(run: Path) -> int:
    """Looks for the place, and tells it; 1 where it isn't found."""
    with contextlib.suppress(AttributeError, OSError):
        os.nice(10)  # the training comes first
    told_of = [each for each in EventReader(run).read() if each.get("code") == CODE]
    noticed = next((each for each in reversed(told_of) if not each.get("found", True)), None)
    if noticed is None:
        print(f"All losses of {run.name} have been finite, as far as it has told.")
        return 1
    told: dict[str, Any] = {name: noticed[name] for name in ("code", "step", "epoch", "losses")}
    told["found"] = False
    when = f"step {noticed['step']} in epoch {noticed['epoch']}"
    try:
        told |= _diagnosed(run, noticed)
    except Exception as error:
        traceback.print_exc()
        told["message"] = (
            f"The loss isn't finite at {when}. Doing it again to find the place failed: "
            f"{type(error).__name__}: {error}."
        )
    events = EventWriter(run)
    events.write("problem", **told)
    events.close()
    print(told["message"])
    shutil.rmtree(run / FOLDER, ignore_errors=True)
    return 0 if told.get("found") else 1


def _diagnosed(run: Path, noticed: dict[str, Any]) -> dict[str, Any]:
    """The fields of the event that tells what was found."""
    from studio.engine.again import Again, Found, NotFound
    from studio.engine.finding import tell

    place, had = _place(run), bool(kept(run / CHECKPOINTS))
    resume = _last_good(place / CHECKPOINTS, noticed["epoch"])
    started = _started(resume, had)
    print(f"The training is done again from {started}.")
    project, _ = read(run / "project.json")
    os.chdir(place)
    script = load_script(place / SCRIPT)
    again = Again(script, noticed["epoch"])
    try:
        _train(script, project, place, again, resume is not None)
    except Found as found:
        step = steps_behind(run, found.epoch - 1) + found.number
        what = "step" if found.trains else "the validation behind step"
        when = f"{what} {step} in epoch {found.epoch}"
        finding = tell(project, again, found, when)
        return {
            "found": True,
            "step": step,
            "epoch": found.epoch,
            "graph": finding.graph,
            "node": finding.node,
            "outputs": finding.outputs,
            "forward": finding.forward,
            "gradient": finding.gradient,
            "message": finding.message,
        }
    except NotFound:
        pass
    why = "" if project.training.seed is not None else " Set training.seed, so that it does."
    return {
        "found": False,
        "message": f"The loss isn't finite at step {noticed['step']} in epoch "
        f"{noticed['epoch']}. Done again from {started}, all was finite, so the training doesn't "
        f"repeat itself exactly.{why}",
    }


def _started(resume: Path | None, had: bool) -> str:
    """Words for the place from which it is done again."""
    if resume is not None:
        epoch, step = map(int, resume.name.split("-"))
        return f"its checkpoint behind epoch {epoch}" + (f" and {step} steps" if step else "")
    return "the beginning" + (", as none of its checkpoints is from before that" if had else "")


def _place(run: Path) -> Path:
    """A folder in which the training is done again: with what the run's has, but what it wrote."""
    place = run / FOLDER
    if not place.exists():  # it is looked for again, later
        keep_checkpoints(run)
    (place / "artifacts").mkdir(parents=True, exist_ok=True)
    for each in run.iterdir():
        if each.name not in OWN and each.name != SCRIPT and not (place / each.name).exists():
            link(each.resolve(), place / each.name)
    shutil.copyfile(run / SCRIPT, place / SCRIPT)
    with contextlib.suppress(FileNotFoundError):  # the speed that it has chosen
        shutil.copyfile(run / "artifacts" / "speed.json", place / "artifacts" / "speed.json")
    return place


def _last_good(checkpoints: Path, epoch: int) -> Path | None:
    """The last checkpoint from before the wrong step of an epoch; those behind it are removed."""
    import numpy as np

    for each in kept(checkpoints):
        if damage_of(each):
            shutil.rmtree(each)
            continue
        state = json.loads((each / "state.json").read_bytes())
        arrays = np.load(each / "arrays.npz")
        values = [arrays[name] for name in arrays.files if name.startswith("variable")]
        finite = all(np.isfinite(value).all() for value in values if value.dtype.kind == "f")
        logged = [value for value in state["logs"].values() if isinstance(value, float)]
        if (
            finite
            and state["epoch"] < epoch
            and (not state["step"] or all(map(math.isfinite, logged)))
        ):
            return each
        shutil.rmtree(each)
    return None


def _train(script: Any, project: Project, place: Path, again: Any, resume: bool) -> None:
    """Trains as the run did: from the checkpoint that is there, or anew."""
    if project.training.loop == "custom":
        script.train(callbacks=[again], resume=resume)
        return
    training = replace(project.training, checkpoint_steps=sys.maxsize)  # no more are needed
    kept = FitCheckpoints(place, replace(project, training=training), script, resume=resume)
    going_on = {"resume": True} if resume and project.training.weights is not None else {}
    script.train(callbacks=[*kept.callbacks, again], **going_on)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[-1])))
