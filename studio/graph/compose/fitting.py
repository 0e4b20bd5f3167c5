"""A model that fits data, to begin with: layers behind each input, and a head, loss and metric for
the label.

What is known of the data decides: texts get a lookup, words an embedding, images and sounds
convolutions; a label that is a class gets a unit for each, a number a single one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from studio.graph.catalogue.registry import find
from studio.graph.checks.advice.data import USUAL
from studio.graph.compose.names import fresh_id
from studio.graph.document import Call, Edge, Node, Project, Training
from studio.graph.edits import Edit, SetOutputs, SetTraining
from studio.graph.elements import Elements, features, label
from studio.graph.layout.layered import GRID, NODE, NODE_GAP
from studio.graph.looking.columns import MOST_CLASSES, MOST_NUMBERS, PROSE, SOME, mean_words
from studio.graph.looking.found import WORDS, Found, part_of
from studio.graph.ops.sources import csv_table
from studio.graph.part_edits import AddPart
from studio.graph.rule import Args
from studio.graph.spec import FLOATS, INTEGERS, Spec

UNITS, VECTOR = 64, 24
"""Units of the hidden layer; numbers of a word's vector."""
LOOKED_UP, BINS = 50, 64
"""Texts of a column that are looked up one by one; else they are put into so many bins."""
TOKENS = 4096
"""Words of a column of sentences that are told apart."""
FILTERS = (16, 32, 64)
STEPS, LEAST, MOST = 1000, 10, 100
"""About how many batches a training goes through; and its epochs at least and at most."""
RATE = 0.003
"""The learning rate; the optimizer's own where there is much data."""
NEAR = 10.0
"""A number that is to be predicted is brought to its range where that goes beyond this."""
TABLES = ("studio.data.csv", "studio.data.parquet", "studio.data.sqlite")


class Head(Struct, frozen=True):
    """The last layers, with what they are trained by."""

    layers: tuple[Call, ...]
    loss: Call
    metric: Call
    told: str


class Model(Struct, frozen=True):
    """A model in the making: what puts it into the project, and what it does in a few words."""

    edits: tuple[Edit, ...]
    told: str


def fitting(
    project: Project,
    found: Found,
    elements: Elements,
    inputs: tuple[Node, ...],
    count: int | None,
    folder: Path,
) -> Model | None:
    """Layers between the inputs and an output for the label; None where that isn't known.

    `elements` are batches for training, made of `count` elements; `inputs` are in the project.
    """
    source = next(iter(found.sources.values()))
    head = _head(elements, found, source.op in TABLES, count)
    given = features(elements.structure)
    specs = given if isinstance(given, dict) else {inputs[0].id: given}
    if head is None or not all(isinstance(spec, Spec) for spec in specs.values()):
        return None
    texts = _texts(source, folder)
    hashed = any(call.op == "studio.map.hash_words" for call in found.maps)
    bodies: dict[str, list[Call]] = {}
    for name, spec in specs.items():
        body = _body(spec, texts(name) if spec.dtype == "string" else (), hashed)
        if body is None:
            return None
        bodies[name] = body
    sketch = _Sketch({node.id: node for node in inputs})
    sketch.behind(bodies)
    hidden = Call("keras.layers.Dense", {"units": UNITS, "activation": "relu"})
    end = sketch.add("hidden", hidden, sketch.joined())
    wish = source.params.get("label") or "label"
    wish = part_of(wish)[1] or wish
    *_, last = head.layers
    for layer in head.layers:
        end = sketch.add(wish if layer is last else "score", layer, end)
    edits: list[Edit] = [
        AddPart("model", tuple(sketch.nodes), tuple(sketch.edges)),
        SetOutputs("model", (end,)),
        SetTraining("losses", {end: head.loss}),
        SetTraining("metrics", {end: (head.metric,)}),
    ]
    training = project.training or Training()
    batches = elements.count or (count or STEPS) // USUAL
    epochs = min(max(STEPS // max(batches, 1), LEAST), MOST)
    if training.optimizer is None:
        few = epochs > LEAST
        params = {"learning_rate": RATE} if few else {}
        edits.append(SetTraining("optimizer", Call("keras.optimizers.Adam", params)))
    if training.epochs == 1:
        edits.append(SetTraining("epochs", epochs))
    return Model(tuple(edits), head.told)


# The label


def _head(elements: Elements, found: Found, table: bool, count: int | None) -> Head | None:
    """What predicts the label of batches; None where it isn't clear what that is."""
    spec = label(elements.structure)
    if not isinstance(spec, Spec):
        return None
    return head_of(spec, elements.labels or found.labels, elements.classes, table, count)


def head_of(
    spec: Spec,
    labels: tuple[float, float] | None,
    names: tuple[str, ...],
    table: bool,
    count: int | None,
) -> Head | None:
    """What predicts labels, whose batches are `spec`; None where it isn't clear what they are.

    `labels` are the smallest and largest, `names` those of classes; `table` says that they come
    from a table of `count` rows.
    """
    if spec.ragged or spec.rank not in (1, 2):
        return None
    width = spec.shape[1] if spec.rank == 2 else 1
    if spec.dtype in FLOATS and width is not None:
        return _number(width, labels if width == 1 else None)
    if width != 1 or spec.dtype not in INTEGERS | {"bool"}:
        return None
    if spec.dtype == "bool":
        labels = (0, 1)
    if labels is None:
        return None
    low, high = labels
    classes = int(high) + 1
    named = len(names) == classes
    few = low in (0, 1) and high <= MOST_NUMBERS
    # Whole numbers in a table may be anything; those of other files are mostly classes.
    often = not table and low == 0 and classes <= min(MOST_CLASSES, (count or 0) // 10)
    if not (named or few or often):
        return _number(1, labels)
    return _yes_or_no() if classes <= 2 else _classes(classes)


def _yes_or_no() -> Head:
    return Head(
        (Call("keras.layers.Dense", {"units": 1, "activation": "sigmoid"}),),
        Call("keras.losses.BinaryCrossentropy"),
        Call("keras.metrics.BinaryAccuracy", {"name": "accuracy"}),
        "yes or no",
    )


def _classes(count: int) -> Head:
    return Head(
        (Call("keras.layers.Dense", {"units": count}),),
        Call("keras.losses.SparseCategoricalCrossentropy", {"from_logits": True}),
        Call("keras.metrics.SparseCategoricalAccuracy", {"name": "accuracy"}),
        f"{count:,} classes",
    )


def _number(width: int, labels: tuple[float, float] | None) -> Head:
    layers = [Call("keras.layers.Dense", {"units": width})]
    if labels is not None and max(map(abs, labels)) > NEAR:
        # A layer begins with numbers about 0, from which a far one is many steps away.
        low, high = labels
        scale = _rounded((high - low) / 4) or 1.0
        params = {"scale": scale, "offset": _rounded((low + high) / 2)}
        layers.append(Call("keras.layers.Rescaling", params))
    return Head(
        tuple(layers),
        Call("keras.losses.MeanSquaredError"),
        Call("keras.metrics.MeanAbsoluteError", {"name": "mae"}),
        "a number" if width == 1 else f"{width:,} numbers",
    )


def _rounded(value: float) -> float:
    return float(f"{value:.3g}")


# The features


def _texts(source: Call, folder: Path) -> Callable[[str], tuple[str, ...]]:
    """The different texts of a feature, for its name, as far as they are known."""
    named = source.params.get("features")
    if source.op != "studio.data.csv":
        return lambda name: ()
    params = Args(find(source.op).filled(source.params), folder=folder)
    path = source.params["path"]
    table = csv_table(params, [path] if isinstance(path, str) else path)

    def texts(name: str) -> tuple[str, ...]:
        column = named.get(name, name) if isinstance(named, dict) else named or name
        known = table.columns.get(column) if isinstance(column, str) else None
        return known.texts if known is not None else ()

    return texts


def _body(spec: Spec, texts: tuple[str, ...], hashed: bool) -> list[Call] | None:
    """The layers that make a vector of a feature, whose batches are this; None for none known."""
    if spec.dtype == "string":
        return _of_text(texts) if spec.rank in (1, 2) and not spec.ragged else None
    if spec.rank == 2 and spec.dtype in INTEGERS and hashed:
        embedding = {"input_dim": WORDS, "output_dim": VECTOR}
        return [
            Call("keras.layers.Embedding", embedding),
            Call("keras.layers.GlobalAveragePooling1D"),
        ]
    if spec.ragged or spec.dtype not in FLOATS | INTEGERS:
        return None
    sizes = spec.shape[1:]
    if len(sizes) < 2:
        return [Call("keras.layers.Normalization")] if None not in sizes else None
    if len(sizes) == 3 and None not in sizes and min(sizes[:2]) >= 8:
        return _of_image(sizes)
    if len(sizes) == 2 and sizes[1] is not None and (sizes[0] is None or sizes[0] >= 16):
        return _of_series(sizes[0])
    return [Call("keras.layers.Flatten")] if None not in sizes else None


def _of_text(texts: tuple[str, ...]) -> list[Call]:
    if mean_words(texts[:SOME]) >= PROSE:
        return layers_of_words()
    if 0 < len(texts) <= LOOKED_UP:
        most = len(texts) + 1  # one for texts that training has never seen
        params = {"max_tokens": most, "output_mode": "one_hot", "pad_to_max_tokens": True}
        return [Call("keras.layers.StringLookup", params)]
    return [Call("keras.layers.Hashing", {"num_bins": BINS, "output_mode": "one_hot"})]


def layers_of_words() -> list[Call]:
    """The layers that say which words a text has."""
    params = {"max_tokens": TOKENS, "output_mode": "multi_hot", "pad_to_max_tokens": True}
    return [Call("keras.layers.TextVectorization", params), Call("keras.layers.Flatten")]


def _of_image(sizes: tuple[Any, ...]) -> list[Call]:
    """Convolutions that halve the sides, until few pixels are left."""
    layers: list[Call] = []
    side = min(sizes[:2])
    for filters in FILTERS:
        params = {"filters": filters, "kernel_size": 3, "padding": "same", "activation": "relu"}
        layers.append(Call("keras.layers.Conv2D", params))
        side //= 2
        if side < 4:
            break
        layers.append(Call("keras.layers.MaxPooling2D", {"pool_size": 2}))
    return [*layers, Call("keras.layers.GlobalAveragePooling2D")]


def _of_series(length: int | None) -> list[Call]:
    """Convolutions along the time; of a sound, the first goes over some milliseconds at once."""
    params: dict[str, Any] = {"filters": 32, "kernel_size": 5}
    if length is not None and length >= 256:
        params = {"filters": 32, "kernel_size": 64, "strides": 8}
    params |= {"padding": "same", "activation": "relu"}
    return [Call("keras.layers.Conv1D", params), Call("keras.layers.GlobalMaxPooling1D")]


# Nodes and their places


class _Sketch:
    """Nodes below the inputs: a column for each, then all that they share in the middle."""

    def __init__(self, inputs: Mapping[str, Node]):
        self.nodes: list[Node] = []
        self.edges: list[Edge] = []
        self._inputs = inputs
        self._taken: dict[str, None] = dict.fromkeys(inputs)
        self._ends: list[str] = []
        places = [node.at for node in inputs.values()]
        self._middle = sum(x for x, _ in places) / len(places)
        self._top = max(y for _, y in places)
        self._step = NODE[1] + NODE_GAP + 24
        self._row = 0

    def behind(self, bodies: Mapping[str, list[Call]]) -> None:
        """The layers of each input, below it."""
        single = len(bodies) == 1
        for name, body in bodies.items():
            end, x = name, self._inputs[name].at[0]
            for row, layer in enumerate(body, 1):
                wish = _NAMES.get(layer.op.rpartition(".")[2], "")
                wish = wish if single else f"{name}_{wish}"
                end = self._put(wish, layer, (end,), x, row)
            self._ends.append(end)
        self._row = max(map(len, bodies.values()))

    def joined(self) -> str:
        """The end that has what all inputs became."""
        if len(self._ends) == 1:
            return self._ends[0]
        self._row += 1
        call = Call("keras.layers.Concatenate")
        return self._put("joined", call, tuple(self._ends), self._middle, self._row)

    def add(self, wish: str, layer: Call, end: str) -> str:
        """A layer behind an end, in the middle; the new end."""
        self._row += 1
        return self._put(wish, layer, (end,), self._middle, self._row)

    def _put(self, wish: str, layer: Call, fed: tuple[str, ...], x: float, row: int) -> str:
        name = fresh_id(self._taken, wish)
        self._taken[name] = None
        at = (round(x / GRID) * GRID, round((self._top + row * self._step) / GRID) * GRID)
        self.nodes.append(Node(name, layer.op, params=layer.params, at=at))
        self.edges += [Edge(end, name) for end in fed]
        return name


_NAMES = {
    "Normalization": "scaled",
    "StringLookup": "code",
    "Hashing": "bins",
    "TextVectorization": "words",
    "Embedding": "embedding",
    "GlobalAveragePooling1D": "mean",
    "GlobalAveragePooling2D": "mean",
    "GlobalMaxPooling1D": "peak",
    "Conv2D": "conv",
    "Conv1D": "conv",
    "MaxPooling2D": "pool",
    "Flatten": "flat",
}
