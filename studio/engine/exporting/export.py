"""Exports of a run's model: made, proven, put in place, and told."""

from __future__ import annotations

import contextlib
import json
import tempfile
from collections.abc import Callable
from itertools import groupby
from pathlib import Path
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from studio.codegen.script import write_script
from studio.engine.exporting.place import beside, check_place, put, size_of
from studio.engine.exporting.processes import ConverterDied, Converting, prove
from studio.engine.exporting.tolerance import tolerance, verdict
from studio.engine.needed import missing
from studio.engine.trained import Trained
from studio.graph.checks.exports import why_not
from studio.graph.document import Call
from studio.graph.exporting import FORMATS, OWN, Format, file_of, format_of
from studio.graph.file import write_atomically
from studio.graph.problems import ProjectError, StudioError
from studio.graph.text import dump

KEPT = "artifacts/exports.json"
"""Where a run keeps what is known of its exports."""

PROGRAMS = {
    "prove_keras.py": ("keras", "weights", "checkpoint", "json", "yaml", "h5"),
    "prove_saved_model.py": ("savedmodel",),
    "prove_litert.py": ("tflite",),
    "prove_onnx.py": ("onnx",),
}
"""Which of the programs in `runtimes/` proves which formats."""

PROGRAM = {name: program for program, names in PROGRAMS.items() for name in names}

Tell = Callable[[str, str, int, int], None]
"""Told of progress: the format it is at, what it is doing, and of how many how many are done."""


class Made(Struct):
    """An export on its way: what is asked for, where it is, and what is said of it."""

    call: Call
    format: Format
    target: Path
    place: Path | None = None
    error: str = ""
    said: dict[str, Any] = field(default_factory=dict)

    @property
    def sound(self) -> bool:
        """Whether there is something to be proven, or put in place."""
        return not self.error


def can(run: Trained) -> list[dict[str, Any]]:
    """Every format, and whether the model of a run can be written in it; without TensorFlow."""
    found = []
    for each in FORMATS:
        why = _why_not(run, Call(each.op, dict(each.params)))
        found.append(
            {
                "format": each.name,
                "variant": each.variant,
                "about": each.about,
                "file": each.file,
                "can": not why,
                "why": why,
            }
        )
    return found


def export(
    run: Trained,
    calls: list[Call],
    output: Path | None = None,
    proof: bool = True,
    tell: Tell = lambda *_: None,
) -> list[dict[str, Any]]:
    """Writes the model of a run in several formats; what is told of each, in their order.

    `output` is a folder, or of a single format its very place; by default it is the run's
    artifacts. Raises StudioError, with nothing written, where that can't be a place for them.
    """
    made = [
        Made(call, format_of(call), target)
        for call, target in zip(calls, _targets(run, calls, output), strict=True)
    ]
    for each in made:
        each.error = _why_not(run, each.call)
        if each.sound:
            check_place(each.target, each.format)
    ready = [each for each in made if each.sound]
    if ready:
        with (
            beside(ready[0].target.parent) as aside,
            tempfile.TemporaryDirectory(prefix="studio-export-") as work,
            Converting(run.folder, run.path, Path(work)) as converting,
        ):
            _Work(run, converting, Path(aside), Path(work), tell).all(ready, proof)
    told = [_told(each, run, proof) for each in made]
    _keep(run, told)
    return told


def _why_not(run: Trained, call: Call) -> str:
    """Why an export can't be made, of this model or on this machine."""
    return why_not(run.project, run.report.shapes, call) or missing(call)


def _targets(run: Trained, calls: list[Call], output: Path | None) -> list[Path]:
    """Where each export goes."""
    names = [file_of(call) for call in calls]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise StudioError(f"Two exports would be called {twice}: export one after the other.")
    own = next((name for name in names if name in OWN), None)
    if own and output is None:
        raise StudioError(f"The run itself keeps {own} there: give the export another file.")
    folder = output.absolute() if output is not None else run.folder.absolute() / "artifacts"
    if output is not None and len(calls) == 1:
        from studio.engine.exporting.place import FOLDERS

        mark = FOLDERS.get(format_of(calls[0]).name)
        if not folder.is_dir() or (mark and (folder / mark).is_file()):
            return [folder]
    try:
        folder.mkdir(parents=output is None, exist_ok=True)
    except OSError as error:
        raise StudioError(
            f"{folder} can't be made: {error.strerror}. Name another folder."
        ) from None
    return [folder / name for name in names]


class _Work:
    def __init__(self, run: Trained, converting: Converting, aside: Path, work: Path, tell: Tell):
        self.run, self.converting = run, converting
        self.aside, self.work, self.tell = aside, work, tell
        self.known: dict[str, Any] = {}

    def all(self, made: list[Made], proof: bool) -> None:
        """Makes, proves and places the exports."""
        count = len(made)
        # Keras' legacy file is last: it takes the optimizer out of the model in memory.
        for done, each in enumerate(sorted(made, key=lambda each: each.format.name == "h5")):
            self.tell(each.format.word, "converting", done, count)
            self._make(each, proof)
        if proof:
            order = list(PROGRAMS)
            sound = [each for each in made if each.sound and each.format.name in PROGRAM]
            sound.sort(key=lambda each: order.index(PROGRAM[each.format.name]))
            done = 0
            for program, group in groupby(sound, key=lambda each: PROGRAM[each.format.name]):
                together = list(group)
                self.tell(together[0].format.word, "proving", done, len(sound))
                self._prove(program, together)
                done += len(together)
        for each in made:
            if each.sound:
                each.said["bytes"] = size_of(each.place)
                try:
                    put(each.place, each.target)
                except StudioError as error:
                    each.error = str(error)

    def _begun(self, proof: bool) -> None:
        """Has the process load the model, where it is new."""
        if not self.converting.alive:
            said = self.converting.ask(do="begin", proof=proof)
            if "error" in said:
                self.converting.end()
                raise StudioError(f"The model of the run can't be loaded: {said['error']}")
            self.known = said

    def _make(self, each: Made, proof: bool) -> None:
        folder = self.aside / each.format.word
        folder.mkdir()
        project = replace(self.run.project, exports=(each.call,))
        try:
            script = write_script(project, self.run.folder, report=self.run.report)
            path = self.work / f"export_{each.format.word.replace('-', '_')}.py"
            path.write_text(script.text, encoding="utf-8")
            self._begun(proof)
            said = self.converting.ask(do="export", script=str(path), folder=str(folder))
        except ProjectError as error:
            said = {"error": str(error)}
        except ConverterDied as error:
            said = {"error": f"{error} Export a SavedModel, or another format."}
        each.error = said.get("error", "")
        each.place = folder / file_of(each.call)
        if each.sound and not each.place.exists():
            each.error = "The script has written nothing."

    def _prove(self, program: str, made: list[Made]) -> None:
        self._begun(True)
        project = self.run.project
        job = {
            "meta": self.known["meta"],
            "batches": str(self.work / "batches.npz"),
            "architecture": str(self.work / "architecture.json"),
            "script": str(self.run.folder / "train.py"),
            "own": self._own(),
            "weights": str(self.run.path),
            "models": [
                {
                    "kind": each.format.name,
                    "path": str(each.place),
                    "outputs": str(self.work / f"{each.format.word}.npz"),
                }
                for each in made
            ],
        }
        for each, model, said in zip(
            made, job["models"], prove(program, job, self.work), strict=True
        ):
            if "error" not in said:
                try:
                    said |= self.converting.ask(do="judge", outputs=model["outputs"])
                except ConverterDied as error:
                    said["error"] = str(error)
            if "error" in said:
                from studio.engine.exporting.conversion import refusal

                each.error = f"Loaded back it fails: {refusal(project, said['error'])}"
            each.said |= said
            each.said["before"] = self.known["metrics"]
            each.said["latency_before"] = self.known["latency_ms"]
            each.said["steady"] = self.known["steady"]

    def _own(self) -> list[str]:
        """The names of the script by which Keras finds the model's own classes."""
        script = (self.run.folder / "train.py").read_text(encoding="utf-8")
        classes = "register_keras_serializable" in script
        return list(self.run.project.code) or (["build_model"] if classes else [])


def _told(each: Made, run: Trained, proof: bool) -> dict[str, Any]:
    """What is told of an export."""
    allowed = tolerance(each.format, run.project.precision)
    nothing = {"largest": None, "mean": None, "relative": None}
    said = each.said
    before, after = said.get("before", {}), said.get("metrics", {})
    ok, message = each.sound, each.error
    if each.format.name not in PROGRAM:
        pass  # there is nothing that could be run
    elif each.sound and proof:
        ok, message = verdict(allowed, said["difference"], before, after)
        if not said.get("steady", True):
            ok, message = False, "The model gives other outputs each time, for the same inputs."
    elif each.sound:
        message = "It wasn't proven."
    return {
        "format": each.format.name,
        "variant": each.format.variant,
        "path": str(each.target) if each.sound else None,
        "bytes": said.get("bytes") if each.sound else None,
        "difference": said.get("difference", nothing),
        "metrics": {"before": before, "after": after},
        "latency_ms": {"before": said.get("latency_before"), "after": said.get("latency_ms")},
        "tolerance": allowed.text,
        "ok": ok,
        "message": message,
    }


def _keep(run: Trained, told: list[dict[str, Any]]) -> None:
    """Adds what is told to what the run knows of its exports."""
    path = run.folder / KEPT
    before: list[dict[str, Any]] = []
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        before = json.loads(path.read_bytes())["exports"]
    new = {(each["format"], each["variant"]) for each in told}
    kept = [each for each in before if (each.get("format"), each.get("variant")) not in new]
    with contextlib.suppress(OSError):
        path.parent.mkdir(exist_ok=True)
        write_atomically(path, dump({"exports": [*kept, *told]}).encode())
