"""Older versions of the file format -> the present one, one step a version."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from studio.graph.document import FORMAT
from studio.graph.problems import ERROR, Problem, ProjectError, quoted

# from version -> a function that turns a file's value into that of the next version
STEPS: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {}


def migrate(value: Any, name: str = "the project") -> dict[str, Any]:
    """The JSON value of a project in the present format.

    Raises ProjectError where the value is no project, or one of a newer format.
    """
    if not isinstance(value, dict) or "studio" not in value:
        raise ProjectError([_no_project(f"{name} is JSON, but no Studio project.")])
    version = value["studio"]
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise ProjectError(
            [_no_project(f"{name} gives {quoted(version)} as its format, not a version number.")]
        )
    if version > FORMAT:
        message = (
            f"{name} has format {quoted(version)}, which is newer than the newest one "
            f"this Studio reads ({FORMAT})."
        )
        hint = "Update Studio: pip install --upgrade tf-model-studio."
        raise ProjectError([Problem(ERROR, "newer-format", "", "", message, hint, "studio")])
    for step in range(version, FORMAT):
        value = STEPS[step](value) | {"studio": step + 1}
    return value


def _no_project(message: str) -> Problem:
    hint = f'A project is an object that begins with "studio": {FORMAT}.'
    return Problem(ERROR, "no-project", "", "", message, hint)
