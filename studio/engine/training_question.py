"""Questions about the training of a project, as the warm process is asked them."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from msgspec.structs import replace

from studio.codegen.script import write_script
from studio.engine.damage import sources
from studio.engine.files import place_files
from studio.engine.warm import Warm
from studio.graph.checks import Report
from studio.graph.document import Project
from studio.graph.problems import StudioError

UNTRUSTED = (
    "The project brings its own Python, which is part of its training. "
    "Say --run-code if you trust it, and it is run."
)


def ask_of_training(
    kind: str,
    project: Project,
    folder: Path,
    report: Report,
    warm: Warm,
    trusted: bool,
    seconds: float,
    **more: Any,
) -> Any:
    """What the warm process answers to a question about the training of a project.

    `more` are the fields that only this kind of question has. Raises ProjectError where the
    project has errors, StudioError where its script fails, or isn't trusted.
    """
    with TemporaryDirectory(prefix="studio-") as place:
        fields = _fields(project, folder, Path(place), report)
        answer = warm.ask(kind, seconds=seconds, trusted=trusted, **fields, **more).result()
    if answer.error:
        raise StudioError(UNTRUSTED if answer.reason == "untrusted" else answer.error)
    return answer.result


def _fields(project: Project, folder: Path, place: Path, report: Report) -> dict[str, Any]:
    """The fields of a question about a project's training.

    `place` is a folder of the asker's own, where the data files are put for the script to find.
    The script is the project's own, but that its functions are told the steps of a call, and
    whether to use XLA.
    """
    if project.training is not None:
        told = replace(project.training, steps_per_execution="auto", jit_compile="auto")
        project = replace(project, training=told)
    script = write_script(project, folder, report=report)
    place_files(project, folder, place)
    lines = {f"{graph}:{node}": spans for (graph, node), spans in script.nodes.items()}
    return {
        "script": script.text,
        "folder": str(place.resolve()),
        "node": "training",
        "lines": lines,
        "code": {name: (code.kind, code.source) for name, code in project.code.items()},
        "sources": sources(project),
        "home": str(folder.resolve()),
    }
