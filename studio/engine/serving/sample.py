"""A row to begin with, of the test split: as the data have it, and as the model takes it.

Of image files it is the file itself, and its pixels.
"""

from __future__ import annotations

import base64
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from msgspec.structs import replace

from studio.codegen.stage_script import up_to, write_stage_script
from studio.engine.files import place_files
from studio.engine.looking import batched
from studio.engine.serving.refusal import Refusal
from studio.engine.serving.requests import one_row
from studio.engine.serving.signature import (
    DEFAULT,
    IMAGES,
    RAW,
    Signature,
    Tensor,
    image_source,
)
from studio.engine.trained import Trained
from studio.engine.warm import Warm
from studio.graph.catalogue.registry import find
from studio.graph.document import Project
from studio.graph.ops.folders import folder_plan
from studio.graph.problems import StudioError
from studio.graph.spec import Refused
from studio.graph.tables import resolve_path

SECONDS = 20.0
"""How long may be looked for a row: a source that takes longer has none to show."""

MOST_FILES = 4096
"""Image files that may be read to come to the test split; of more, it is the first of all."""

LARGEST = 1 << 20
"""Bytes of an image file that the page brings along."""

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
) -> tuple[dict[str, dict[str, Any]], str]:
    """A row for each signature for which one is found, by input, as a request has it; and the
    split that they are of, "" where that isn't sure.
    """
    rows: dict[str, dict[str, Any]] = {}
    split = split_of(run.project)
    names = [each.name for each in signatures[DEFAULT].inputs]
    found = None
    if RAW in signatures:
        raw, one = signatures[RAW], None
        if IMAGES in signatures:
            file, split = image_file(warm, run, signatures[IMAGES], split)
            one = _asked(warm, "pixels", file, signatures[IMAGES]) if file is not None else None
            if one is not None and len(file[IMAGES]["b64"]) <= LARGEST * 4 // 3:
                rows[IMAGES] = file
        if one is None:
            one = _first(warm, run, unprepared(run.project), [each.name for each in raw.inputs])
        row = _without_nan(one, raw) if one is not None else None
        found = _asked(warm, "prepared", row, raw, names=names) if row is not None else None
        if found is not None:  # else it takes more rows than one: those of a window, say
            rows[RAW] = row
    if found is None:
        found = _first(warm, run, run.project, names)
    if found is not None:
        rows[DEFAULT] = {
            each.name: _shaped(found[each.name], each) for each in signatures[DEFAULT].inputs
        }
    return {name: row for name, row in rows.items() if _fits(row, signatures[name])}, split


def _asked(
    warm: Warm, kind: str, row: dict[str, Any], signature: Signature, **fields: Any
) -> dict[str, Any] | None:
    """What becomes of a row in the process of the model; None where that can't be done."""
    try:
        inputs = one_row(row, signature).fields()["inputs"]
    except Refusal:
        return None
    return warm.ask(kind, seconds=SECONDS, inputs=inputs, **fields).result().result


def image_file(
    warm: Warm, run: Trained, signature: Signature, split: str
) -> tuple[dict[str, Any] | None, str]:
    """An image file of the split, or the first of the folder, where it can't be known, or takes
    long, which is of the split; and the split that it is of. None where there is none to read.
    """
    p = image_source(run)
    try:
        files = folder_plan(p).files
        if p.corrupt == "error" and len(files) <= MOST_FILES:
            whole = unprepared(run.project)
            found = _first(warm, run, whole, [IMAGES], files=True)
            if found is not None and _fits(found, signature):
                return found, split
        content = (resolve_path(p.path, p.folder) / files[0]).read_bytes()
    except (Refused, OSError):
        return None, split
    row = {IMAGES: {"b64": base64.b64encode(content).decode()}}
    return (row, "") if _fits(row, signature) else (None, split)


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


def _first(
    warm: Warm, run: Trained, project: Project, names: list[str], files: bool = False
) -> dict[str, Any] | None:
    """The first row of the test split, or of another where there is none; None without any.

    Of images it has the `files`, or their pixels.
    """
    return _ask(warm, run, project, "sample", names=names, files=files)


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
