"""The exports: the formats that a script writes its trained model in."""

from __future__ import annotations

from studio.graph.catalogue.op import Param
from studio.graph.catalogue.registry import describe
from studio.graph.catalogue.types import Bool, Choice, Int, Text, or_null
from studio.graph.rule import Args
from studio.graph.spec import Refused

OLDEST_OPSET, NEWEST_OPSET = 13, 18
"""The versions of ONNX' operators that tf2onnx writes for every op it knows."""


def _export(name: str, help: str, file: str, ending: str, *params: Param, kind: str = "") -> None:
    what = kind or f"file, which ends in {ending}"
    text = f"The name of the {what}, in the folder of the exports."

    def named(p: Args) -> None:
        """The name is one of a file there, and its ending tells what is in it."""
        if "/" in p.file or "\\" in p.file or p.file.startswith(".") or not p.file.isprintable():
            raise Refused(
                f"is written into the folder of the exports, but its file is {p.file!r}",
                f"Give a name without a folder, such as {file}.",
            )
        if not p.file.endswith(ending) or p.file == ending:
            raise Refused(
                f"writes a file that ends in {ending}, but it is called {p.file!r}",
                f"Call it {file}.",
            )

    describe(
        f"studio.export.{name}",
        kind="export",
        help=help,
        params=(Param("file", Text(empty=False), file, text), *params),
        shown="file",
        check=named,
    )


_export("keras", "The whole model in Keras' own format.", "exported.keras", ".keras")
_export("h5", "The whole model in the older format of Keras, HDF5.", "model.h5", ".h5")
_export("weights", "The weights alone.", "model.weights.h5", ".weights.h5")
_export(
    "checkpoint",
    "The weights as a checkpoint of TensorFlow.",
    "checkpoint",
    "",
    kind="folder of the checkpoint",
)
_export(
    "saved_model",
    "A SavedModel of TensorFlow with named signatures.",
    "saved_model",
    "",
    Param(
        "raw",
        Bool(),
        False,
        "Add a signature, raw, that takes rows as they are before any stage of the data, or the "
        "bytes of image files.",
    ),
    kind="folder of the SavedModel",
)
_export(
    "tflite",
    "A LiteRT (TensorFlow Lite) model.",
    "model.tflite",
    ".tflite",
    Param(
        "quantization",
        Choice(("none", "float16", "dynamic", "int8")),
        "none",
        "float16 halves the weights, dynamic has them in 8 bits, int8 computes in 8 bits too.",
    ),
    Param(
        "samples",
        Int(1, 100_000),
        200,
        "Of int8: how many examples of the training data show the range of each tensor.",
    ),
    Param(
        "batch_size",
        or_null(Int(1)),
        None,
        "How many examples the model takes at once; any number where it is left out, but 1 for "
        "one with loops (recurrent layers), which can't be left open.",
    ),
)
_export(
    "onnx",
    "An ONNX model.",
    "model.onnx",
    ".onnx",
    Param(
        "opset", Int(OLDEST_OPSET, NEWEST_OPSET), NEWEST_OPSET, "The version of ONNX' operators."
    ),
)
_export("json", "The architecture alone, as Keras writes it.", "architecture.json", ".json")
_export("yaml", "The architecture alone, as YAML.", "architecture.yaml", ".yaml")

RECURRENT = frozenset(
    f"keras.layers.{name}"
    for name in ("LSTM", "GRU", "SimpleRNN", "RNN", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D")
)
"""Layers that go through a sequence in a loop, unless they are unrolled."""

_LOOKUP = "Export a SavedModel, or take the lookup out of the model: put it into the data."
_STEP = "Export a SavedModel, or put that step into the data."
_OTHER = "Export a SavedModel, or make do without it."


def _ops(names: str, instead: str, module: str = "keras.ops") -> dict[str, str]:
    return {f"{module}.{name}": instead for name in names.split()}


_LINEAR = "cholesky cholesky_inverse eig eigh inv logdet pinv qr slogdet solve svd"
_NEITHER = (
    _ops("Hashing HashedCrossing IntegerLookup TextVectorization", _LOOKUP, "keras.layers")
    | _ops(f"{_LINEAR} solve_triangular erfinv i0 in_top_k nextafter searchsorted", _OTHER)
    | _ops("fft fft2 ifft2 irfft istft polar", _STEP)
    | _ops(
        "elastic_transform hsv_to_rgb perspective_transform rgb_to_hsv", _STEP, "keras.ops.image"
    )
)

NO_LITERT: dict[str, str] = (
    _NEITHER
    | _ops("AveragePooling3D MaxPooling3D", _OTHER, "keras.layers")
    | _ops("AdaptiveAveragePooling3D AdaptiveMaxPooling3D", _OTHER, "keras.layers")
    | _ops("ctc_decode det erf median nanmedian percentile quantile", _OTHER)
    | _ops("arccosh bitwise_and bitwise_invert cumprod left_shift sinh tan", _OTHER)
)
"""Ops that LiteRT's converter doesn't know, whatever their parameters; each with what to do
instead. `python -m tests.engine.exporting.converters` finds them out."""

NO_ONNX: dict[str, str] = (
    _NEITHER
    | _ops("StringLookup", _LOOKUP, "keras.layers")
    | _ops("Discretization MelSpectrogram", _STEP, "keras.layers")
    | _ops("rfft stft", _STEP)
    | _ops("ctc_loss slice_update", _OTHER)
)
"""Ops that the converter to ONNX, or ONNX Runtime, doesn't know; likewise."""
