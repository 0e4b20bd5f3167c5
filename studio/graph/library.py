"""All that can be put on the canvas, by family, in the order of the Library panel."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from msgspec import Struct

from studio.graph.catalogue.op import Op
from studio.graph.catalogue.registry import find, paths
from studio.graph.code import outline
from studio.graph.document import Project
from studio.graph.find import Entry

# family -> (title, the ops that people reach for first)
MODEL: dict[str, tuple[str, str]] = {
    "input": ("Input", "Input"),
    "core": ("Core", "Dense Embedding Lambda"),
    "convolution": (
        "Convolution",
        "Conv2D Conv1D Conv2DTranspose DepthwiseConv2D SeparableConv2D Conv3D",
    ),
    "pooling": (
        "Pooling",
        "MaxPooling2D AveragePooling2D GlobalAveragePooling2D GlobalMaxPooling2D MaxPooling1D"
        " GlobalAveragePooling1D",
    ),
    "normalisation": ("Normalisation", "BatchNormalization LayerNormalization GroupNormalization"),
    "regularisation": ("Regularisation", "Dropout SpatialDropout2D GaussianNoise"),
    "merging": ("Merging", "Add Concatenate Multiply Average"),
    "activation": ("Activation", "Activation ReLU Softmax LeakyReLU"),
    "reshaping": ("Reshaping", "Flatten Reshape ZeroPadding2D UpSampling2D Permute Cropping2D"),
    "recurrent": ("Recurrent", "LSTM GRU Bidirectional SimpleRNN TimeDistributed"),
    "attention": ("Attention", "MultiHeadAttention Attention GroupQueryAttention"),
    "preprocessing": (
        "Preprocessing",
        "Rescaling Normalization TextVectorization StringLookup Discretization Resizing RandomFlip"
        " RandomRotation RandomZoom",
    ),
    "ops": (
        "Ops",
        "add multiply matmul reshape concatenate transpose mean sum softmax expand_dims cast",
    ),
    "application": (
        "Applications",
        "ResNet50 MobileNetV2 EfficientNetB0 InceptionV3 VGG16 DenseNet121",
    ),
    "custom": ("Blocks and code", ""),
}
DATA: dict[str, tuple[str, str]] = {
    "source": (
        "Sources",
        "csv numpy images texts lines tfrecord from_tensor_slices from_generator synthetic tfds "
        "audio parquet sqlite",
    ),
    "stage": (
        "Stages",
        "map shuffle batch split cache prefetch filter take repeat zip concatenate padded_batch"
        " ragged_batch",
    ),
    "map": (
        "Maps",
        "rescale one_hot cast standardise resize augment normalise_text hash_words arrange"
        " fill_missing date_parts",
    ),
    "custom": ("Code", ""),
}

_NO_NODES = {"keras.layers.InputLayer"}
"""Made by keras.Input alone."""

_COMMON, _LAYER = 40, 20


class Item(Struct, frozen=True):
    """One thing that can be put on the canvas.

    `op` is what a node of it has, save in the family "map": such a call is the
    function of a tf.data.Dataset.map. `weight` says how common it is.
    """

    op: str
    title: str
    help: str
    family: str
    weight: float = 0.0
    common: bool = False
    """Whether it is shown before one asks for more of its family."""

    def entry(self) -> Entry:
        """As it is searched for: by its title, then its family."""
        return Entry(self.op, self.title, self.weight, f"{self.family} {self.op.lower()}")


class Family(Struct, frozen=True):
    """Things of one kind, the common ones first."""

    name: str
    title: str
    items: tuple[Item, ...]


def family_of(op: Op) -> str:
    """The family of an op as the Library, and its colour, know it; empty where it is no node."""
    if op.path in _NO_NODES or op.path.endswith(("Cell", "RNNCells")):
        return ""  # a cell is the parameter of an RNN
    if op.kind == "function":
        # What takes no tensor, or functions, can't be called on the edges of a graph.
        return "ops" if op.inputs and op.rule is not None else ""
    if op.kind in ("layer", "input"):
        return "preprocessing" if op.family.startswith(("image", "audio")) else op.family
    if op.kind == "application":
        return "application" if op.inputs and op.rule is not None else ""
    return op.kind if op.kind in ("source", "stage", "map") else ""


def library(project: Project, side: str = "model") -> tuple[Family, ...]:
    """The families of the "model" side (blocks too) or the "data" side, empty ones left out.

    The project's own blocks and code are in the family "custom".
    """
    families = []
    order = MODEL if side == "model" else DATA
    for name, (title, _) in order.items():
        items = tuple(_own(project, side)) if name == "custom" else _catalogue()[side].get(name, ())
        if items:
            families.append(Family(name, title, items))
    return tuple(families)


@cache
def _catalogue() -> dict[str, dict[str, tuple[Item, ...]]]:
    """side -> family -> the catalogue's ops."""
    found: dict[str, list[Item]] = {}
    for path in paths():
        op = find(path)
        family = family_of(op) if op is not None else ""
        if family:
            found.setdefault(family, []).append(_item(op, family))
    made = {}
    for side, order in (("model", MODEL), ("data", DATA)):
        made[side] = {
            name: tuple(sorted(found[name], key=lambda item: (-item.weight, item.title.lower())))
            for name in order
            if name in found
        }
    return made


# Two ops of one name are told apart.
_TITLES = {"studio.data.window": "series window"}


def _item(op: Op, family: str) -> Item:
    common = (MODEL | DATA)[family][1].split()
    weight = 0.0 if family == "ops" else float(_LAYER)
    if op.name in common:
        top = _COMMON if family != "ops" else _LAYER
        weight = top - common.index(op.name) / 2
    title = _TITLES.get(op.path, op.name)
    return Item(op.path, title, op.help, family, weight, op.name in common)


def _own(project: Project, side: str) -> Iterator[Item]:
    """The project's blocks, and its code of the kinds that can be nodes."""
    if side == "model":
        for name, block in project.blocks.items():
            names = ", ".join(block.parameters)
            text = (
                f"A block of this project, with {names}." if names else "A block of this project."
            )
            yield Item(f"block:{name}", name, text, "custom", _COMMON, True)
    kinds = ("layer", "function") if side == "model" else ("map", "generator")
    for name, code in project.code.items():
        if code.kind in kinds:
            given = ", ".join(outline(name, code).parameters)
            text = f"A {code.kind} of this project" + (f", with {given}." if given else ".")
            yield Item(f"code:{name}", name, text, "custom", _COMMON, True)
