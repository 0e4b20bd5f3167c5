"""What a run starts from: the weights of a file, or of the model of another run."""

from __future__ import annotations

import json
from pathlib import Path

from msgspec import Struct

from studio.engine.trained import STOPPED, model_of
from studio.engine.weights_file import contents
from studio.engine.weights_fit import Fit, fit, unfit
from studio.graph.checks import Report
from studio.graph.document import Project
from studio.graph.ops.weights import LOAD, NAME, STRUCTURE
from studio.graph.problems import StudioError


class Continued(Struct, frozen=True):
    """What of another run's model a run begins with: how to set it, and how to say it."""

    setting: str
    note: str


def from_file(path: Path, folder: Path, by_name: bool) -> str:
    """The setting by which a project's run starts from a file; inside `folder` it goes along."""
    path, folder = path.absolute(), folder.absolute()
    inside = path.is_relative_to(folder) and ".." not in path.parts
    place = path.relative_to(folder).as_posix() if inside else str(path)
    return _setting(place, {"by": NAME} if by_name else {})


def _setting(place: str, more: dict[str, object]) -> str:
    return f"training.weights={json.dumps({'op': LOAD, 'params': {'path': place, **more}})}"


def from_run(run: Path, project: Project, report: Report) -> Continued:
    """The weights of a run's model: all where the models agree, else those of the same names.

    Raises StudioError where the run has no model, or none of its layers fits.
    """
    path = model_of(run)
    if "model" not in report.shapes:
        raise StudioError("The project has no model that could go on from a run's.")
    found = contents(path)
    result = fit(found, project, report.shapes["model"])
    if not result.fits and not result.unknown:
        raise unfit(path, result.told(NAME), NAME)
    kind = (found.config or {}).get("class_name")
    of_class = kind not in ("Functional", "Sequential")
    whole = result.whole and of_class == (project.model.style == "subclass")
    by = STRUCTURE if whole else NAME
    more = {} if whole else {"by": NAME, "skip_mismatch": True}
    where = "where it was stopped" if path.name == Path(STOPPED).name else "its end"
    note = f"Continues {run.name} from {where}: {told(result, by)}"
    # Read where it is: in the new run's folder, runs/... would look like a folder of runs.
    return Continued(_setting(str(path.absolute()), more), note)


def told(result: Fit, by: str) -> str:
    """How much fits, and what stays as it is made, in words."""
    count = len(result.fits) + len(result.differs) + len(result.missing) + len(result.unknown)
    if by == STRUCTURE:
        return f"all {count} layers, by structure."
    kept = result.told(by)
    kept += [f"{name} is code, and is looked at as it begins" for name in result.unknown]
    said = f"{len(result.fits)} of {count} layers, by name"
    return f"{said}; kept as made: {'; '.join(kept[:12])}." if kept else f"{said}."
