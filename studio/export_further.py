"""Exports of a run that hold more or less than its model: the bundle, and pictures of its graph."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from msgspec import Struct

from studio.engine.trained import Trained
from studio.graph.problems import StudioError


class Further(Struct, frozen=True):
    """A format of `studio export` that nothing has to prove."""

    name: str
    about: str
    file: str
    write: Callable[[Trained, Path], None]


def _bundle(run: Trained, target: Path) -> None:
    from studio.engine.bundle import write_bundle

    write_bundle(run, target)


def _picture(run: Trained, target: Path) -> None:
    from studio.gui.diagram import SHARP, diagram

    diagram(run.project, run.folder, "model", target, "light", SHARP)


FURTHER = {
    each.name: each
    for each in (
        Further(
            "bundle",
            "All of the run for someone else: scripts, notebook, data, model, exact versions.",
            "bundle.zip",
            _bundle,
        ),
        Further("svg", "The graph of the model as a picture, in lines.", "model.svg", _picture),
        Further("png", "The graph of the model as a picture, in pixels.", "model.png", _picture),
    )
}


def listed() -> list[dict[str, Any]]:
    """What `studio export --list` tells of these formats."""
    return [
        {
            "format": each.name,
            "variant": "",
            "about": each.about,
            "file": each.file,
            "can": True,
            "why": "",
        }
        for each in FURTHER.values()
    ]


def write_further(
    run: Trained,
    words: list[str],
    output: Path | None,
    alone: bool,
    tell: Callable[[str, str, int, int], None],
) -> list[dict[str, Any]]:
    """Writes a run in these formats; what is told of each.

    `output` is a folder, or, of one that is asked for `alone`, its very place; by default it is
    the run's artifacts.
    """
    from studio.engine.exporting.place import size_of

    told = []
    for done, word in enumerate(words):
        tell(word, "writing", done, len(words))
        format, error = FURTHER[word], ""
        target = (output or run.folder / "artifacts") / format.file
        if alone and output is not None and (word == "bundle" or not output.is_dir()):
            target = output
        try:
            format.write(run, target)
        except StudioError as failed:
            error = str(failed)
        told.append(
            {
                "format": word,
                "variant": "",
                "path": None if error else str(target.absolute()),
                "bytes": None if error else size_of(target),
                "difference": {"largest": None, "mean": None, "relative": None},
                "metrics": {"before": {}, "after": {}},
                "latency_ms": {"before": None, "after": None},
                "tolerance": "",
                "ok": not error,
                "message": error,
            }
        )
    return told
