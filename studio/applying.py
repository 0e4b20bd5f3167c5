"""`--apply`: what was found by measuring, written into the project's file."""

from __future__ import annotations

from pathlib import Path

from studio.graph.edits import Edit
from studio.graph.problems import StudioError


def refuse_settings(options) -> None:
    """Raises StudioError where the file would be changed by what another project has measured."""
    if options.apply and options.settings:
        raise StudioError(
            "--apply changes the project's file as it was measured: leave --set out, or write its "
            "values into the file first."
        )


def apply(options, edit: Edit) -> None:
    """Makes an edit in the project's file."""
    from studio.graph.file import load, save

    path = Path(options.project)
    path = path / "project.json" if path.is_dir() else path
    save(edit.apply(load(path)), path)  # read again: somebody may have saved it meanwhile
