"""A row to begin with, of the test split: as the data have it, and as the model takes it."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from msgspec.structs import replace

from studio.codegen.stage_script import up_to, write_stage_script
from studio.engine.files import place_files
from studio.engine.looking import batched
from studio.engine.serving.refusal import Refusal
from studio.engine.serving.requests import one_row
from studio.engine.serving.signature import DEFAULT, RAW, Signature, Tensor
from studio.engine.trained import Trained
from studio.engine.warm import Warm
from studio.graph.catalogue.registry import find
from studio.graph.document import Project
from studio.graph.problems import StudioError

SECONDS = 20.0
"""How long may be looked for a row: a source that takes longer has none to show."""

SPLITS = ("test", "validation", "train")

_STEADY = {"map", "batch", "padded_batch", "ragged_batch", "rebatch", "cache", "shuffle", "repeat"}
_STEADY |= {"prefetch", "with_options", "split"}
"""Stages without which a split has the same rows."""


def split_of(project: Project) -> str:
    """The split that rows to begin with are of; "" where stages leave rows out, and it may be
    another.
    """
    data = project.data
    ops = {node.op for node in data.nodes.values()} if data is not None else set()
    steady = all(find(op).kind == "source" or op.rpartition(".")[2] in _STEADY for op in ops)
    return (_split(project) or "") if steady else ""


def _split(project: Project) -> str | None:
    outputs = project.data.outputs if project.data is not None else {}
    return next((each for each in SPLITS if each in outputs), None)


def sample_rows(
    warm: Warm, run: Trained, signatures: dict[str, Signature]
) -> dict[str, dict[str, Any]]:
    """A row for each signature for which one is found, by input, as a request has it."""
    rows: dict[str, dict[str, Any]] = {}
    names = [each.name for each in signatures[DEFAULT].inputs]
    found = None
    if RAW in signatures:
        raw = signatures[RAW]
        one = _first(warm, run, unprepared(run.project), [each.name for each in raw.inputs])
        row = _without_nan(one, raw) if one is not None else None
        found = _prepared(warm, row, raw, names) if row is not None else None
        if found is not None:  # else it takes more rows than one: those of a window, say
            rows[RAW] = row
    if found is None:
        found = _first(warm, run, run.project, names)
    if found is not None:
        rows[DEFAULT] = {
            each.name: _shaped(found[each.name], each) for each in signatures[DEFAULT].inputs
        }
    return {name: row for name, row in rows.items() if _fits(row, signatures[name])}


def _prepared(
    warm: Warm, row: dict[str, Any], raw: Signature, names: list[str]
) -> dict[str, Any] | None:
    """A raw row as the model takes it; None where that can't be done."""
    try:
        inputs = one_row(row, raw).fields()["inputs"]
    except Refusal:
        return None
    return warm.ask("prepared", seconds=SECONDS, inputs=inputs, names=names).result().result


def _fits(row: dict[str, Any], signature: Signature) -> bool:
    try:
        one_row(row, signature)
    except Refusal:
        return False
    return True


def unprepared(project: Project) -> Project:
    """The data without what is done to rows: they are those of the source, split as ever."""
    nodes = {
        name: node
        if find(node.op).kind == "source" or node.op == "studio.data.split"
        else replace(node, bypass=True)
        for name, node in project.data.nodes.items()
    }
    return replace(project, data=replace(project.data, nodes=nodes))


def _first(warm: Warm, run: Trained, project: Project, names: list[str]) -> dict[str, Any] | None:
    """The first row of the test split, or of another where there is none; None without any."""
    return _ask(warm, run, project, "sample", names=names)


def picture_style(warm: Warm, run: Trained, signature: Signature) -> dict[str, Any] | None:
    """What the pictures are like that a model was trained on: range, ground, size, place, pen.

    They are the only input of a signature; as the worker's `style` tells it, None where no
    pictures are found.
    """
    project = unprepared(run.project) if signature.name == RAW else run.project
    names = [each.name for each in signature.inputs]
    return _ask(warm, run, project, "style", names=names)


def _ask(warm: Warm, run: Trained, project: Project, kind: str, **fields: Any) -> Any:
    """What the process says of the first elements of a split; None where nothing can be said."""
    split = _split(project)
    if split is None:
        return None
    try:
        part = up_to(project, project.data.outputs[split])
        script = write_stage_script(part, run.folder, run.report).text
        with TemporaryDirectory(prefix="studio-serve-") as place:
            place_files(part, run.folder, Path(place))
            about = {"script": script, "folder": place, "batched": batched(part)}
            # The code is that of a run, which has run it.
            return warm.ask(kind, seconds=SECONDS, **about, **fields).result().result
    except StudioError:
        return None


def _without_nan(row: dict[str, Any], signature: Signature) -> dict[str, Any]:
    """The row as JSON can have it: what isn't known is null."""

    def change(value: Any) -> Any:
        if isinstance(value, list):
            return [change(each) for each in value]
        return None if value != value else value  # NaN

    return {each.name: change(row[each.name]) for each in signature.inputs}


def _shaped(value: Any, tensor: Tensor) -> Any:
    """A number in the place of a list of one, where the model takes such a list.

    Keras adds such an axis itself.
    """
    return [value] if tensor.shape == (1,) and not isinstance(value, list) else value
