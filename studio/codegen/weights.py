"""`load_weights()`: the weights of a file in the model, before it is trained."""

from __future__ import annotations

from studio.codegen.data import script_path
from studio.codegen.layout import Expr, call, join
from studio.codegen.literal import text
from studio.codegen.source import Source
from studio.codegen.weight_helpers import ARRAYS, BUILD, CHECKPOINT, CHOOSE, LEGACY, OPENED
from studio.graph.catalogue.registry import find
from studio.graph.document import Project, Training
from studio.graph.elements import Structure
from studio.graph.rule import Args
from studio.graph.weights import CHECKPOINTS, KERAS, LEGACY_H5, file_kind


def starts_from(training: Training | None) -> Args | None:
    """The parameters of what a training's weights start from; None for random numbers."""
    if training is None or training.weights is None:
        return None
    return Args(find(training.weights.op).filled(training.weights.params))


def write_loading(source: Source, project: Project, style: str) -> None:
    """Writes the functions that load weights; nothing where the project starts from none."""
    given = starts_from(project.training)
    if given is None:
        return
    source.functions.add("load_weights")
    kind = file_kind(given.path)
    with source.section("Weights"):
        source.text(CHOOSE)
        source.blank(2)
        if kind == CHECKPOINTS:
            source.need("tempfile", "tf", "object_graph")
            source.text(CHECKPOINT)
        elif kind == LEGACY_H5:
            source.need("h5py")
            source.text(LEGACY)
        else:
            source.need("tempfile", "h5py", "Path", *(["zipfile"] if kind == KERAS else []))
            source.text(ARRAYS.replace("{opened}", OPENED[kind]))
        if style == "subclass":
            source.need("tf")
            source.blank(2)
            source.text(BUILD)


def write_load(source: Source, project: Project, structure: Structure, style: str) -> None:
    """Writes the lines of `train()` that load the weights into the model, unless it resumes.

    They come behind those that adapt layers: a class can't be built before its vocabularies are
    there, and weights go with the means and variances that they were trained with.
    """
    given = starts_from(project.training)
    if given is None:
        return
    if style == "subclass":
        first = "[0]" if isinstance(structure, tuple) else ""
        source.statement(
            call("build_for", ["model", f'datasets["train"].element_spec{first}']),
        )
    arguments: list[Expr] = ["model", script_path(source, given.path)]
    if given.by != "structure":
        arguments.append(join("by=", text(given.by)))
    if given.skip_mismatch:
        arguments.append("skip_mismatch=True")
    with source.block("if not resume:"):
        source.statement(call("load_weights", arguments))
