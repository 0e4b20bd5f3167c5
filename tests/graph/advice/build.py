"""Small projects for the tests of advice, each without a word to say against it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

Json = dict[str, Any]
Call = Json

PREFIXES = {
    "studio.map.": (
        *("rescale", "cast", "one_hot", "hash_words", "arrange"),
        *("split_words", "augment", "add_channel", "fill_missing"),
    ),
    "studio.data.": ("csv", "numpy", "split", "window"),
    "tf.data.Dataset.": (
        *("map", "batch", "shuffle", "repeat", "take", "skip", "cache", "prefetch", "zip"),
        *("ragged_batch", "padded_batch"),
    ),
}


def path_of(name: str, family: str) -> str:
    """The public path of an op by its short name."""
    for prefix, names in PREFIXES.items():
        if name in names:
            return prefix + name
    return "keras.Input" if name == "Input" else f"keras.{family}.{name}"


def call(family: str, name: str, /, **params: Any) -> Call:
    """A call as data."""
    path = path_of(name, family)
    return {"op": path, "params": params} if params else {"op": path}


def node(id: str, op: str, /, **params: Any) -> Json:
    """A node; a stage called map_rescale is a map by that function."""
    if op.startswith("map_"):
        return {"id": id, **call("", "map", function=call("", op[4:], **params))}
    return {"id": id, **call("layers", op, **params)}


def row(nodes: list[Json]) -> list[list[str]]:
    """The edges of nodes that stand in a row; behind a split goes its training part."""
    ends = [f"{n['id']}.train" if n["op"] == "studio.data.split" else n["id"] for n in nodes]
    return [[a, b["id"]] for a, b in zip(ends, nodes[1:], strict=False)]


def data(*stages: Json, **branches: list[Json]) -> Json:
    """A row of stages for training; each branch begins at the part of the split of its name."""
    nodes, edges = list(stages), row(list(stages))
    outputs = {"train": stages[-1]["id"]}
    split = next((n["id"] for n in stages if n["op"] == "studio.data.split"), None)
    for name, branch in branches.items():
        nodes += branch
        edges += [[f"{split}.{name}", branch[0]["id"]], *row(branch)]
        outputs[name] = branch[-1]["id"]
    return {"nodes": nodes, "edges": edges, "outputs": outputs}


def digits(*more: Json, label: str | None = "digit", batch: int = 64) -> Json:
    """Digits 0 to 9 as pictures of 8 x 8, scaled, split, shuffled, in batches."""
    return data(
        node("source", "csv", path="assets:data/digits.csv.gz", label=label),
        node("scale", "map_rescale", scale=0.0625),
        *more,
        node("split", "split", validation=0.1, test=0.1),
        node("shuffle", "shuffle", buffer_size=2000),
        node("batch", "batch", batch_size=batch),
        validation=[node("held_out", "batch", batch_size=256)],
    )


def table(label: str, *stages: Json, file: str = "table.csv") -> Json:
    """The columns a and b of a table of the tests, and a label."""
    source = node("source", "csv", path=file, label=label, features=["a", "b"])
    stages = stages or (
        node("shuffle", "shuffle", buffer_size=100),
        node("batch", "batch", batch_size=16),
    )
    return data(source, *stages)


def model(*layers: Json, shape: tuple[int, ...] = (8, 8), dtype: str | None = None) -> Json:
    """A row of layers behind an input x; the last is the output."""
    params = {"shape": list(shape)} | ({"dtype": dtype} if dtype else {})
    nodes = [node("x", "Input", **params), *layers]
    return {"nodes": nodes, "edges": row(nodes), "outputs": [nodes[-1]["id"]]}


def project(data: Json | None, model: Json, loss: Call | None = None, **training: Any) -> Json:
    """A whole project; a loss and `metrics` are those of the model's one output."""
    (output,) = model["outputs"]
    metrics = training.pop("metrics", None)
    told: Json = {"epochs": 10, "optimizer": call("optimizers", "Adam"), **training}
    told |= {"losses": {output: loss}} if loss else {}
    told |= {"metrics": {output: metrics}} if metrics else {}
    value = {"studio": 1, "name": "advice", "data": data, "model": model, "training": told}
    return {key: part for key, part in value.items() if part is not None}


def dense(id: str, units: int, activation: str | None = None, **params: Any) -> Json:
    """A Dense layer."""
    more = {"activation": activation} if activation else {}
    return node(id, "Dense", units=units, **more, **params)


def conv(id: str = "conv", filters: int = 8, kernel_size: int = 3, **params: Any) -> Json:
    """A Conv2D layer."""
    return node(id, "Conv2D", filters=filters, kernel_size=kernel_size, **params)


FLAT = node("flat", "Flatten")
SPARSE = call("losses", "SparseCategoricalCrossentropy")
SPARSE_LOGITS = call("losses", "SparseCategoricalCrossentropy", from_logits=True)
ONE_HOT = call("losses", "CategoricalCrossentropy")
BINARY = call("losses", "BinaryCrossentropy")
BINARY_LOGITS = call("losses", "BinaryCrossentropy", from_logits=True)
MSE = call("losses", "MeanSquaredError")
HOT = node("hot", "map_one_hot", depth=10)


def classes(
    *layers: Json, last: Json | None = None, loss: Call = SPARSE_LOGITS, **training: Any
) -> Json:
    """The digits through some layers into ten scores."""
    chain = model(FLAT, *layers, last or dense("digit", 10))
    source = digits(HOT) if "Sparse" not in loss["op"] else digits()
    return project(source, chain, loss, **training)


def pictures(
    *layers: Json, shape: tuple[int, ...] = (8, 8, 1), last: Json | None = None, **training: Any
) -> Json:
    """Layers over pictures, without data, with the mean and ten scores behind them."""
    last = last or dense("digit", 10)
    chain = model(*layers, node("mean", "GlobalAveragePooling2D"), last, shape=shape)
    return project(None, chain, SPARSE_LOGITS, **training)


def measure(*layers: Json, label: str = "y", last: Json | None = None, **training: Any) -> Json:
    """Two columns through some layers into a measure from -3 to 6."""
    chain = model(*layers, last or dense("answer", 1), shape=(2,))
    return project(table(label), chain, training.pop("loss", MSE), **training)


def yes_or_no(last: Json | None = None, label: str = "yes", **training: Any) -> Json:
    """Two columns into a yes or no."""
    chain = model(dense("hidden", 4, "relu"), last or dense("answer", 1, "sigmoid"), shape=(2,))
    return project(table(label), chain, training.pop("loss", BINARY), **training)


def write_files(folder: Path) -> None:
    """The tables that the projects read."""
    rows = ["a,b,y,yes,kind,signed,grams"]
    for i in range(200):
        kind, mass = i * 7 % 4, 3000 + i
        rows.append(
            f"{i / 200},{1 - i / 200},{i % 10 - 3}.5,{i * 3 % 2},{kind},{i % 2 * 2 - 1},{mass}"
        )
    (folder / "table.csv").write_text("\n".join(rows))
    (folder / "other.csv").write_text("\n".join(rows))
    rows = ["a,b,kind,yes", *(f"{i / 100},0.5,{i // 50},{i % 2}" for i in range(200))]
    (folder / "sorted.csv").write_text("\n".join(rows))
    names = [f"pixel_{i}_{j}" for i in range(4) for j in range(4)]
    rows = [",".join([*names, "kind"])]
    rows += [
        ",".join(map(str, [*((i * 31 + j * 17) % 256 for j in range(16)), i % 2]))
        for i in range(60)
    ]
    (folder / "pixels.csv").write_text("\n".join(rows))
    rows = ["text,yes", *(f"word number {i},{i % 2}" for i in range(100))]
    (folder / "texts.csv").write_text("\n".join(rows))
    rows = ["a,yes", *(f"{i if i % 9 else ''},{i % 2}" for i in range(100))]
    (folder / "gaps.csv").write_text("\n".join(rows))


def callback(name: str, /, **params: Any) -> Call:
    """A callback."""
    return call("callbacks", name, **params)


def watched(*callbacks: Call, validation: bool = True, **training: Any) -> Json:
    """Digits with callbacks, and an accuracy called accuracy."""
    accuracy = call("metrics", "SparseCategoricalAccuracy", name="accuracy")
    value = classes(metrics=[accuracy], callbacks=list(callbacks), **training)
    if not validation:
        del value["data"]["outputs"]["validation"]
        value["data"]["nodes"] = [n for n in value["data"]["nodes"] if n["id"] != "held_out"]
        value["data"]["edges"] = [e for e in value["data"]["edges"] if e[1] != "held_out"]
    return value
