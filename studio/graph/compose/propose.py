"""A file or folder of data -> a pipeline that reads it, and the model's inputs that fit.

One edit puts in the source, what its rows need, a split, batches, and where the model has no
input yet, that too; where there is no model at all, one to begin with. Nothing of the project's
own code is run.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from studio.graph.compose.draft import Draft, graph_of
from studio.graph.compose.fitting import fitting
from studio.graph.compose.names import fresh_id, fresh_ids
from studio.graph.compose.pipeline import Pipeline, Split
from studio.graph.document import Edge, Node, Project
from studio.graph.edits import Edit, SetOutputs, Several
from studio.graph.elements import Elements, features
from studio.graph.layout.layered import GRID, NODE, NODE_GAP, PART_GAP
from studio.graph.looking.found import Found, many
from studio.graph.looking.look import look, refusal
from studio.graph.looking.together import called, together
from studio.graph.part_edits import AddPart
from studio.graph.spec import FLOATS, Refused, Spec

Point = tuple[float, float]
COLUMN = NODE[0] + 84
"""From one part of the data to the next, on the canvas: the edges' labels stand between."""


class Proposal(Struct, frozen=True):
    """What would be added: one edit, a sentence about it, and the ids of the new nodes."""

    edit: Edit
    sentence: str
    nodes: tuple[str, ...]
    inputs: tuple[str, ...]
    """New inputs of the model."""


def propose(
    project: Project, path: Path | Sequence[Path], folder: Path, place: Point | None = None
) -> Proposal:
    """A pipeline for a file or folder, beside what the data graph has already.

    Several files become one source; of images and sounds the folder is read.
    `folder` is the project's; where it is absolute and the file lies in it, the path is
    written relative to it. `place` is where the source would lie. Raises StudioError, with
    a sentence, where the file can't be read.
    """
    paths = [path] if isinstance(path, Path) else path
    paths = [Path(os.path.abspath(each)) for each in paths]  # noqa: PTH100  (not through links)
    meant = together(paths)
    files = [meant] if isinstance(meant, Path) else meant
    read = [written(each, folder) for each in files]
    found = look(files[0], read if len(read) > 1 else read[0], folder)
    if files[0] not in paths:
        found.told.append(f"all of the folder {files[0].name} is read")
    name = files[0].name if len(files) == 1 else f"{files[0].name} and {len(files) - 1} more"
    data, model = graph_of(project, "data"), graph_of(project, "model")
    lacks_input = all(node.op != "keras.Input" for node in model.nodes.values())
    try:
        _rename(found, model.nodes if lacks_input else {})
        pipeline = Pipeline(found, folder, data.nodes, fresh_id(data.nodes, _stem(files)))
    except Refused as refused:
        raise refusal(refused) from None
    nodes = _placed(pipeline, data.nodes, place)
    draft = Draft(project, "data")
    draft.do(AddPart("data", nodes, tuple(Edge(*edge) for edge in pipeline.edges)))
    if not data.outputs:
        draft.do(SetOutputs("data", pipeline.outputs))
    inputs: tuple[Node, ...] = ()
    if lacks_input:
        inputs = _inputs(found, pipeline.elements, model.nodes)
        draft.do(AddPart("model", inputs, index=0))
    told = ""
    if inputs and not model.nodes and not data.outputs and not _trained(project):
        count = pipeline.count if pipeline.count is not None else found.about
        made_for = fitting(project, found, pipeline.elements, inputs, count, folder)
        if made_for is not None:
            draft.do(*made_for.edits)
            told = made_for.told
    title = f"Add data from {name}"
    sentence = _sentence(name, found, pipeline, inputs, bool(data.outputs), told)
    made = tuple(node.id for node in nodes), tuple(node.id for node in inputs)
    return Proposal(Several(tuple(draft.edits), title), sentence, *made)


def _trained(project: Project) -> bool:
    """Whether something is said of the training that a new model would change."""
    training = project.training
    return training is not None and bool(training.losses or training.metrics)


def written(path: Path, folder: Path) -> str:
    """A path as a project in this folder has it: relative to it where it lies inside."""
    if folder.is_absolute():
        for inside in (folder, folder.resolve()):
            if path != inside and path.is_relative_to(inside):
                return path.relative_to(inside).as_posix()
    return path.as_posix()


def _stem(files: list[Path]) -> str:
    """What a source is called: birds for birds.csv.gz."""
    return called(files).lower() or "data"


def _rename(found: Found, taken: Any) -> None:
    """Gives features that would become inputs names that no node of the model has."""
    for part, source in found.sources.items():
        named = source.params.get("features")
        if isinstance(named, dict) and source.op != "studio.data.tfrecord":
            ids = fresh_ids(taken, named)
            renamed = {ids[name]: value for name, value in named.items()}
            found.sources[part] = type(source)(source.op, source.params | {"features": renamed})
            for index, call in enumerate(found.maps):
                if call.op == "studio.map.fill_missing":
                    values = {ids[n]: value for n, value in call.params["values"].items()}
                    found.maps[index] = type(call)(call.op, {"values": values})


def _placed(pipeline: Pipeline, there: dict[str, Node], place: Point | None) -> tuple[Node, ...]:
    """The new nodes at free places: round the place wished for, else beside all there is."""
    step = NODE[1] + 62
    spots = {name: (column * COLUMN, row * step) for name, (column, row) in pipeline.spots.items()}
    boxes = [node.at for node in there.values() if node.at is not None]
    left = min(x for x, _ in spots.values())
    right, bottom = max(x for x, _ in spots.values()), max(y for _, y in spots.values())
    at = place or (0.0, 0.0)

    def free(x: float, y: float) -> bool:
        room = NODE[0] + NODE_GAP, NODE[1] + NODE_GAP
        return not any(
            x + left - room[0] < bx < x + right + room[0]
            and y - room[1] < by < y + bottom + room[1]
            for bx, by in boxes
        )

    if not free(*at):
        at = max(x for x, _ in boxes) + NODE[0] + PART_GAP - left, min(y for _, y in boxes)
    x, y = (round(value / GRID) * GRID for value in at)
    return tuple(
        Node(
            node.id, node.op, params=node.params, at=(x + spots[node.id][0], y + spots[node.id][1])
        )
        for node in pipeline.nodes
    )


def _inputs(found: Found, elements: Elements, there: dict[str, Node]) -> tuple[Node, ...]:
    """An input of the model for each feature, in a row above what is there."""
    given = features(elements.structure)
    named = given if isinstance(given, dict) else {fresh_id(there, found.input): given}
    boxes = [node.at for node in there.values() if node.at is not None]
    top = min((y for _, y in boxes), default=NODE[1] + PART_GAP) - NODE[1] - PART_GAP
    left = (min((x for x, _ in boxes), default=0.0)) - (
        0 if boxes else COLUMN * (len(named) - 1) / 2
    )
    return tuple(
        Node(name, "keras.Input", params=_input(spec), at=(left + COLUMN * index, top))
        for index, (name, spec) in enumerate(named.items())
    )


def _input(spec: Spec) -> dict[str, Any]:
    """The parameters of an input that takes batches of these tensors."""
    params: dict[str, Any] = {"shape": list(spec.shape[1:]) or [1]}
    if spec.dtype not in FLOATS:
        params["dtype"] = spec.dtype
    if spec.ragged:
        params["ragged"] = True
    return params


def _sentence(
    name: str,
    found: Found,
    pipeline: Pipeline,
    inputs: tuple[Node, ...],
    had: bool,
    model: str,
) -> str:
    """What was proposed, short enough for one line of the window."""
    count = pipeline.count if pipeline.count is not None else found.about
    number = f"{count:,} {found.noun}" if count is not None else found.noun
    parts = [number, f"label {found.label}" if found.label else "no label"]
    if model:
        parts.append(f"a model for {model}")
    if inputs:
        what = "input" if len(inputs) == 1 else "inputs"
        parts.append(f"{what} {many([node.id for node in inputs])}")
    parts += found.told
    how = {Split.NONE: "for training alone", Split.PARTS: "its own parts kept"}
    parts.append(how.get(pipeline.split) or "split 80/10/10")
    said = f"{name}: {', '.join(parts)}."
    return said + (" What feeds the training stays as it was." if had else "")
