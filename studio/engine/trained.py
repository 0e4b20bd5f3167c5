"""The trained model of a run: where it is, and its project with the folder that it ran in."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from studio.engine.find_run import is_run
from studio.engine.run import attach
from studio.graph.checks import Report, check
from studio.graph.document import Project
from studio.graph.file import read, shown
from studio.graph.problems import ProjectError, StudioError, errors

SAVED = "artifacts/model.keras"
"""What a run's script saves at its end."""

STOPPED = "checkpoints/stopped.keras"
"""What is saved of a run that was stopped."""


class Trained(Struct, frozen=True):
    """A run with a model; `path` is a .keras file, `folder` the run's."""

    folder: Path
    path: Path
    project: Project
    report: Report


def trained(folder: Path) -> Trained:
    """The project of a run and its model, the saved one or that of where it was stopped.

    Raises StudioError where there is none, ProjectError where its project has errors now (a data
    file that is gone, say).
    """
    path = model_of(folder)
    project, problems = read(folder / "project.json")
    report = check(project, folder, problems)
    if errors(report.problems):
        raise ProjectError(errors(report.problems))
    return Trained(folder, path, project, report)


def model_of(folder: Path) -> Path:
    """The file with a run's model; StudioError where there is none."""
    if not is_run(folder):
        raise StudioError(f"{shown(folder)} is no folder of a run.")
    for name in (SAVED, STOPPED):
        if (folder / name).is_file():
            return folder / name
    run = attach(folder)
    run.poll()
    if not run.progress.ended and run.process.there:
        raise StudioError(
            f"The run {run.id} goes on: its model is saved at its end. Wait for it, or stop it "
            f"with a model as it is then (studio stop {run.id})."
        )
    raise StudioError(
        f"The run {run.id} ({run.progress.state}) has saved no model. "
        f"Let it go on to its end (studio resume {run.id})."
    )
