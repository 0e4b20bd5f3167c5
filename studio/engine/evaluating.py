"""What the model of a run gets right and wrong on a split of the run's own data."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import deque
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import Any

from msgspec import to_builtins

from studio.codegen.stage_script import up_to, write_stage_script
from studio.engine.ending import how_it_ended
from studio.engine.evaluated import FILE, PLACE, SPLITS
from studio.engine.files import place_files
from studio.engine.runs import read_run
from studio.engine.serving.sample import unprepared
from studio.engine.trained import Trained
from studio.engine.unfinished import beside
from studio.graph.catalogue.registry import find
from studio.graph.document import Project
from studio.graph.elements import Elements, Structure
from studio.graph.file import shown
from studio.graph.problems import StudioError, one_of, quoted
from studio.graph.spec import Spec
from studio.graph.targets import targets

KEPT_LINES = 20

Tell = Callable[[dict[str, Any]], None]
Ask = Callable[[dict[str, Any], Tell], None]


def evaluate(
    run: Trained,
    split: str | None = None,
    target: Path | None = None,
    tell: Tell = lambda _: None,
    ask: Ask | None = None,
) -> dict[str, Any]:
    """Evaluates a run's model, and writes that and its pictures; what evaluation.json says.

    Without a `split` it is that of the test, else of the validation, else of the training. The
    `target` is a folder that is new, empty, or an evaluation; by default one in the run's
    artifacts. `tell` gets how far it is: `at`, what is being done, and then `done` of `total`
    batches (None: not known) and `samples`; what it raises ends the process, and nothing is
    written. `ask` has the work done, by default in a process of its own. Raises StudioError where
    nothing can be told.
    """
    split = chosen_split(run.project, split)
    target = (run.folder / PLACE / split if target is None else target).absolute()
    _check_target(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with beside(target.parent) as place:
            made = Path(place, target.name)
            made.mkdir()
            texts = source_texts(run, split, Path(place, "rows"))
            (ask or in_process)(settings(run, split, made) | {"texts": texts}, tell)
            found = json.loads((made / FILE).read_bytes())
            _put(made, target)
    except OSError as error:
        raise StudioError(
            f"The evaluation can't be written to {shown(target)}: {error.strerror or error}. "
            "Make room or rights there, or name another place with -o."
        ) from None
    return found


def chosen_split(project: Project, split: str | None) -> str:
    """The split that is meant; StudioError where the data have none of that name."""
    there = project.data.outputs if project.data is not None else {}
    if split is None:
        for name in SPLITS:
            if name in there:
                return name
        raise StudioError("The project of the run has no data that its model could be held to.")
    if split not in there:
        raise StudioError(
            f"The data of the run have no {quoted(split)} split, but {one_of(there)}. "
            "Name one of them with --split."
        )
    return split


def settings(run: Trained, split: str, target: Path) -> dict[str, Any]:
    """What the process is told to do (studio/engine/evaluation/__main__.py)."""
    training, progress = run.project.training, read_run(run.folder).progress
    losses = training.losses if training is not None else {}
    about = []
    for each in targets(run.project, run.report.shapes):
        ignored = losses[each.output].params.get("ignore_class") if each.output in losses else None
        about.append(to_builtins(each) | {"ignored": ignored})
    steps = None
    if training is not None:
        steps = training.steps_per_epoch if split == "train" else training.validation_steps
    return {
        "folder": str(run.folder),
        "model": str(run.path),
        "split": split,
        "steps": steps,
        "target": str(target),
        "outputs": about,
        "run": {
            "run": run.folder.name,
            "model": run.path.relative_to(run.folder).as_posix(),
            "epoch": progress.epoch,
            "step": progress.step,
        },
    }


STEADY = frozenset(
    {"studio.data.split"}
    | {f"tf.data.Dataset.{name}" for name in ("map", "batch", "padded_batch", "ragged_batch")}
    | {f"tf.data.Dataset.{name}" for name in ("cache", "prefetch", "with_options")}
)
"""Stages behind which a split has as many rows as before, in the same order."""


def source_texts(run: Trained, split: str, place: Path) -> dict[str, Any] | None:
    """What gives the rows of a split as they leave their source, where those have texts.

    As a stage's question has it, with the data files put into a folder; None where the model gets
    the texts themselves, or it isn't sure that the rows are the same in the same order.
    """
    shapes = run.report.shapes.get("data")
    if run.project.data is None or shapes is None:
        return None
    end = run.project.data.outputs[split]
    try:
        part = up_to(run.project, end)
        nodes = part.data.nodes
        sources = [name for name, node in nodes.items() if find(node.op).kind == "source"]
        others = {node.op for name, node in nodes.items() if name not in sources}
        if len(sources) != 1 or not others <= STEADY:
            return None
        if not _has_texts(shapes.at(sources[0])) or _has_texts(shapes.at(end)):
            return None
        bare = up_to(unprepared(run.project), end)
        script = write_stage_script(bare, run.folder, run.report).text
        place.mkdir()
        place_files(bare, run.folder, place)
    except StudioError:
        return None
    return {"script": script, "folder": str(place)}


def _has_texts(elements: object) -> bool:
    """Whether there are texts among the features of elements."""
    if not isinstance(elements, Elements):
        return False
    structure = elements.structure
    return _texts_in(structure[0] if isinstance(structure, tuple) else structure)


def _texts_in(structure: Structure) -> bool:
    if isinstance(structure, (dict, tuple)):
        parts = structure.values() if isinstance(structure, dict) else structure
        return any(map(_texts_in, parts))
    return isinstance(structure, Spec) and structure.dtype == "string"


def _check_target(target: Path) -> None:
    """Raises StudioError where there is something that is no evaluation."""
    if target.is_dir() and ((target / FILE).is_file() or not any(target.iterdir())):
        return
    if target.exists():
        raise StudioError(
            f"{shown(target)} is there already and no evaluation. Name a folder that is new."
        )


def _put(beside: Path, target: Path) -> None:
    """Puts a folder that is whole in its place; one that is there gives way to it."""
    old = beside.with_name(f"{target.name}.old")
    if target.exists():
        target.rename(old)
    try:
        beside.rename(target)
    except OSError:
        if old.exists():
            old.rename(target)
        raise
    shutil.rmtree(old, ignore_errors=True)


def in_process(asked: dict[str, Any], tell: Tell) -> None:
    """Has a process evaluate; StudioError with what it has to say where that fails."""
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "MPLBACKEND": "Agg"}
    process = subprocess.Popen(
        # -P: a file called keras.py in the folder that Studio was started in is not Keras.
        [sys.executable, "-P", "-m", "studio.engine.evaluation", str(os.getpid())],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        errors="replace",
        env=os.environ | quiet,
    )
    lines: deque[str] = deque(maxlen=KEPT_LINES)
    reader = Thread(target=lambda: lines.extend(process.stderr), daemon=True)
    reader.start()
    last: dict[str, Any] = {}
    try:
        process.stdin.write(json.dumps(asked) + "\n")
        process.stdin.close()
        for line in process.stdout:
            last = json.loads(line)
            if "at" in last:
                tell(last)
        process.wait()
    except (BrokenPipeError, ValueError):  # it is gone, and may have left half a line
        process.wait()
    finally:
        process.kill()
        process.wait()
        reader.join()
        process.stdout.close()
        process.stderr.close()
    raise_told(last)
    if not last.get("done"):
        words = f' Its last words: "{lines[-1].strip()[:400]}"' if lines else ""
        how = how_it_ended(process.returncode)
        raise StudioError(f"The process that evaluates {how}.{words}")


def raise_told(last: dict[str, Any]) -> None:
    """Raises StudioError where the last that was told is an error."""
    if "error" in last:
        raise StudioError(last["error"])
