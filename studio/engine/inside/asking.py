"""Questions about what goes on inside a model, as the warm process is asked them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from studio.codegen.script import write_script
from studio.engine.checkpoints import FOLDER as CHECKPOINTS
from studio.engine.checkpoints import kept
from studio.engine.damage import sources
from studio.engine.files import data_files, place_files
from studio.engine.node_names import Place
from studio.engine.trained import SAVED, STOPPED
from studio.graph.checks import Report
from studio.graph.document import Graph, Project
from studio.graph.file import dumps, read
from studio.graph.problems import StudioError

KIND = "activations"
SECONDS = 60.0
"""How long making the model, and the pass through it, may take."""

MOST = 30
"""Runs that are offered, the newest first."""


class Weights(Struct, frozen=True):
    """Weights to look with: those that training begins with, or a run's."""

    words: str = "As training begins"
    path: str = ""
    run: str = ""


BEGINNING = Weights()


def question(
    project: Project,
    folder: Path,
    report: Report,
    at: Place,
    place: Path,
    weights: Weights = BEGINNING,
    call: int = 0,
    sample: int = 0,
) -> dict[str, Any]:
    """The fields of the question what a node is given and gives.

    `place` is a folder of the asker's own, where the data files are put for the script to find.
    Raises ProjectError where the project has errors, StudioError where its files can't be put
    there.
    """
    project = plainly(project)
    script = write_script(project, folder, report=report)
    place_files(project, folder, place)
    return {
        "script": script.text,
        "folder": str(place.resolve()),
        "node": at[1],
        "lines": {f"{graph}:{node}": spans for (graph, node), spans in script.nodes.items()},
        "code": {name: (code.kind, code.source) for name, code in project.code.items()},
        "sources": sources(project),
        "home": str(folder.resolve()),
        "data": _stamps(project, folder),
        "project": dumps(replace(project, code={})),
        "weights": {"path": weights.path, "run": weights.run},
        "at": list(at),
        "call": call,
        "sample": sample,
    }


def plainly(project: Project) -> Project:
    """The project as its model is made in one process, and nothing of its speed is measured."""
    training = project.training
    if training is not None:
        training = replace(training, steps_per_execution=1, jit_compile=False)
    return replace(project, training=training, distribution=None)


def _stamps(project: Project, folder: Path) -> str:
    """Another one once a data file has been changed."""
    found = []
    for name, path in sorted(data_files(project, folder).items()):
        with contextlib.suppress(OSError):
            found.append(f"{name} {path.stat().st_mtime_ns}")
    return "\n".join(found)


# The runs whose weights fit


def weights_of(run: Path) -> Weights | None:
    """The weights that a run has by now: its model, that of where it was stopped, or those of its
    last checkpoint."""
    for name, words in ((SAVED, ""), (STOPPED, " (stopped)")):
        if (run / name).is_file():
            return Weights(f"{run.name}{words}", str(run / name), run.name)
    found = kept(run / CHECKPOINTS)
    if found:
        epoch, _, step = found[0].name.partition("-")
        where = f"epoch {int(epoch)}" + (f" and {int(step)} steps" if int(step) else "")
        return Weights(f"{run.name} ({where})", str(found[0]), run.name)
    return None


def fitting(project: Project, runs: Path) -> Iterator[Weights]:
    """The weights of runs whose model is the project's as it is now, the newest run first.

    One is looked at each time: with BEGINNING in the place of one that doesn't fit.
    """
    wanted = _architecture(project)
    names = sorted((path for path in runs.glob("*-*-*") if path.is_dir()), reverse=True)
    for run in names[:MOST]:
        weights = weights_of(run)
        fits = False
        if weights is not None:
            with contextlib.suppress(StudioError):
                fits = _architecture(read(run / "project.json")[0]) == wanted
        yield weights if fits else BEGINNING


def _architecture(project: Project) -> Any:
    """What makes a model's weights what they are: not where nodes stand, and what notes say."""

    def of(graph: Graph) -> Any:
        nodes = {
            name: (node.op, node.params, node.shares, node.repeat, node.bypass)
            for name, node in graph.nodes.items()
        }
        return nodes, [(edge.source, edge.target) for edge in graph.edges], graph.outputs

    style = project.model.style if project.model is not None else ""
    graphs = {name: of(graph) for name, graph in project.graphs().items() if name != "data"}
    return graphs, style, project.code
