"""Projects with names of every length: wherever one stands, lines are broken as ruff does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from .cases import DENSE, LABELLED, NAMED, Case, X, of_data, of_model
from .projects import (
    Json,
    call,
    chain,
    complete,
    csv,
    mapped,
    model_graph,
    node,
    split_graph,
    stage,
    training,
)

LENGTHS = range(1, 101, 3)


def _csv(folder: Path, name: str, header: list[str], rows: list[str]) -> str:
    """Writes a file with such a header; returns its path."""
    path = folder / "wide" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join([",".join(header), *rows, ""]), encoding="utf-8")
    return f"wide/{name}"


NUMBERS = ["1,2,3,0", "2,3,4,1", "4,5,6,0"]
REALS = ["1,2,3,0.5", "2,3,4,1.5", "4,5,6,2.5"]
TEXTS = ["1,2,3,a", "2,3,4,b", "4,5,6,a"]
GAPS = ["1,2,3,0", "2,,4,1", "4,5,6,0"]


def _columns(rows: list[str], **params: object) -> Callable[[int], Case]:
    """Four columns, the last of them the label; $ in the parameters stands for a long name."""

    def of(length: int) -> Case:
        def made(folder: Path) -> Json:
            header = [letter * length for letter in "abcd"]
            path = _csv(folder, f"{length}_{sum(map(ord, ''.join(rows)))}.csv", header, rows)
            return complete(chain(csv(path, **_named(params, length))), folder)

        return made

    return of


def _named(value: object, length: int) -> object:
    """The value with each $x replaced by a name of x's."""
    if isinstance(value, str) and value.startswith("$"):
        return value[1:] * length
    if isinstance(value, list):
        return [_named(item, length) for item in value]
    if isinstance(value, dict):
        return {_named(key, length): _named(item, length) for key, item in value.items()}
    return value


def _path(length: int) -> Case:
    def made(folder: Path) -> Json:
        path = _csv(folder, "p" * length, ["a", "y"], ["1,0", "2,1"])
        return complete(chain(csv(path, label="y")), folder)

    return made


def _grid(axes: int) -> Callable[[int], Case]:
    def of(length: int) -> Case:
        def made(folder: Path) -> Json:
            tail = "_0" * (axes - 1)
            header = [f"{'g' * length}{tail}_{i}" for i in range(2)]
            path = _csv(folder, f"grid_{axes}_{length}.csv", [*header, "y"], ["1,2,0", "2,3,1"])
            return complete(chain(csv(path, label="y")), folder)

        return made

    return of


def _split(length: int) -> Case:
    parts = {"validation": 0.25, "test": 0.25}
    return of_data(split_graph(LABELLED, stage("s" * length, "split", **parts)))


def _shared(length: int) -> Case:
    name, again = "a" * length, "b" * length
    nodes = [node(name, DENSE, units=2), {"id": again, "shares": name}, node("d", DENSE, units=1)]
    return of_model(nodes, [["x", name], [name, again], [again, "d"]], "d")


def _states(length: int) -> Case:
    reshaped = node("r", "keras.layers.Reshape", target_shape=[2, 1])
    lstm = node("l" * length, "keras.layers.LSTM", units=3, return_state=True)
    ends = [f"{lstm['id']}.{state}" for state in ("output", "state_h", "state_c")]
    nodes = [reshaped, lstm, node("sum", "keras.layers.Add"), node("d", DENSE, units=1)]
    edges = [["x", "r"], ["r", lstm["id"]], *([end, "sum"] for end in ends), ["sum", "d"]]
    return of_model(nodes, edges, "d")


def _chained(length: int) -> Case:
    first, last = "h" * length, "d" * length
    nodes = [node(first, DENSE, units=2, activation="relu"), node(last, DENSE, units=1)]
    return of_model(nodes, [["x", first], [first, last]], last)


def _merged(length: int) -> Case:
    one, two, both = ("a" * length, "b" * length, "c" * length)
    nodes = [
        node(one, DENSE, units=3),
        node(two, "keras.layers.ReLU"),
        node(both, "keras.layers.Concatenate"),
        node("d", DENSE, units=1),
    ]
    edges = [["x", one], ["x", two], [one, both], [two, both], [both, "d"]]
    return of_model(nodes, edges, "d")


def _outputs(length: int) -> Case:
    def made(folder: Path) -> Json:
        one, two = "a" * length, "b" * length
        labels = {one: [0, 1], two: [1, 1]}
        nodes = [
            LABELLED,
            stage("z", "zip"),
            mapped("m", "arrange", features={"x": [0, 0]}, labels=labels),
            stage("b", "batch", batch_size=4),
        ]
        edges = [["rows", "z"], ["rows", "z"], ["z", "m"], ["m", "b"]]
        heads = [node(one, DENSE, units=1), node(two, DENSE, units=1)]
        return {
            "studio": 1,
            "data": {"nodes": nodes, "edges": edges, "outputs": {"train": "b"}},
            "model": model_graph([X, *heads], [["x", one], ["x", two]], one, two),
            "training": training(one, two, loss_weights={one: 0.5, two: 1}),
        }

    return made


def _stages(length: int) -> Case:
    a, b, c = "a" * length, "b" * length, "c" * length
    stages = [
        mapped(a, "rescale", scale=0.5),
        stage(b, "shuffle", buffer_size=9, seed=1),
        stage(c, "cache"),
    ]
    return of_data(chain({**LABELLED, "id": "r" * length}, *stages))


def _batched(length: int) -> Case:
    return of_data(chain(LABELLED, stage("b" * length, "batch", batch_size=2), batch=None))


def _rescaled(length: int) -> Case:
    digits = float("0." + "123456789" * 2) / 10 ** (length % 20)
    return of_data(chain(NAMED, mapped("s" * length, "rescale", scale=digits, offset=-digits)))


def _logged(length: int) -> Case:
    callbacks = [call("keras.callbacks.CSVLogger", filename="f" * length)]
    metrics = {"answer": [call("keras.metrics.MeanSquaredError", name="m" * length)]}
    given = training("answer", callbacks=callbacks, metrics=metrics)
    return of_data(chain(LABELLED), training=given, name="n" * length)


WIDE: dict[str, Callable[[int], Case]] = {
    "the path of a file": _path,
    "columns in a list": _columns(NUMBERS, features=["$a", "$b"], label="$d"),
    "one column of numbers": _columns(NUMBERS, features="$a", label="$d"),
    "one column with gaps": _columns(GAPS, features="$b", label="$d", missing="keep"),
    "columns with gaps": _columns(GAPS, features=["$a", "$b"], label="$d", missing="keep"),
    "columns with gaps dropped": _columns(GAPS, features=["$a", "$b"], label="$d", missing="drop"),
    "named columns": _columns(NUMBERS, features={"$a": "$a", "b": ["$b", "$c"]}, label="$d"),
    "named columns with gaps": _columns(
        GAPS, features={"$a": "$a", "b": ["$b", "$c"]}, label="$d", missing="keep"
    ),
    "a label of real numbers": _columns(REALS, features=["$a"], label="$d"),
    "a label of texts": _columns(TEXTS, features=["$a", "$b"], label="$d"),
    "columns numbered on one axis": _grid(1),
    "columns numbered on two axes": _grid(2),
    "columns numbered on four axes": _grid(4),
    "columns numbered on eight axes": _grid(8),
    "a split": _split,
    "data stages": _stages,
    "the last data stage": _batched,
    "long numbers": _rescaled,
    "layers in a chain": _chained,
    "layers that are merged": _merged,
    "a shared layer": _shared,
    "a layer with states": _states,
    "two outputs": _outputs,
    "texts in the training": _logged,
}


def wide() -> Iterator[tuple[str, int, Case]]:
    """Every family of names at every length."""
    for family, of in WIDE.items():
        for length in LENGTHS:
            yield family, length, of(length)
