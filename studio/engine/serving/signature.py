"""What can be asked of a served model: its inputs, raw rows, or image files, and its outputs."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from studio.engine.trained import Trained
from studio.graph.bypass import through
from studio.graph.catalogue.registry import find
from studio.graph.document import output_name
from studio.graph.ops.folders import CHANNELS, UNREADABLE, image_size
from studio.graph.preparing import Preparing, preparing
from studio.graph.problems import StudioError, quoted
from studio.graph.rule import Args
from studio.graph.spec import FLOATS, INTEGERS, Spec, shape_text

DEFAULT, RAW, IMAGES = "serving_default", "raw", "images"
"""The names of the signatures: the model's inputs, as TensorFlow Serving has it, raw rows, and the
bytes of image files, where raw rows are the pixels of such."""

ROW = "row"
"""What raw rows are called where they have no name, and are tensors that are not named."""

KINDS = FLOATS | INTEGERS | {"bool", "string"}
"""The dtypes whose values JSON can hold."""


class Image(Struct, frozen=True):
    """What becomes of an image file: it is read with a number of channels, and resized."""

    channels: int
    height: int
    width: int
    interpolation: str
    kinds: tuple[str, ...]
    """Which files can be read so: "PNG", "JPEG", "GIF", "BMP"."""

    def __str__(self) -> str:
        *first, last = self.kinds
        return f"a {', '.join(first)} or {last} file"


class Tensor(Struct, frozen=True):
    """An input or output; `shape` is that of one row, without the axis of the batch.

    `ragged` counts the axes of a row, from the outside in, that may differ from row to row. Of
    other sizes that are None, all rows of a request have the same. With `missing`, null is a
    value that isn't known. Of an output behind a layer of the project's own, nothing may be known:
    then the shape is None, and the dtype "". Strings that are bytes of files have an `image`.
    """

    name: str
    shape: tuple[int | None, ...] | None
    dtype: str
    ragged: int = 0
    missing: bool = False
    image: Image | None = None

    def __str__(self) -> str:
        if self.image is not None:
            return str(self.image)
        return f"{self.dtype} {shape_text(self.shape)}{', ragged' if self.ragged else ''}"


class Signature(Struct, frozen=True):
    """Inputs and outputs; `rows` is how many rows are taken at once, None for any number."""

    name: str
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    rows: int | None = None

    def input(self, name: str) -> Tensor | None:
        """The input of a name; None where there is none."""
        return next((each for each in self.inputs if each.name == name), None)

    @property
    def single(self) -> bool:
        """Whether there is one input alone, which need not be named."""
        return len(self.inputs) == 1


def signatures(run: Trained) -> dict[str, Signature]:
    """What the model of a run can be asked, by name: its inputs, raw rows and image files where
    there are.

    Raises StudioError where JSON can't hold what the model takes or gives.
    """
    shapes = run.report.shapes["model"]
    graph = through(run.project, run.project.model)
    inputs, rows = [], None
    for node in graph.nodes.values():
        op, spec = find(node.op or ""), shapes.at(node.id)
        if op is None or op.kind != "input" or not isinstance(spec, Spec):
            continue
        inputs.append(_of_batch(node.id, spec))
        rows = rows or spec.shape[0]
    outputs = tuple(_of_batch(output_name(end), shapes.at(end)) for end in graph.outputs)
    found = {DEFAULT: Signature(DEFAULT, tuple(inputs), outputs, rows)}
    raw = _raw(run)
    if raw:
        found[RAW] = Signature(RAW, raw, outputs)
    image = _image(run)
    if raw and image is not None:
        found[IMAGES] = Signature(IMAGES, (Tensor(IMAGES, (), "string", image=image),), outputs)
    for tensor in (*inputs, *outputs, *raw):
        if tensor.dtype and tensor.dtype not in KINDS:
            raise StudioError(
                f"{quoted(tensor.name)} of the model is {tensor.dtype}, which JSON can't hold."
            )
    return found


def _of_batch(name: str, spec: object) -> Tensor:
    if not isinstance(spec, Spec):
        return Tensor(name, None, "")
    return Tensor(name, tuple(spec.shape[1:]), spec.dtype, spec.ragged)


def _raw(run: Trained) -> tuple[Tensor, ...]:
    """What a raw row is made of; nothing where there is no one kind of row, or it isn't flat."""
    found = prepared(run)
    if found is None:
        return ()
    rows = found.rows if isinstance(found.rows, dict) else {ROW: found.rows}
    if not all(isinstance(spec, Spec) and not spec.ragged for spec in rows.values()):
        return ()
    kept = found.project.data.nodes[found.source].params.get("missing") == "keep"
    return tuple(
        Tensor(
            name,
            tuple(spec.shape),
            spec.dtype,
            missing=kept and spec.dtype in FLOATS | {"string"},
        )
        for name, spec in rows.items()
    )


def image_source(run: Trained) -> Args | None:
    """The parameters of the source that reads image files of one size; None where there is none."""
    found = prepared(run)
    if found is None:
        return None
    node = found.project.data.nodes[found.source]
    if node.op != "studio.data.images":
        return None
    p = Args(find(node.op).filled(node.params), folder=run.folder)
    return p if p.image_size is not None else None


_ENDINGS = {"PNG": ".png", "JPEG": ".jpg", "GIF": ".gif", "BMP": ".bmp"}


def _image(run: Trained) -> Image | None:
    p = image_source(run)
    if p is None:
        return None
    cannot = UNREADABLE.get(p.color_mode, ())
    kinds = tuple(kind for kind, ending in _ENDINGS.items() if ending not in cannot)
    return Image(CHANNELS[p.color_mode], *image_size(p), p.interpolation, kinds)


def prepared(run: Trained) -> Preparing | None:
    """How rows of a run's data come to its model; None where there is no one kind of row."""
    try:
        return preparing(run.project, run.report.shapes)
    except StudioError:
        return None


_TYPES = {
    "float32": "DT_FLOAT",
    "float64": "DT_DOUBLE",
    "float16": "DT_HALF",
    "bfloat16": "DT_BFLOAT16",
    "bool": "DT_BOOL",
    "string": "DT_STRING",
}


def metadata(name: str, found: dict[str, Signature]) -> dict[str, Any]:
    """The signatures as TensorFlow Serving tells them at /v1/models/NAME/metadata."""
    told = {
        each.name: {
            "inputs": {tensor.name: _told(tensor, each.rows) for tensor in each.inputs},
            "outputs": {tensor.name: _told(tensor, each.rows) for tensor in each.outputs},
            "method_name": "tensorflow/serving/predict",
        }
        for each in found.values()
    }
    return {
        "model_spec": {"name": name, "signature_name": "", "version": "1"},
        "metadata": {"signature_def": {"signature_def": told}},
    }


def _told(tensor: Tensor, rows: int | None) -> dict[str, Any]:
    if tensor.shape is None:
        shape: dict[str, Any] = {"unknown_rank": True}
        return {"dtype": "DT_INVALID", "tensor_shape": shape, "name": tensor.name}
    sizes = [-1 if size is None else size for size in (rows, *tensor.shape)]
    return {
        "dtype": _TYPES.get(tensor.dtype) or f"DT_{tensor.dtype.upper()}",
        "tensor_shape": {
            "dim": [{"size": str(size), "name": ""} for size in sizes],
            "unknown_rank": False,
        },
        "name": tensor.name,
    }
